"""Bindings come, are refreshed, expire and go."""

import pytest

from mixminus.sip.contract import Address, Transport
from mixminus.sip.message import Request, parse
from mixminus.sip.registrar import MAX_BINDINGS, MAX_EXPIRES_S, RegisterRefused, Registrar

SOURCE = Address(Transport.UDP, "203.0.113.9", 40_000)


def register(*headers: str, cseq: int = 1, call_id: str = "c1") -> Request:
    lines = [
        "REGISTER sip:example.com SIP/2.0",
        "Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1",
        "From: <sip:alice@example.com>;tag=1",
        "To: <sip:alice@example.com>",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} REGISTER",
        *headers,
    ]
    message = parse("\r\n".join([*lines, "", ""]).encode())
    assert isinstance(message, Request)
    return message


def uris(registrar: Registrar, now: float) -> list[str]:
    return [binding.uri for binding in registrar.contacts("alice", now)]


def test_a_binding_says_where_the_phone_claims_to_be_and_where_it_is() -> None:
    registrar = Registrar()
    [binding] = registrar.register("alice", register("Contact: <sip:alice@10.0.0.9>", "Expires: 300"), SOURCE, 0.0)
    assert (binding.uri, binding.source, binding.expires_at) == ("sip:alice@10.0.0.9", SOURCE, 300.0)
    assert registrar.contacts("bob", 0.0) == ()


def test_a_binding_expires() -> None:
    registrar = Registrar()
    registrar.register("alice", register("Contact: <sip:a@h>;expires=60"), SOURCE, 0.0)
    assert uris(registrar, 59.9) == ["sip:a@h"]
    assert uris(registrar, 60.0) == []


def test_several_phones_of_one_user_are_ordered_by_preference() -> None:
    registrar = Registrar()
    contacts = 'Contact: "desk, second" <sip:a@desk>;q=0.5, <sip:a@cell;transport=tcp>;q=0.9, <sip:a@soft>;q=x'
    registrar.register("alice", register(contacts), SOURCE, 0.0)
    assert uris(registrar, 1.0) == ["sip:a@soft", "sip:a@cell;transport=tcp", "sip:a@desk"]


def test_a_refresh_replaces_and_a_zero_removes_one_binding() -> None:
    registrar = Registrar()
    registrar.register("alice", register("Contact: <sip:a@one>, <sip:a@two>"), SOURCE, 0.0)
    registrar.register("alice", register("Contact: <sip:a@one>;expires=100", cseq=2), SOURCE, 50.0)
    assert {b.uri: b.expires_at for b in registrar.contacts("alice", 51.0)} == {"sip:a@one": 150, "sip:a@two": 3600}
    registrar.register("alice", register("Contact: <sip:a@two>;expires=0", cseq=3), SOURCE, 60.0)
    assert uris(registrar, 61.0) == ["sip:a@one"]


def test_one_phone_on_two_transports_has_two_bindings() -> None:
    registrar = Registrar()
    registrar.register("alice", register("Contact: <sip:a@one>, <sip:a@one;transport=tcp>"), SOURCE, 0.0)
    registrar.register("alice", register("Contact: <sip:a@ONE;ob>", cseq=2), SOURCE, 0.0)
    assert uris(registrar, 1.0) == ["sip:a@one;transport=tcp", "sip:a@ONE;ob"]


def test_a_star_removes_everything() -> None:
    registrar = Registrar()
    registrar.register("alice", register("Contact: <sip:a@one>, <sip:a@two>"), SOURCE, 0.0)
    registrar.register("alice", register("Contact: *", "Expires: 0", cseq=2), SOURCE, 1.0)
    assert uris(registrar, 1.0) == []


def test_a_register_without_contacts_asks_for_the_bindings() -> None:
    registrar = Registrar()
    registrar.register("alice", register("Contact: <sip:a@one>"), SOURCE, 0.0)
    assert len(registrar.register("alice", register(cseq=2), SOURCE, 1.0)) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["Contact: *"], 400),
        (["Contact: *, <sip:a@h>", "Expires: 0"], 400),
        (["Contact: <sip:>"], 400),
        (["Contact: <sip:a@new>, <nonsense>"], 400),
        (["Contact: <sip:a@new>;expires=10"], 423),
        (["Contact: <sip:a@new>, <sip:a@one>"], 500),
    ],
)
def test_rfc3261_10_3_a_register_that_is_refused_changes_nothing(headers: list[str], status: int) -> None:
    registrar = Registrar()
    registrar.register("alice", register("Contact: <sip:a@one>", cseq=5), SOURCE, 0.0)
    with pytest.raises(RegisterRefused) as refused:
        registrar.register("alice", register(*headers, cseq=4), SOURCE, 1.0)
    assert refused.value.status == status
    assert uris(registrar, 1.0) == ["sip:a@one"]


def test_a_phone_that_restarted_may_count_from_the_beginning() -> None:
    registrar = Registrar()
    registrar.register("alice", register("Contact: <sip:a@one>", cseq=500), SOURCE, 0.0)
    registrar.register("alice", register("Contact: <sip:a@one>", cseq=1, call_id="c2"), SOURCE, 1.0)


def test_no_binding_lives_longer_than_we_allow_and_no_user_has_too_many() -> None:
    registrar = Registrar()
    contacts = ", ".join(f"<sip:a@h{i}>;expires=4294967295" for i in range(MAX_BINDINGS + 5))
    bindings = registrar.register("alice", register(f"Contact: {contacts}"), SOURCE, 0.0)
    assert len(bindings) == MAX_BINDINGS
    assert {binding.expires_at for binding in bindings} == {MAX_EXPIRES_S}


@pytest.mark.parametrize(
    ("contact", "transport", "left"),
    [
        ("sip:a@203.0.113.9:5070;transport=tcp", Transport.TCP, Address(Transport.TCP, "203.0.113.9", 5070)),
        ("sip:a@203.0.113.9:5071;transport=tls", Transport.TLS, Address(Transport.TLS, "203.0.113.9", 5071)),
        ("sip:a@10.0.0.9:5070;transport=tcp", Transport.TCP, None),
        ("sip:a@203.0.113.9:5070", Transport.TCP, None),
        ("sip:a@x7.invalid;transport=ws", Transport.WSS, None),
        ("sip:a@203.0.113.9;transport=ws", Transport.WS, None),
        ("tel:+15005550006", Transport.TCP, None),
    ],
    ids=[
        "it listens",
        "over TLS",
        "behind a NAT",
        "UDP only",
        "a browser",
        "a browser with an address",
        "no address",
    ],
)
def test_who_registered_by_a_connection_that_is_gone_is_at_its_contact_or_nowhere(
    contact: str, transport: Transport, left: Address | None
) -> None:
    registrar = Registrar()
    source = Address(transport, "203.0.113.9", 40_000)
    registrar.register("alice", register(f"Contact: <{contact}>"), source, 0.0)
    registrar.register("bob", register("Contact: <sip:b@h>"), Address(transport, "203.0.113.9", 40_001), 0.0)
    registrar.connection_lost(source)
    assert [binding.source for binding in registrar.contacts("alice", 1.0)] == ([left] if left else [])
    assert len(registrar.contacts("bob", 1.0)) == 1
