"""Calls of many hours: session timers (RFC 4028), in virtual time."""

import itertools
import re
from collections.abc import Callable

import pytest
from tests.sip.test_agent_calls import ANSWER, CALL, OFFER, World
from tests.sip.test_agent_strangers import agent, answers, invited, message, outputs

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import (
    Address,
    Ended,
    Ending,
    Invitation,
    Renegotiated,
    Reoffered,
    SipEvent,
    Transmit,
    Transport,
)
from mixminus.sip.messages.answers import response_to
from mixminus.sip.messages.message import Request, Response, parse
from mixminus.sip.messages.session_expires import (
    IntervalTooBrief,
    SessionExpires,
    Terms,
    agreed_by_client,
    agreed_by_server,
    answer_headers,
)

HOUR = 3600.0


def invite(*headers: str) -> Request:
    parsed = parse(message("INVITE", *headers))
    assert isinstance(parsed, Request)
    return parsed


def response(*headers: str) -> Response:
    return response_to(invite(), 200, headers=[tuple(line.split(": ", 1)) for line in headers])  # type: ignore[misc]


# --- what is agreed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "terms"),
    [
        ((), None),
        (("Session-Expires: 1800",), Terms(1800, we_refresh=True)),
        (("Session-Expires: 1800;refresher=uac",), Terms(1800, we_refresh=True)),
        (("Supported: timer",), Terms(1800, we_refresh=True)),
        (("Supported: timer", "Session-Expires: 1200"), Terms(1200, we_refresh=True)),
        (("Supported: timer", "Session-Expires: 1200;refresher=uac"), Terms(1200, we_refresh=False)),
        (("Require: timer", "x: 1200 ; Refresher=UAS"), Terms(1200, we_refresh=True)),
        (("Supported: timer", "Session-Expires: 7200"), Terms(1800, we_refresh=True)),
        (("Supported: timer", "Session-Expires: 7200", "Min-SE: 3600"), Terms(3600, we_refresh=True)),
        (("Supported: timer", "Min-SE: 3600"), Terms(3600, we_refresh=True)),
        (("Supported: timer", "Session-Expires: soon"), Terms(1800, we_refresh=True)),
        (("Session-Expires: 30",), None),
    ],
)
def test_rfc4028_9_table_2_says_who_refreshes(headers: tuple[str, ...], terms: Terms | None) -> None:
    assert agreed_by_server(invite(*headers), 1800) == terms


def test_a_node_that_asks_for_nothing_takes_what_others_ask_for() -> None:
    assert agreed_by_server(invite("Supported: timer"), 0) is None
    assert agreed_by_server(invite("Supported: timer", "Session-Expires: 600"), 0) == Terms(600, we_refresh=True)


def test_an_interval_that_is_too_brief_is_refused() -> None:
    with pytest.raises(IntervalTooBrief):
        agreed_by_server(invite("Supported: timer", "Session-Expires: 89"), 1800)


def test_only_a_caller_that_has_to_refresh_is_required_to_know_how() -> None:
    assert answer_headers(None) == ()
    assert answer_headers(Terms(90, we_refresh=True)) == (("Session-Expires", "90;refresher=uas"),)
    ours = (("Session-Expires", "90;refresher=uac"), ("Require", "timer"))
    assert answer_headers(Terms(90, we_refresh=False)) == ours


@pytest.mark.parametrize(
    ("header", "terms"),
    [
        ("Subject: none", None),
        ("Session-Expires: 600;refresher=uac", Terms(600, we_refresh=True)),
        ("Session-Expires: 600;refresher=uas", Terms(600, we_refresh=False)),
        ("Session-Expires: 600", Terms(600, we_refresh=True)),
        ("Session-Expires: 1;refresher=uac", Terms(90, we_refresh=True)),
        ("Session-Expires: 4294967295;refresher=uac", Terms(86_400, we_refresh=True)),
    ],
)
def test_a_caller_does_what_the_answer_says(header: str, terms: Terms | None) -> None:
    assert agreed_by_client(response(header)) == terms


@pytest.mark.parametrize("value", ["1800", "1800;refresher=uac", "90;refresher=uas"])
def test_the_header_is_written_as_it_is_read(value: str) -> None:
    assert str(SessionExpires.of(response(f"Session-Expires: {value}"))) == value


# --- calls --------------------------------------------------------------------------------------------------------


def without(*words: str) -> Callable[[bytes], bytes]:
    """A proxy, or a phone, that does not know these."""

    def rewrite(data: bytes) -> bytes:
        for word in words:
            data = re.sub(word.encode(), b"", data)
        return data

    return rewrite


NO_UPDATE = ", UPDATE"
NO_TIMER = r"Supported: .*\r\n|Session-Expires: .*\r\n|Min-SE: .*\r\n"


def accepting(world: World) -> None:
    """Both owners take whatever is offered."""
    for party in (world.caller, world.callee):

        def react(event: SipEvent, now: float, party: object = party, before: object = party.react) -> None:
            before(event, now)  # type: ignore[operator]
            if isinstance(event, Reoffered):
                party.agent.accept_reoffer(event.dialog, ANSWER, now)  # type: ignore[attr-defined]

        party.react = react


def endings(world: World) -> list[SipEvent]:
    return world.caller.told(Ended) + world.callee.told(Ended)


@pytest.mark.parametrize("transport", list(Transport))
def test_a_call_of_four_hours_is_refreshed_every_quarter_of_an_hour(transport: Transport) -> None:
    world = World(transport).answered()
    before = len(world.wire)
    world.run(4 * HOUR)
    assert world.wire[before:] == ["UPDATE", "200"] * 16
    assert endings(world) == []
    world.caller.agent.hang_up(CALL, world.now)
    world.run(60)
    assert world.is_clean()


def test_four_hours_with_a_peer_that_knows_no_update_take_reinvites_that_change_nothing() -> None:
    world = World()
    world.rewrite = without(NO_UPDATE)
    world.answered()
    accepting(world)
    before = len(world.messages)
    world.run(4 * HOUR)
    sent = [m for m in world.messages[before:] if isinstance(m, Request)]
    assert [m.method for m in sent] == ["INVITE", "ACK"] * 16
    assert {m.body for m in sent} == {ANSWER, b""}  # the callee's own description, which had been an answer
    assert len(world.caller.told(Reoffered)) == 16
    # Its first answer was the caller's offer; what comes now is new, once.
    assert world.callee.told(Renegotiated) == [Renegotiated(world.callee.dialog, ANSWER)]
    assert endings(world) == []


def test_a_peer_without_timers_is_asked_whether_it_is_there() -> None:
    world = World()
    world.rewrite = without(NO_TIMER)
    world.answered()
    before = len(world.wire)
    world.run(1 * HOUR)
    assert sorted(world.wire[before:]) == ["200"] * 8 + ["OPTIONS"] * 8  # each side asks
    assert endings(world) == []


@pytest.mark.parametrize("rewrite", [without(), without(NO_UPDATE), without(NO_TIMER)])
def test_a_peer_that_died_is_noticed_after_half_of_the_interval(rewrite: Callable[[bytes], bytes]) -> None:
    world = World()
    world.rewrite = rewrite
    world.answered()
    accepting(world)
    world.fate = lambda data: False
    world.run(900 + 32 + 1)
    assert world.callee.told(Ended) == [Ended(world.callee.dialog, Ending.LOST)]
    world.run(1800)
    assert [type(event) for event in world.caller.told(Ended)] == [Ended]
    world.run(60)
    assert world.is_clean()


def test_a_peer_that_takes_a_refresh_and_dies_over_it_is_noticed_and_forgotten() -> None:
    world = World()
    world.rewrite = without(NO_UPDATE)
    world.answered()
    world.run(900)  # nobody answers the re-INVITE, but it has been taken
    world.fate = lambda data: False
    world.run(32 + 1)
    assert world.callee.told(Ended) == [Ended(world.callee.dialog, Ending.LOST)]
    world.run(1000)
    assert world.callee.agent.open_transactions == 0


def test_who_waits_for_a_refresh_gives_up_shortly_before_the_session_is_over() -> None:
    world = World().answered()
    world.fate = lambda data: False
    world.run(1800 - 32 - 2)
    assert world.caller.told(Ended) == []
    world.run(2)
    assert world.caller.told(Ended) == [Ended(CALL, Ending.EXPIRED)]


def test_a_refresh_that_meets_481_ends_the_call_with_a_bye() -> None:
    world = World().answered()
    world.fate = lambda data: not data.startswith(b"UPDATE")
    world.run(900)
    update = next(m for m in reversed(world.messages) if isinstance(m, Request))
    world.fate = lambda data: True
    world.callee.agent.receive(bytes(response_to(update, 481)), world.caller.address, world.now)
    world.run(1)
    assert world.callee.told(Ended) == [Ended(world.callee.dialog, Ending.LOST)]
    assert world.caller.told(Ended) == [Ended(CALL, Ending.BYE)]


def test_a_refresh_that_is_refused_for_the_moment_is_tried_again() -> None:
    world = World()
    world.rewrite = without(NO_UPDATE)
    world.answered()
    refusals = iter([488, 500, 606])

    def react(event: SipEvent, now: float) -> None:
        if isinstance(event, Reoffered) and (status := next(refusals, None)):
            world.caller.agent.refuse_reoffer(event.dialog, status, now)
        elif isinstance(event, Reoffered):
            world.caller.agent.accept_reoffer(event.dialog, ANSWER, now)

    world.caller.react = react
    world.run(1 * HOUR)
    assert endings(world) == []
    assert len(world.caller.told(Reoffered)) == 3 + 3


def test_rfc3261_14_1_after_a_collision_who_was_called_comes_back_within_two_seconds() -> None:
    world = World()
    world.rewrite = without(NO_UPDATE)
    world.answered()
    met: list[float] = []

    def react(event: SipEvent, now: float) -> None:
        if isinstance(event, Reoffered):
            met.append(now)
            world.caller.agent.refuse_reoffer(event.dialog, 491, now)

    world.caller.react = react
    world.run(930)
    waits = [after - before for before, after in itertools.pairwise(met)]
    assert len(waits) > 10
    assert 0 <= min(waits) < max(waits) <= 2.1


def test_rfc3261_14_1_after_a_collision_who_called_waits_for_longer() -> None:
    world = World()
    # Who says `uac` in the INVITE refreshes, and nobody knows UPDATE.
    world.rewrite = lambda data: without(NO_UPDATE)(data).replace(
        b"Session-Expires: 1800\r", b"x: 1800;refresher=uac\r"
    )
    world.answered()
    met: list[float] = []

    def react(event: SipEvent, now: float) -> None:
        if isinstance(event, Reoffered):
            met.append(now)
            world.callee.agent.refuse_reoffer(event.dialog, 491, now)

    world.callee.react = react
    world.run(930)
    waits = [after - before for before, after in itertools.pairwise(met)]
    assert len(waits) > 5
    assert 2.1 <= min(waits) < max(waits) <= 4.1


def test_while_an_offer_of_ours_is_out_another_is_refused_with_491() -> None:
    world = World()
    world.rewrite = without(NO_UPDATE)
    world.answered()
    world.run(900)  # our re-INVITE has arrived, and its owner thinks about it
    assert world.caller.told(Reoffered)
    invite_again = world.messages[0]
    assert isinstance(invite_again, Request)
    ok = next(m for m in world.messages if isinstance(m, Response) and m.status == 200)
    lines = [line for line in invite_again.headers if line[0] not in ("Via", "To", "CSeq")]
    via = ("Via", "SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bKglare")
    headers = (via, *lines, ("To", ok.get("To") or ""), ("CSeq", "7 INVITE"))
    world.callee.agent.receive(bytes(Request(headers, OFFER, "INVITE", "sip:x")), world.caller.address, world.now)
    world.run(0.05)
    assert world.wire[-1] == "491"


# --- 422 ----------------------------------------------------------------------------------------------------------


def test_a_call_with_too_brief_an_interval_gets_422_and_what_would_do() -> None:
    sip = agent()
    (refusal,) = answers(sip, message("INVITE", "Supported: timer", "Session-Expires: 60"))
    assert (refusal.status, refusal.get("Min-SE")) == (422, "90")
    assert sip.open_calls == sip.open_transactions == 0


def test_a_caller_that_meets_422_asks_for_more_once() -> None:
    sip = agent()
    far = Address(Transport.UDP, "192.0.2.1", 5060)
    sip.invite(Invitation(CALL, "sip:x@192.0.2.1", far, "sip:a@h", "", OFFER), 0.0)
    first = sent(sip)
    assert (first.get("Session-Expires"), first.get("Min-SE")) == ("1800", "90")
    sip.receive(bytes(response_to(first, 422, to_tag="x", headers=[("Min-SE", "3600")])), far, 0.0)
    second = sent(sip)
    assert (second.get("Session-Expires"), second.get("Min-SE")) == ("3600", "3600")
    assert (second.call_id, second.cseq.number) == (first.call_id, first.cseq.number + 1)
    sip.receive(bytes(response_to(second, 422, to_tag="x", headers=[("Min-SE", "3600")])), far, 0.0)
    assert [type(output).__name__ for output in outputs(sip)] == ["Transmit", "Refused"]


def sent(sip: SipAgent) -> Request:
    """The last request that left."""
    found = [parse(output.data) for output in outputs(sip) if isinstance(output, Transmit)]
    last = found[-1]
    assert isinstance(last, Request)
    return last


def test_a_refresh_that_meets_422_is_repeated_with_a_longer_interval() -> None:
    world = World().answered()
    world.fate = lambda data: not data.startswith(b"UPDATE")
    world.run(900)
    update = next(m for m in reversed(world.messages) if isinstance(m, Request))
    refusal = response_to(update, 422, headers=[("Min-SE", "5000")])
    world.callee.agent.receive(bytes(refusal), world.caller.address, world.now)
    world.run(0.1)
    again = next(m for m in reversed(world.messages) if isinstance(m, Request))
    assert (again.get("Session-Expires"), again.get("Min-SE")) == ("5000;refresher=uac", "5000")


# --- UPDATE (RFC 3311) --------------------------------------------------------------------------------------------


def in_dialog(world: World, method: str, cseq: int, body: bytes = b"", *more: tuple[str, str]) -> bytes:
    """A request by the caller, inside the call that is up or rings."""
    first = next(m for m in world.messages if isinstance(m, Request) and m.method == "INVITE")
    to = next(m.get("To") or "" for m in world.messages if isinstance(m, Response) and m.to.tag)
    kept = [line for line in first.headers if line[0] in ("Max-Forwards", "From", "Call-ID")]
    via = ("Via", f"SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bK{method}{cseq}")
    contact = ("Contact", "<sip:moved@10.0.0.1:5060>")
    lines = (via, *kept, ("To", to), ("CSeq", f"{cseq} {method}"), contact, *more)
    return bytes(Request(lines, body, method, "sip:x@10.0.0.2"))


def test_rfc3311_an_update_with_an_offer_is_answered_without_an_ack() -> None:
    world = World().answered()
    world.callee.agent.receive(in_dialog(world, "UPDATE", 5, OFFER), world.caller.address, world.now)
    world.run(0.1)
    assert world.callee.told(Reoffered) == [Reoffered(world.callee.dialog, OFFER)]
    before = len(world.messages)
    world.callee.agent.accept_reoffer(world.callee.dialog, ANSWER, world.now)
    world.run(30)
    (ok,) = world.messages[before:]
    assert (ok.body, ok.cseq.method) == (ANSWER, "UPDATE")
    world.callee.agent.hang_up(world.callee.dialog, world.now)
    world.run(0.1)
    bye = next(m for m in world.messages if isinstance(m, Request) and m.method == "BYE")
    assert bye.uri == "sip:moved@10.0.0.1:5060"


def test_rfc3311_5_2_a_second_update_before_the_first_has_its_answer_comes_too_early() -> None:
    world = World().answered()
    world.callee.agent.receive(in_dialog(world, "UPDATE", 5, OFFER), world.caller.address, world.now)
    world.callee.agent.receive(in_dialog(world, "UPDATE", 6, OFFER), world.caller.address, world.now)
    world.run(0.1)
    assert isinstance(last := world.messages[-1], Response)
    assert (last.status, last.retry_after_s) == (500, 1)


def test_an_update_while_it_rings_may_move_the_caller_but_not_its_media() -> None:
    world = World()
    world.dial()
    world.run(1)
    world.callee.agent.ring(world.callee.dialog, world.now)
    world.run(0.1)
    world.callee.agent.receive(in_dialog(world, "UPDATE", 5), world.caller.address, world.now)
    world.callee.agent.receive(in_dialog(world, "UPDATE", 6, OFFER), world.caller.address, world.now)
    world.run(0.1)
    assert world.wire[-2:] == ["200", "500"]


def test_an_update_with_too_brief_an_interval_changes_nothing() -> None:
    world = World().answered()
    brief = (("Supported", "timer"), ("Session-Expires", "10"))
    world.callee.agent.receive(in_dialog(world, "UPDATE", 5, OFFER, *brief), world.caller.address, world.now)
    world.run(0.1)
    assert world.wire[-1] == "422"
    assert world.callee.told(Reoffered) == []


def test_timer_may_be_required() -> None:
    assert invited(agent(), message("INVITE", "Require: timer")).called == "+15005550006"
