"""What an agent answers to messages that belong to no call of its own, written as raw text."""

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import (
    Address,
    Answered,
    Credentials,
    DialogKey,
    Invitation,
    Invited,
    SipEvent,
    Transmit,
    Transport,
)
from mixminus.sip.messages.message import MalformedMessage, Request, Response, parse
from mixminus.sip.settings import SipSettings
from mixminus.sip.trust.digest import answer_challenge

PHONE = Address(Transport.UDP, "127.0.0.1", 5070)
STRANGER = Address(Transport.UDP, "203.0.113.9", 5070)
OPEN = SipSettings(open_to_loopback=True, users={"alice": "secret"})


def agent(sip: SipSettings = OPEN) -> SipAgent:
    return SipAgent(sip, random.Random(7).randbytes)


def message(method: str = "INVITE", *extra: str, branch: str = "z9hG4bK1", body: str = "", **changed: str) -> bytes:
    """A request with sane headers; keywords change them, an empty one takes the header away."""
    headers = {
        "Via": f"SIP/2.0/UDP 127.0.0.1:5070;branch={branch};rport",
        "Max-Forwards": "70",
        "From": '"Bob" <sip:bob@127.0.0.1>;tag=b1',
        "To": "<sip:+15005550006@127.0.0.1>",
        "Call-ID": "c1@phone",
        "CSeq": f"1 {method}",
        "Contact": "<sip:bob@127.0.0.1:5070>",
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items() if name != "uri"}
    lines = [f"{method} {changed.get('uri', 'sip:+15005550006@127.0.0.1')} SIP/2.0"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value] + list(extra)
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()


def outputs(sip: SipAgent) -> Iterable[Transmit | SipEvent]:
    while (output := sip.poll()) is not None:
        yield output


def answers(sip: SipAgent, data: bytes, source: Address = PHONE, now: float = 0.0) -> list[Response]:
    sip.receive(data, source, now)
    parsed = [parse(output.data) for output in outputs(sip) if isinstance(output, Transmit)]
    return [response for response in parsed if isinstance(response, Response)]


def statuses(sip: SipAgent, data: bytes, source: Address = PHONE, now: float = 0.0) -> list[int]:
    return [response.status for response in answers(sip, data, source, now)]


def invited(sip: SipAgent, data: bytes, source: Address = PHONE) -> Invited:
    sip.receive(data, source, 0.0)
    return next(output for output in outputs(sip) if isinstance(output, Invited))


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (message("OPTIONS"), 200),
        (message("PUBLISH"), 405),
        (message("OPTIONS", Max_Forwards="0"), 200),
        (message(Max_Forwards="lots"), 400),
        (message("INVITE", "Require: precondition, timer"), 420),
        (message(uri="http://example.com"), 416),
        (message(uri="sip:"), 400),
        (message(To="<sip:x@127.0.0.1>;tag=unknown"), 481),
        (message("BYE"), 481),
        (message("PRACK"), 481),
        (message("UPDATE"), 481),
        (message("CANCEL"), 481),
        (message(From="<sip:bob@127.0.0.1>"), 400),
        (message(CSeq="1 BYE"), 400),
        (message("INVITE", "Call-ID: another"), 400),
        (message(Contact=""), 400),
        (message("INVITE", "Content-Type: text/plain", body="hello"), 415),
        (message().replace(b" SIP/2.0\r\n", b" SIP/3.0\r\n", 1), 505),
        (message(body="v=0").replace(b"Content-Length: 3", b"Content-Length: 99"), 400),
        (message("REGISTER"), 401),
    ],
)
def test_a_request_gets_the_status_that_rfc3261_wants(data: bytes, status: int) -> None:
    assert statuses(agent(), data) == [status]


@pytest.mark.parametrize("data", [message(Call_ID=""), message(CSeq="x INVITE"), message(To='"x <sip:a@b>')])
def test_a_request_that_lacks_what_an_answer_repeats_is_refused_with_what_there_is(data: bytes) -> None:
    """RFC 4475 3.3.1."""
    sip = agent()
    sip.receive(data, PHONE, 0.0)
    (answer,) = outputs(sip)
    assert isinstance(answer, Transmit)
    assert answer.data.startswith(b"SIP/2.0 400 Bad Request\r\nVia: ")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 8,
        b"hello\r\n\r\n",
        message(Via=""),
        message("ACK", To="<sip:x@127.0.0.1>;tag=unknown"),
        message(Via="SIP/2.0/UDP 127.0.0.1:99999;branch=z9hG4bK1"),
        message().replace(b"Bob", b"B\xffb"),
        message().replace(b"Bob", b"B\nb"),
    ],
)
def test_what_cannot_be_answered_is_dropped(data: bytes) -> None:
    sip = agent()
    sip.receive(data, PHONE, 0.0)
    assert list(outputs(sip)) == []
    assert sip.open_transactions == 0


def test_options_and_405_say_what_is_allowed() -> None:
    assert "INVITE" in (answers(agent(), message("OPTIONS"))[0].get("Allow") or "")
    assert "BYE" in (answers(agent(), message("PUBLISH"))[0].get("Allow") or "")


def test_420_names_what_is_not_supported() -> None:
    assert answers(agent(), message("INVITE", "Require: 100rel, recipients"))[0].get("Unsupported") == "recipients"


def test_a_ping_gets_a_pong() -> None:
    sip = agent()
    sip.receive(b"\r\n\r\n", PHONE, 0.0)
    assert list(outputs(sip)) == [Transmit(b"\r\n", PHONE)]


# --- where answers go --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("via", "port", "noted"),
    [
        ("SIP/2.0/UDP 10.9.9.9:5099;branch=z9hG4bK1;rport", 5070, ";received=127.0.0.1;rport=5070"),
        ("SIP/2.0/UDP 10.9.9.9:5099;branch=z9hG4bK1", 5099, ";received=127.0.0.1"),
        ("SIP/2.0/UDP 10.9.9.9;branch=z9hG4bK1", 5060, ";received=127.0.0.1"),
        ("SIP/2.0/UDP 127.0.0.1:5099;branch=z9hG4bK1", 5099, ""),
    ],
)
def test_rfc3261_18_2_2_answers_go_to_the_source_host_and_the_port_of_via(via: str, port: int, noted: str) -> None:
    sip = agent()
    sip.receive(message("OPTIONS", Via=via), PHONE, 0.0)
    [output] = outputs(sip)
    assert isinstance(output, Transmit)
    assert output.to == Address(Transport.UDP, "127.0.0.1", port)
    assert (parse(output.data).get("Via") or "").endswith(f"branch=z9hG4bK1{noted}")


def test_every_via_and_record_route_comes_back_as_it_was_written() -> None:
    sip = agent()
    routes = (
        "Record-Route: <sip:p2.example;lr;x=a%20b>, <sip:p1.example;lr=on>",
        "Via: SIP/2.0/UDP far;branch=z9hG4bK0",
    )
    call = invited(sip, message("INVITE", *routes))
    sip.answer(call.dialog, b"v=0", 0.0)
    ok = next(
        parse(output.data) for output in outputs(sip) if isinstance(output, Transmit) and b" 200 " in output.data
    )
    assert ok.all("Record-Route") == ["<sip:p2.example;lr;x=a%20b>", "<sip:p1.example;lr=on>"]
    assert len(ok.all("Via")) == 2
    assert ok.get("Contact") == "<sip:127.0.0.1:5060>"


def test_later_requests_follow_the_route_set() -> None:
    sip = agent()
    call = invited(sip, message("INVITE", "Record-Route: <sip:198.51.100.1:5080;lr>"))
    sip.answer(call.dialog, b"v=0", 0.0)
    tag = next(parse(o.data).to.tag for o in outputs(sip) if isinstance(o, Transmit) and b" 200 " in o.data)
    sip.receive(message("ACK", branch="z9hG4bKack", To=f"<sip:x@127.0.0.1>;tag={tag}"), PHONE, 0.0)
    sip.hang_up(call.dialog, 0.0)
    bye = next(output for output in outputs(sip) if isinstance(output, Transmit))
    request = parse(bye.data)
    assert isinstance(request, Request)
    assert bye.to == Address(Transport.UDP, "198.51.100.1", 5080)
    assert (request.method, request.uri) == ("BYE", "sip:bob@127.0.0.1:5070")
    assert request.get("Route") == "<sip:198.51.100.1:5080;lr>"


# --- repetitions -------------------------------------------------------------------------------------------------


def test_a_repeated_invite_gets_the_same_answer_and_rings_nobody_twice() -> None:
    sip = agent()
    call = invited(sip, message())
    sip.ring(call.dialog, 0.0)
    list(outputs(sip))
    assert statuses(sip, message(), now=0.5) == [180]
    sip.refuse(call.dialog, 486, 0.6)
    list(outputs(sip))
    assert statuses(sip, message(), now=0.7) == [486]
    sip.receive(message("ACK"), PHONE, 0.8)
    assert statuses(sip, message(), now=0.9) == []


def test_rfc3261_8_2_2_2_the_same_invite_on_another_path_is_a_loop() -> None:
    sip = agent()
    invited(sip, message())
    assert statuses(sip, message(branch="z9hG4bK2")) == [482]


def test_an_invite_of_rfc2543_without_cookie_and_tag_is_matched_too() -> None:
    sip = agent()
    old = {"branch": "1", "From": "<sip:bob@127.0.0.1>"}
    call = invited(sip, message(**old))
    sip.refuse(call.dialog, 486, 0.0)
    first = [parse(o.data) for o in outputs(sip) if isinstance(o, Transmit)][-1]
    sip.receive(message("ACK", **(old | {"To": first.get("To") or "", "CSeq": "1 ACK"})), PHONE, 0.1)
    assert statuses(sip, message(**old), now=0.2) == []


def test_rfc3261_8_2_7_a_repeated_refusal_carries_the_same_tag() -> None:
    sip = agent()
    tags = {answers(sip, message(), STRANGER)[0].to.tag for _ in range(3)}
    assert len(tags) == 1
    assert None not in tags


# --- who may call in ---------------------------------------------------------------------------------------------


def test_on_loopback_everybody_may_call_in() -> None:
    assert invited(agent(), message()).called == "+15005550006"


def test_a_trunk_may_call_in() -> None:
    assert invited(agent(SipSettings(trusted_hosts=frozenset({"203.0.113.9"}))), message(), STRANGER)


@pytest.mark.parametrize(
    ("network", "may"),
    [("203.0.113.0/24", True), ("203.0.113.9/32", True), ("203.0.113.16/28", False), ("2001:db8::/32", False)],
)
def test_a_trunk_may_call_in_from_its_network(network: str, may: bool) -> None:
    sip = agent(SipSettings(users={"alice": "secret"}, trusted_networks=(network,)))
    if may:
        assert invited(sip, message(), STRANGER)
    else:
        assert answers(sip, message(), STRANGER)[0].status == 401


def test_a_stranger_is_challenged_with_the_strong_hash_first() -> None:
    [response] = answers(agent(), message(), STRANGER)
    algorithms = [line.split("algorithm=")[1].split(",")[0] for line in response.lines("WWW-Authenticate")]
    assert (response.status, algorithms) == (401, ["SHA-256", "MD5"])


def test_a_node_for_old_phones_challenges_with_md5_alone() -> None:
    [response] = answers(agent(replace(OPEN, digest_algorithms=("MD5",))), message(), STRANGER)
    [challenge] = response.lines("WWW-Authenticate")
    assert "algorithm=MD5" in challenge


def test_where_nobody_has_a_password_a_stranger_is_refused_and_counted() -> None:
    sip = agent(SipSettings())
    assert statuses(sip, message(), PHONE) == [403]
    assert (sip.counters.refused, sip.open_transactions, sip.open_calls) == (1, 0, 0)


def test_a_stranger_that_does_not_stop_is_ignored_for_a_while_and_others_are_not() -> None:
    sip = agent(SipSettings())
    refused = sum(len(statuses(sip, message(branch=f"z9hG4bK{i}"), STRANGER, now=i / 1000)) for i in range(1000))
    assert refused == 21  # twenty, and one that a second of silence buys
    assert sip.counters.ignored == 979
    assert statuses(sip, message(), PHONE, now=1.0) == [403]
    assert statuses(sip, message(), STRANGER, now=30.0) == []
    assert statuses(sip, message(), STRANGER, now=62.0) == [403]
    assert sip.open_transactions == 0


def test_a_phone_on_open_loopback_is_never_ignored() -> None:
    sip = agent()
    assert all(statuses(sip, message("BYE", branch=f"z9hG4bK{i}")) == [481] for i in range(100))


def test_the_number_is_the_user_part_unescaped() -> None:
    assert (
        invited(agent(), message(uri="sip:%2B15005550006;phone-context=x@127.0.0.1;user=phone")).called
        == "+15005550006"
    )
    assert invited(agent(), message(uri="sip:*98#@my_host")).called == "*98#"
    assert invited(agent(), message(uri="tel:+1-500-555-0006")).called == "+15005550006"


def test_a_delayed_offer_is_no_offer() -> None:
    assert invited(agent(), message()).offer is None


# --- registration ------------------------------------------------------------------------------------------------


def registered(sip: SipAgent, user: str, password: str, *extra: str, cseq: int = 1, to: str = "alice") -> Response:
    """REGISTER from afar, be challenged, answer the challenge."""
    to_header = {"To": f"<sip:{to}@127.0.0.1>", "uri": "sip:127.0.0.1"}

    def ask(number: int, *lines: str) -> Response:
        branch, number_line = f"z9hG4bKr{number}", f"{number} REGISTER"
        [response] = answers(
            sip, message("REGISTER", *extra, *lines, branch=branch, CSeq=number_line, **to_header), STRANGER
        )
        return response

    challenges = ask(cseq).lines("WWW-Authenticate")
    answer = answer_challenge(challenges, Credentials(user, password), "REGISTER", "sip:127.0.0.1", "cnonce")
    return ask(cseq + 1, f"Authorization: {answer}")


def test_a_user_registers_from_anywhere_and_can_be_found() -> None:
    sip = agent()
    response = registered(sip, "alice", "secret", "Expires: 600")
    assert (response.status, response.all("Contact")) == (200, ["<sip:bob@127.0.0.1:5070>;expires=600"])
    [binding] = sip.contacts("alice", 1.0)
    assert (binding.uri, binding.source) == ("sip:bob@127.0.0.1:5070", STRANGER)
    assert sip.contacts("alice", 601.0) == ()


def test_a_user_registers_nobody_else_and_needs_its_password() -> None:
    sip = agent()
    assert registered(sip, "alice", "secret", to="bob").status == 403
    assert registered(sip, "alice", "guess").status == 403
    assert registered(sip, "mallory", "").status == 403
    assert sip.contacts("alice", 0.0) == sip.contacts("bob", 0.0) == ()


def test_a_hash_that_was_not_offered_is_not_taken() -> None:
    sip = agent(replace(OPEN, digest_algorithms=("MD5",)))
    challenges = answers(sip, message("REGISTER", branch="z9hG4bKx"), STRANGER)[0].lines("WWW-Authenticate")
    sip.reconfigure(replace(OPEN, digest_algorithms=("SHA-256",)))
    answer = answer_challenge(challenges, Credentials("alice", "secret"), "REGISTER", "sip:127.0.0.1", "c")
    again = message("REGISTER", f"Authorization: {answer}", branch="z9hG4bKy", uri="sip:127.0.0.1")
    assert statuses(sip, again, STRANGER) == [403]


def test_423_says_how_brief_is_too_brief() -> None:
    response = registered(agent(), "alice", "secret", "Expires: 5")
    assert (response.status, response.get("Min-Expires")) == (423, "60")


# --- forks -------------------------------------------------------------------------------------------------------


def test_rfc3261_13_2_2_4_a_second_fork_that_answers_is_acknowledged_and_hung_up() -> None:
    sip = agent()
    key = DialogKey("k")
    sip.invite(Invitation(key, "sip:x@127.0.0.1:5070", PHONE, "sip:a@b", "", b"v=0"), 0.0)
    invite = next(parse(o.data) for o in outputs(sip) if isinstance(o, Transmit))

    def ok(tag: str, contact: str) -> bytes:
        kept = [line for line in invite.headers if line[0] in ("Via", "From", "Call-ID", "CSeq")]
        lines = [*kept, ("To", f"{invite.get('To')};tag={tag}"), ("Contact", f"<{contact}>")]
        return bytes(Response(tuple(lines), b"v=0", 200, "OK"))

    def asked(data: bytes) -> list[tuple[str, str]]:
        sip.receive(data, PHONE, 1.0)
        sent = [parse(o.data) for o in outputs(sip) if isinstance(o, Transmit)]
        return [(m.method, m.uri) for m in sent if isinstance(m, Request)]

    sip.receive(ok("one", "sip:one@127.0.0.1:5071"), PHONE, 1.0)
    ack, answered = outputs(sip)
    assert isinstance(ack, Transmit)
    assert answered == Answered(key, b"v=0")
    assert asked(ok("two", "sip:two@127.0.0.1:5072")) == [
        ("ACK", "sip:two@127.0.0.1:5072"),
        ("BYE", "sip:two@127.0.0.1:5072"),
    ]
    assert asked(ok("one", "sip:one@127.0.0.1:5071")) == [("ACK", "sip:one@127.0.0.1:5071")]
    assert asked(ok("two", "sip:two@127.0.0.1:5072")) == [("ACK", "sip:two@127.0.0.1:5072")]


# --- hostile bytes -----------------------------------------------------------------------------------------------

SEEDS = [
    message("INVITE", "Content-Type: application/sdp", body="v=0"),
    message("REGISTER", 'Authorization: Digest username="alice", realm="mixminus", nonce="a.b", qop=auth, nc=1'),
    message("CANCEL"),
    message("ACK"),
    message("OPTIONS", "Require: x", "Route: <sip:a;lr>, <sip:b;lr>"),
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n"
    b"Call-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n",
]


def is_sip(data: bytes) -> None:
    """What we send can be read; an answer 400 may lack what the request lacked."""
    try:
        parse(data)
    except MalformedMessage:
        assert data.startswith(b"SIP/2.0 400 Bad Request\r\nVia: ")


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 600), st.binary(max_size=4)), max_size=6))
def test_damaged_messages_never_raise_and_answers_are_sip(seed: bytes, damage: list[tuple[int, bytes]]) -> None:
    data = bytearray(seed)
    for at, junk in damage:
        data[at : at + len(junk)] = junk
    sip = agent()
    for source in (PHONE, STRANGER):
        sip.receive(bytes(data), source, 0.0)
    for output in outputs(sip):
        if isinstance(output, Transmit):
            is_sip(output.data)
        elif isinstance(output, Invited):
            sip.answer(output.dialog, b"v=0", 1.0)
            sip.hang_up(output.dialog, 1.0)
    for now in range(2, 200):
        sip.handle_timeout(float(now))
    assert sip.deadline() is None


@given(st.binary(max_size=300))
def test_arbitrary_datagrams_are_dropped(data: bytes) -> None:
    sip = agent()
    sip.receive(data, STRANGER, 0.0)
    assert sip.open_transactions == 0
