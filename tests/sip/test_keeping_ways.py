"""Ways to phones stay open, and calls whose way broke wait for another: in virtual time."""

import random
from itertools import pairwise

import pytest
from tests.sip.test_agent_strangers import PHONE, STRANGER, answers, message, outputs

from mixminus.base.stun import Attribute, Class, StunMessage
from mixminus.sip.agent import SipAgent
from mixminus.sip.connections.framing import PING, PONG
from mixminus.sip.contract import (
    Address,
    Credentials,
    DialogKey,
    Ended,
    Ending,
    Invited,
    SipEvent,
    Transmit,
    Transport,
)
from mixminus.sip.messages.answers import response_to
from mixminus.sip.messages.message import Request, parse
from mixminus.sip.settings import SipSettings
from mixminus.sip.trust.digest import answer_challenge

NAT = Address(Transport.UDP, "203.0.113.9", 41_234)
BROWSER = Address(Transport.WSS, "203.0.113.9", 50_000)
LATER = Address(Transport.WSS, "203.0.113.9", 50_001)
CONTACT = "<sip:k7@q7.invalid;transport=ws>"
ALICE = Credentials("alice", "secret")


def agent(keepalive_s: float = 25.0, session_expires_s: int = 0) -> SipAgent:
    settings = SipSettings(
        "192.0.2.1", users={"alice": "secret"}, keepalive_s=keepalive_s, session_expires_s=session_expires_s
    )
    return SipAgent(settings, random.Random(7).randbytes)


def proven(sip: SipAgent, method: str, source: Address, number: int, now: float, **changed: str) -> list[SipEvent]:
    """Have a request admitted, digest and all; returns what was told, and eats what was sent."""
    uri = changed.pop("uri", "sip:example.com")
    changed = {"To": "<sip:alice@example.com>", "Call_ID": f"c{number}"} | changed
    asked = message(method, CSeq=f"1 {method}", branch=f"z9hG4bK{number}a", uri=uri, **changed)
    [challenge] = [response for response in answers(sip, asked, source, now) if response.status == 401]
    proof = answer_challenge(challenge.lines("WWW-Authenticate"), ALICE, method, uri, "c0", 1)
    line = f"Authorization: {proof}"
    sip.receive(
        message(method, line, CSeq=f"2 {method}", branch=f"z9hG4bK{number}b", uri=uri, **changed), source, now
    )
    return [output for output in outputs(sip) if not isinstance(output, Transmit)]


def registers(sip: SipAgent, contact: str, source: Address, number: int, now: float, expires: int = 600) -> None:
    proven(sip, "REGISTER", source, number, now, Contact=f"{contact};expires={expires}")


def passes(sip: SipAgent, since: float, until: float) -> list[tuple[float, Request, Address]]:
    """Requests that are sent meanwhile."""
    sent: list[tuple[float, Request, Address]] = []
    while (at := sip.deadline()) is not None and at <= until:
        sip.handle_timeout(at)
        for output in outputs(sip):
            if isinstance(output, Transmit) and isinstance(request := parse(output.data), Request):
                sent.append((at, request, output.to))
                sip.receive(bytes(response_to(request, 200, to_tag="x")), output.to, at)
    return sent


# --- NAT ----------------------------------------------------------------------------------------------------------


def test_a_phone_behind_a_nat_is_asked_for_a_sign_of_life_until_its_registration_is_over() -> None:
    sip = agent()
    registers(sip, "<sip:alice@10.0.0.9:5060>", NAT, 1, 0.0, expires=120)
    sent = passes(sip, 0.0, 4 * 3600)
    assert [at for at, _, _ in sent] == [25.0, 50.0, 75.0, 100.0]
    assert {(request.method, request.uri, to) for _, request, to in sent} == {
        ("OPTIONS", "sip:alice@10.0.0.9:5060", NAT)
    }
    assert sip.deadline() is None


def test_a_phone_that_renews_for_four_hours_is_never_left_for_longer_than_the_interval() -> None:
    sip = agent()
    asked: list[float] = []
    for number in range(48):
        now = number * 300.0
        registers(sip, "<sip:alice@10.0.0.9:5060>", NAT, number, now)
        asked += [now, *(at for at, _, _ in passes(sip, now, now + 299.9))]
    gaps = [after - before for before, after in pairwise(asked)]
    assert max(gaps) <= 25.0
    assert asked[-1] > 4 * 3600 - 60


@pytest.mark.parametrize(
    ("contact", "source", "keepalive_s"),
    [
        ("<sip:alice@203.0.113.9:41234>", NAT, 25.0),
        ("<sip:alice@10.0.0.9:5060;transport=tcp>", Address(Transport.TCP, "203.0.113.9", 41_234), 25.0),
        ("<sip:alice@10.0.0.9:5060>", NAT, 0.0),
    ],
    ids=["no NAT", "a connection", "not wanted"],
)
def test_nobody_else_is_asked(contact: str, source: Address, keepalive_s: float) -> None:
    sip = agent(keepalive_s)
    registers(sip, contact, source, 1, 0.0)
    assert passes(sip, 0.0, 600.0) == []


def test_a_phone_that_moved_is_asked_where_it_is() -> None:
    sip = agent()
    other = Address(Transport.UDP, "198.51.100.7", 40_000)
    registers(sip, "<sip:alice@10.0.0.9:5060>", NAT, 1, 0.0)
    registers(sip, "<sip:alice@10.0.0.9:5060>", other, 2, 10.0)
    assert {(at, to) for at, _, to in passes(sip, 10.0, 60.0)} == {(35.0, other), (60.0, other)}


def test_rfc5626_3_5_2_stun_on_the_port_of_sip_tells_where_a_phone_is_seen() -> None:
    sip = agent()
    sip.receive(StunMessage(Class.REQUEST, b"123456789012").written(), NAT, 0.0)
    [answer] = outputs(sip)
    assert isinstance(answer, Transmit)
    told = StunMessage.parse(answer.data)
    assert (told.kind, told.mapped_address, answer.to) == (Class.SUCCESS, ("203.0.113.9", 41_234), NAT)


@pytest.mark.parametrize(
    ("data", "source"),
    [
        (StunMessage(Class.INDICATION, b"123456789012").written(), NAT),
        (StunMessage(Class.SUCCESS, b"123456789012").written(), NAT),
        (StunMessage(Class.REQUEST, b"123456789012").written(), Address(Transport.TCP, "203.0.113.9", 1)),
    ],
)
def test_other_stun_gets_no_answer(data: bytes, source: Address) -> None:
    sip = agent()
    sip.receive(data, source, 0.0)
    assert (list(outputs(sip)), sip.counters.malformed) == ([], 0)


@pytest.mark.parametrize("data", [b"\x02", b"\x01" * 100, StunMessage(Class.REQUEST, b"123456789012").written()[:-1]])
def test_what_only_begins_like_stun_is_counted_and_dropped(data: bytes) -> None:
    sip = agent()
    sip.receive(data, NAT, 0.0)
    assert (list(outputs(sip)), sip.counters.malformed) == ([], 1)


def test_stun_with_a_demand_that_we_do_not_know_is_told_so() -> None:
    sip = agent()
    request = StunMessage(Class.REQUEST, b"123456789012", ((0x0003, b"\0\0\0\4"),))  # CHANGE-REQUEST of RFC 5780
    sip.receive(request.written(), NAT, 0.0)
    [answer] = outputs(sip)
    assert isinstance(answer, Transmit)
    told = StunMessage.parse(answer.data)
    assert (told.error_code, told.find(Attribute.UNKNOWN_ATTRIBUTES)) == (420, b"\0\3")


@pytest.mark.parametrize("source", [PHONE, STRANGER, BROWSER])
def test_a_ping_gets_its_pong_and_a_pong_nothing(source: Address) -> None:
    sip = agent()
    sip.receive(PING, source, 0.0)
    sip.receive(PONG, source, 0.0)
    assert list(outputs(sip)) == [Transmit(PONG, source)]


# --- connections --------------------------------------------------------------------------------------------------


def talking(sip: SipAgent, source: Address = BROWSER, contact: str = CONTACT) -> tuple[DialogKey, str]:
    """A call that is up, a browser's unless said, and our tag in it."""
    now = 0.0
    [invited] = proven(sip, "INVITE", source, 9, now, Contact=contact, To="<sip:+1@example.com>")
    assert isinstance(invited, Invited)
    sip.answer(invited.dialog, b"v=0", now)
    [ok] = [parse(output.data) for output in outputs(sip) if isinstance(output, Transmit)]
    sip.receive(in_dialog("ACK", ok.to.tag or "", 2), source, now)
    list(outputs(sip))
    return invited.dialog, ok.to.tag or ""


def in_dialog(method: str, tag: str, number: int, *extra: str) -> bytes:
    changed = {"Call_ID": "c9", "To": f"<sip:+1@example.com>;tag={tag}", "Contact": CONTACT}
    return message(method, *extra, CSeq=f"{number} {method}", branch=f"z9hG4bKd{number}{method}", **changed)


def ended(sip: SipAgent, until: float) -> list[tuple[float, SipEvent]]:
    told: list[tuple[float, SipEvent]] = []
    while (at := sip.deadline()) is not None and at <= until:
        sip.handle_timeout(at)
        told += [(at, output) for output in outputs(sip) if isinstance(output, Ended)]
    return told


def test_a_browser_that_does_not_come_back_is_hung_up() -> None:
    sip = agent()
    call, _ = talking(sip)
    sip.connection_lost(BROWSER, 100.0)
    assert ended(sip, 1000.0) == [(220.0, Ended(call, Ending.LOST))]
    assert sip.open_calls == 0
    assert sip.deadline() is None


def test_a_browser_that_registers_again_is_reached_by_its_new_connection() -> None:
    sip = agent()
    call, _ = talking(sip)
    registers(sip, CONTACT, BROWSER, 1, 50.0)
    sip.connection_lost(BROWSER, 100.0)
    assert sip.contacts("alice", 101.0) == ()
    registers(sip, CONTACT, LATER, 2, 110.0)
    assert [binding.source for binding in sip.contacts("alice", 111.0)] == [LATER]
    assert ended(sip, 240.0) == []
    sip.hang_up(call, 240.0)
    [bye] = outputs(sip)
    assert isinstance(bye, Transmit)
    assert (bye.data[:3], bye.to) == (b"BYE", LATER)


def test_a_browser_that_speaks_in_its_call_is_reached_where_it_speaks_from() -> None:
    sip = agent()
    call, tag = talking(sip)
    sip.connection_lost(BROWSER, 100.0)
    sip.receive(in_dialog("UPDATE", tag, 3), LATER, 110.0)
    list(outputs(sip))
    assert ended(sip, 300.0) == []
    sip.hang_up(call, 300.0)
    [bye] = outputs(sip)
    assert isinstance(bye, Transmit)
    assert bye.to == LATER


def test_somebody_else_who_registers_takes_nobodys_call() -> None:
    sip = agent()
    call, _ = talking(sip)
    sip.connection_lost(BROWSER, 100.0)
    registers(sip, "<sip:other@z9.invalid;transport=ws>", LATER, 2, 110.0)
    assert ended(sip, 300.0) == [(220.0, Ended(call, Ending.LOST))]


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_phone_behind_a_nat_whose_connection_broke_is_waited_for(comes_back: bool) -> None:
    first, second = (Address(Transport.TLS, "203.0.113.9", port) for port in (50_000, 50_001))
    contact = "<sip:alice@10.0.0.9:5061;transport=tls>"
    sip = agent()
    call, _ = talking(sip, first, contact)
    sip.connection_lost(first, 100.0)
    if comes_back:
        registers(sip, contact, second, 2, 110.0)
        sip.hang_up(call, 240.0)
        [bye] = outputs(sip)
        assert isinstance(bye, Transmit)
        assert bye.to == second
    else:
        assert ended(sip, 300.0) == [(220.0, Ended(call, Ending.LOST))]


def test_a_phone_that_takes_no_connection_any_more_is_noticed_without_session_timers() -> None:
    """It is asked every half interval; then it is tried for two minutes."""
    phone = Address(Transport.TCP, "203.0.113.9", 50_000)
    there = Address(Transport.TCP, "203.0.113.9", 5070)
    sip = agent(session_expires_s=200)
    call, _ = talking(sip, phone, "<sip:alice@203.0.113.9:5070;transport=tcp>")
    sip.connection_lost(phone, 50.0)
    tried: list[float] = []
    told: list[SipEvent] = []
    while not told and (at := sip.deadline()) is not None:
        sip.handle_timeout(at)
        for output in outputs(sip):
            if isinstance(output, Transmit) and output.to == there:
                tried.append(at)
                sip.connection_lost(there, at)
            elif isinstance(output, Ended):
                told.append(output)
    assert told == [Ended(call, Ending.LOST)]
    assert tried[:13] == [100.0 + 10.0 * number for number in range(13)]
