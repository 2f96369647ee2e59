"""Bindings come, are refreshed, expire and go."""

import itertools
from dataclasses import replace

import pytest

from mixminus.sip.contract import Address, Transport
from mixminus.sip.messages.message import Request, parse
from mixminus.sip.messages.uri import NameAddr, Uri
from mixminus.sip.registrar.contacts import MAX_EXPIRES_S, RegisterRefused
from mixminus.sip.registrar.kept_bindings import read, written
from mixminus.sip.registrar.registrar import MAX_BINDINGS, Binding, Registrar

SOURCE = Address(Transport.UDP, "203.0.113.9", 40_000)


def new_registrar() -> Registrar:
    numbers = itertools.count(1)
    return Registrar(lambda: f"token{next(numbers)}")


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
    registrar = new_registrar()
    [binding] = registrar.register("alice", register("Contact: <sip:alice@10.0.0.9>", "Expires: 300"), SOURCE, 0.0)
    assert (binding.uri, binding.source, binding.expires_at) == ("sip:alice@10.0.0.9", SOURCE, 300.0)
    assert registrar.contacts("bob", 0.0) == ()


def test_a_binding_expires() -> None:
    registrar = new_registrar()
    registrar.register("alice", register("Contact: <sip:a@h>;expires=60"), SOURCE, 0.0)
    assert uris(registrar, 59.9) == ["sip:a@h"]
    assert uris(registrar, 60.0) == []


def test_several_phones_of_one_user_are_ordered_by_preference() -> None:
    registrar = new_registrar()
    contacts = 'Contact: "desk, second" <sip:a@desk>;q=0.5, <sip:a@cell;transport=tcp>;q=0.9, <sip:a@soft>;q=x'
    registrar.register("alice", register(contacts), SOURCE, 0.0)
    assert uris(registrar, 1.0) == ["sip:a@soft", "sip:a@cell;transport=tcp", "sip:a@desk"]


def test_a_refresh_replaces_and_a_zero_removes_one_binding() -> None:
    registrar = new_registrar()
    registrar.register("alice", register("Contact: <sip:a@one>, <sip:a@two>"), SOURCE, 0.0)
    registrar.register("alice", register("Contact: <sip:a@one>;expires=100", cseq=2), SOURCE, 50.0)
    assert {b.uri: b.expires_at for b in registrar.contacts("alice", 51.0)} == {"sip:a@one": 150, "sip:a@two": 3600}
    registrar.register("alice", register("Contact: <sip:a@two>;expires=0", cseq=3), SOURCE, 60.0)
    assert uris(registrar, 61.0) == ["sip:a@one"]


def test_one_phone_on_two_transports_has_two_bindings() -> None:
    registrar = new_registrar()
    registrar.register("alice", register("Contact: <sip:a@one>, <sip:a@one;transport=tcp>"), SOURCE, 0.0)
    registrar.register("alice", register("Contact: <sip:a@ONE;ob>", cseq=2), SOURCE, 0.0)
    assert uris(registrar, 1.0) == ["sip:a@one;transport=tcp", "sip:a@ONE;ob"]


def test_a_star_removes_everything() -> None:
    registrar = new_registrar()
    registrar.register("alice", register("Contact: <sip:a@one>, <sip:a@two>"), SOURCE, 0.0)
    registrar.register("alice", register("Contact: *", "Expires: 0", cseq=2), SOURCE, 1.0)
    assert uris(registrar, 1.0) == []


def test_a_register_without_contacts_asks_for_the_bindings() -> None:
    registrar = new_registrar()
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
    registrar = new_registrar()
    registrar.register("alice", register("Contact: <sip:a@one>", cseq=5), SOURCE, 0.0)
    with pytest.raises(RegisterRefused) as refused:
        registrar.register("alice", register(*headers, cseq=4), SOURCE, 1.0)
    assert refused.value.status == status
    assert uris(registrar, 1.0) == ["sip:a@one"]


def test_a_phone_that_restarted_may_count_from_the_beginning() -> None:
    registrar = new_registrar()
    registrar.register("alice", register("Contact: <sip:a@one>", cseq=500), SOURCE, 0.0)
    registrar.register("alice", register("Contact: <sip:a@one>", cseq=1, call_id="c2"), SOURCE, 1.0)


def test_no_binding_lives_longer_than_we_allow_and_no_user_has_too_many() -> None:
    registrar = new_registrar()
    contacts = ", ".join(f"<sip:a@h{i}>;expires=4294967295" for i in range(MAX_BINDINGS + 5))
    bindings = registrar.register("alice", register(f"Contact: {contacts}"), SOURCE, 0.0)
    assert len(bindings) == MAX_BINDINGS
    assert {binding.expires_at for binding in bindings} == {MAX_EXPIRES_S}


@pytest.mark.parametrize(
    ("where", "transport", "left"),
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
    where: str, transport: Transport, left: Address | None
) -> None:
    registrar = new_registrar()
    source = Address(transport, "203.0.113.9", 40_000)
    registrar.register("alice", register(f"Contact: <{where}>"), source, 0.0)
    registrar.register("bob", register("Contact: <sip:b@h>"), Address(transport, "203.0.113.9", 40_001), 0.0)
    registrar.connection_lost(source)
    assert [binding.source for binding in registrar.contacts("alice", 1.0)] == ([left] if left else [])
    assert len(registrar.contacts("bob", 1.0)) == 1


# --- Path, flows, GRUUs -------------------------------------------------------------------------------------------

UUID = "urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF"
OTHER = "urn:uuid:00000000-0000-1000-8000-000000000001"
OUTBOUND = "Supported: path, outbound, gruu"


def contact(uri: str, instance: str = UUID, reg_id: int | None = 1, more: str = "") -> str:
    return f'Contact: <{uri}>;+sip.instance="<{instance}>"' + (f";reg-id={reg_id}" if reg_id else "") + more


def flow(port: int, transport: Transport = Transport.TCP) -> Address:
    return Address(transport, "203.0.113.9", port)


def flows(registrar: Registrar, now: float = 1.0) -> list[list[tuple[str, int]]]:
    """Of each phone of alice, its Contacts and the ports that they came from."""
    phones = registrar.phones("alice", now)
    return [[(binding.uri, binding.source.port) for binding in phone.flows] for phone in phones]


def shown(registrar: Registrar, request: Request, now: float = 1.0) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in registrar.answer("alice", request, now):
        found.setdefault(name, []).append(value)
    return found


def test_rfc3327_a_path_is_kept_and_repeated() -> None:
    registrar = new_registrar()
    path = ["Path: <sip:edge2.example.com;lr>, <sip:edge1.example.com;lr>", "Path: <sip:10.0.0.1;lr>"]
    request = register("Contact: <sip:a@phone>", *path)
    [binding] = registrar.register("alice", request, SOURCE, 0.0)
    assert binding.path == ("<sip:edge2.example.com;lr>", "<sip:edge1.example.com;lr>", "<sip:10.0.0.1;lr>")
    assert shown(registrar, request)["Path"] == list(binding.path)


@pytest.mark.parametrize("path", ["<sip:edge", "nonsense", "<tel:+15550001>", ", ".join(["<sip:a;lr>"] * 9)])
def test_a_path_that_cannot_be_gone_is_refused(path: str) -> None:
    with pytest.raises(RegisterRefused) as refused:
        new_registrar().register("alice", register("Contact: <sip:a@phone>", f"Path: {path}"), SOURCE, 0.0)
    assert refused.value.status == 400


def test_rfc5626_a_phone_with_two_flows_is_one_phone_and_the_newest_flow_comes_first() -> None:
    registrar = new_registrar()
    registrar.register("alice", register(contact("sip:a@p:1"), OUTBOUND), flow(1), 0.0)
    registrar.register("alice", register(contact("sip:a@p:2", reg_id=2), OUTBOUND, call_id="c2"), flow(2), 1.0)
    registrar.register("alice", register(contact("sip:a@other", OTHER), OUTBOUND, call_id="c3"), flow(3), 2.0)
    assert flows(registrar, 3.0) == [[("sip:a@other", 3)], [("sip:a@p:2", 2), ("sip:a@p:1", 1)]]


def test_rfc5626_a_flow_that_is_registered_again_replaces_itself_whatever_its_contact() -> None:
    registrar = new_registrar()
    registrar.register("alice", register(contact("sip:a@p:1"), OUTBOUND), flow(1), 0.0)
    request = register(contact("sip:a@p:9"), OUTBOUND, call_id="c2")
    registrar.register("alice", request, flow(9), 1.0)
    assert flows(registrar) == [[("sip:a@p:9", 9)]]
    assert shown(registrar, request)["Require"] == ["outbound"]
    assert shown(registrar, request)["Contact"][0].startswith(
        f'<sip:a@p:9>;expires=3600;+sip.instance="<{UUID}>";reg-id=1;pub-gruu='
    )


def test_rfc5626_a_flow_ends_with_its_connection() -> None:
    registrar = new_registrar()
    registrar.register("alice", register(contact("sip:a@p:1"), OUTBOUND), flow(1), 0.0)
    registrar.register("alice", register(contact("sip:a@p:2", reg_id=2), OUTBOUND, call_id="c2"), flow(2), 0.0)
    registrar.connection_lost(flow(2))
    assert flows(registrar) == [[("sip:a@p:1", 1)]]
    behind = register(contact("sip:a@p:3", OTHER), OUTBOUND, "Path: <sip:edge;lr;ob>", call_id="c3")
    registrar.register("alice", behind, flow(4), 0.0)
    registrar.connection_lost(flow(4))  # that was the proxy's connection, which will open another
    assert len(flows(registrar)) == 2


def test_a_reg_id_without_the_option_or_without_an_instance_is_no_flow() -> None:
    registrar = new_registrar()
    [binding] = registrar.register("alice", register(contact("sip:a@p:1")), SOURCE, 0.0)
    assert binding.reg_id is None
    [_, binding] = registrar.register(
        "alice", register("Contact: <sip:a@p:2>;reg-id=1", OUTBOUND, cseq=2), SOURCE, 0.0
    )
    assert binding.reg_id is None


BEHIND = "Via: SIP/2.0/UDP phone;branch=z9hG4bK2"


@pytest.mark.parametrize("path", [(), ("Path: <sip:edge;lr>",), ("Path: <sip:edge;lr;ob>", "Path: <sip:first;lr>")])
def test_rfc5626_6_behind_a_proxy_that_keeps_no_flows_there_are_none(path: tuple[str, ...]) -> None:
    with pytest.raises(RegisterRefused) as refused:
        new_registrar().register("alice", register(contact("sip:a@p:1"), OUTBOUND, BEHIND, *path), SOURCE, 0.0)
    assert refused.value.status == 439


def test_rfc5626_6_a_proxy_that_keeps_flows_may_be_behind_another() -> None:
    path = ("Path: <sip:second;lr>", "Path: <sip:first;lr;ob>")
    [binding] = new_registrar().register(
        "alice", register(contact("sip:a@p:1"), OUTBOUND, BEHIND, *path), SOURCE, 0.0
    )
    assert (binding.reg_id, len(binding.path)) == (1, 2)


def test_two_flows_in_one_register_are_refused() -> None:
    both = register(contact("sip:a@p:1"), contact("sip:a@p:2", reg_id=2), OUTBOUND)
    with pytest.raises(RegisterRefused) as refused:
        new_registrar().register("alice", both, SOURCE, 0.0)
    assert refused.value.status == 400


def gruus(registrar: Registrar, request: Request) -> tuple[str, str]:
    [text] = shown(registrar, request)["Contact"]
    pieces = dict(piece.split("=", 1) for piece in text.split(";") if "gruu=" in piece)
    found = NameAddr.parse(text).parameters
    assert pieces
    return found["pub-gruu"].strip('"'), found["temp-gruu"].strip('"')


def phone_at(registrar: Registrar, uri: str, now: float = 1.0) -> list[Binding]:
    phone = registrar.phone_at(Uri.parse(uri), now)
    return list(phone.flows) if phone is not None else []


def test_rfc5627_both_gruus_lead_to_the_phone_and_an_old_temporary_one_still_does() -> None:
    registrar = new_registrar()
    request = register(contact("sip:a@p:1"), OUTBOUND)
    registrar.register("alice", request, SOURCE, 0.0)
    public, temporary = gruus(registrar, request)
    assert public == f"sip:alice@example.com;gr={UUID}"
    assert "alice" not in temporary
    again = register(contact("sip:a@p:7"), OUTBOUND, cseq=2)
    registrar.register("alice", again, SOURCE, 0.5)
    newer = gruus(registrar, again)[1]
    assert newer != temporary
    for uri in (public, temporary, newer):
        assert [binding.uri for binding in phone_at(registrar, uri)] == ["sip:a@p:7"]
    assert phone_at(registrar, f"sip:alice@example.com;gr={OTHER}") == []
    assert phone_at(registrar, "sip:alice@example.com") == []


def test_rfc5627_temporary_gruus_end_with_the_phone_or_its_restart() -> None:
    registrar = new_registrar()
    request = register(contact("sip:a@p:1"), OUTBOUND)
    registrar.register("alice", request, SOURCE, 0.0)
    public, temporary = gruus(registrar, request)
    restarted = register(contact("sip:a@p:1"), OUTBOUND, call_id="c2")
    registrar.register("alice", restarted, SOURCE, 1.0)
    assert phone_at(registrar, temporary) == []
    assert len(phone_at(registrar, public)) == 1
    temporary = gruus(registrar, restarted)[1]
    assert phone_at(registrar, temporary, 3602.0) == phone_at(registrar, public, 3602.0) == []


def test_a_phone_is_told_its_gruus_when_it_asks_and_nobody_else_is() -> None:
    registrar = new_registrar()
    silent = register(contact("sip:a@p:1"))
    registrar.register("alice", silent, SOURCE, 0.0)
    assert "gruu" not in shown(registrar, silent)["Contact"][0]


def test_temporary_gruus_are_bounded() -> None:
    registrar = new_registrar()
    for number in range(1, 100):
        request = register(contact("sip:a@p:1"), OUTBOUND, cseq=number)
        registrar.register("alice", request, SOURCE, 0.0)
        if number == 1:
            first = gruus(registrar, request)[1]
        last = gruus(registrar, request)[1]
    assert phone_at(registrar, first) == []
    assert len(phone_at(registrar, last)) == 1


# --- restarts -----------------------------------------------------------------------------------------------------


def test_what_is_kept_while_the_node_is_down_is_what_was_registered() -> None:
    before = new_registrar()
    before.register("alice", register(contact("sip:a@p:1", reg_id=2), OUTBOUND, "Path: <sip:e;lr;ob>"), flow(1), 10.0)
    before.register("alice", register("Contact: <sip:a@desk>;q=0.3;expires=60", call_id="c9"), SOURCE, 10.0)
    kept = written(before.contacts("alice", 10.0), ahead_s=1_000.0)
    after = new_registrar()
    restored = after.restore("alice", read(kept, ahead_s=1_005.0), 10.0)  # five seconds later, by the wall clock
    assert [replace(binding, expires_at=binding.expires_at + 5.0) for binding in restored] == list(
        before.contacts("alice", 10.0)
    )
    assert len(after.contacts("alice", 66.0)) == 1


def test_connections_do_not_survive_a_restart() -> None:
    before = new_registrar()
    before.register("alice", register(contact("sip:a@p:1"), OUTBOUND), flow(1), 0.0)
    before.register("alice", register("Contact: <sip:a@10.0.0.9;transport=tcp>", call_id="c2"), flow(2), 0.0)
    before.register("alice", register("Contact: <sip:a@203.0.113.9:99;transport=tcp>", call_id="c3"), flow(3), 0.0)
    after = new_registrar()
    [left] = after.restore("alice", before.contacts("alice", 0.0), 0.0)
    assert left.source == Address(Transport.TCP, "203.0.113.9", 99)
