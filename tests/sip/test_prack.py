"""Provisional answers that arrive: PRACK and 100rel (RFC 3262)."""

import pytest
from tests.sip.test_agent_calls import ANSWER, CALL, EARLY, OFFER, World
from tests.sip.test_agent_strangers import PHONE, agent, answers, invited, message, statuses

from mixminus.sip.contract import Answered, Ended, Ending, Invitation, Progressed, Reoffered, Transmit, Transport
from mixminus.sip.messages.answers import response_to
from mixminus.sip.messages.message import Request, Response, parse

WANTS = ("INVITE", "Supported: 100rel")
NEEDS = ("INVITE", "Require: 100rel")


def early(world: World) -> World:
    """A call that hears early media."""
    world.dial()
    world.run(1)
    world.callee.agent.progress(world.callee.dialog, EARLY, world.now)
    return world


@pytest.mark.parametrize("transport", list(Transport))
def test_early_media_is_confirmed_before_the_call_is_answered(transport: Transport) -> None:
    world = early(World(transport))
    world.callee.agent.answer(world.callee.dialog, ANSWER, world.now)
    world.run(1)
    assert world.wire == ["INVITE", "100", "183", "PRACK", "200", "200", "ACK"]
    assert world.caller.events == [Progressed(CALL, 183, EARLY), Answered(CALL, ANSWER)]
    numbers = [m.cseq.number for m in world.messages if isinstance(m, Request)]
    assert numbers == [1, 2, 1]
    world.caller.agent.hang_up(CALL, world.now)
    world.run(60)
    assert world.messages[-2].cseq.number == 3  # goes on where the PRACK was
    assert world.is_clean()


def test_rfc3262_3_an_unconfirmed_183_is_repeated_and_then_the_call_refused() -> None:
    world = World()
    world.fate = lambda data: not data.startswith(b"PRACK")
    early(world)
    world.run(33)
    assert world.wire.count("183") == 7  # at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s
    assert world.callee.told(Ended) == [Ended(world.callee.dialog, Ending.NO_ACK)]
    assert world.wire[-2:] == ["504", "ACK"]
    assert [event for event in world.caller.events if isinstance(event, Progressed)] == [Progressed(CALL, 183, EARLY)]
    world.run(60)
    assert world.is_clean()


@pytest.mark.parametrize("lost", [b"PRACK", b"SIP/2.0 183", b"SIP/2.0 200"])
def test_what_is_lost_once_is_made_good(lost: bytes) -> None:
    world = World()
    fates = iter([False])
    world.fate = lambda data: next(fates, True) if data.startswith(lost) else True
    early(world)
    world.callee.agent.answer(world.callee.dialog, ANSWER, world.now)
    world.run(10)
    assert world.caller.events == [Progressed(CALL, 183, EARLY), Answered(CALL, ANSWER)]


def test_a_caller_that_cancels_while_its_prack_is_awaited_hears_487() -> None:
    world = World()
    world.fate = lambda data: not data.startswith(b"PRACK")
    early(world)
    world.callee.agent.answer(world.callee.dialog, ANSWER, world.now)
    world.run(1)
    world.caller.agent.hang_up(CALL, world.now)
    world.run(100)
    assert "487" in world.wire
    assert world.callee.told(Ended) == [Ended(world.callee.dialog, Ending.CANCELLED)]
    assert world.is_clean()


def test_a_ringing_tone_is_reliable_only_where_that_is_required() -> None:
    for words, reliable in ((WANTS, False), (NEEDS, True)):
        sip = agent()
        dialog = invited(sip, message(*words, body="v=0")).dialog
        sip.ring(dialog, 0.0)
        ringing = last(sip)
        assert (ringing.get("Require") == "100rel") is reliable
        assert (ringing.get("RSeq") is not None) is reliable


def last(sip: object) -> Response:
    found = None
    while (output := sip.poll()) is not None:  # type: ignore[attr-defined]
        found = output if isinstance(output, Transmit) else found
    assert found is not None
    response = parse(found.data)
    assert isinstance(response, Response)
    return response


def test_the_next_reliable_answer_waits_for_the_prack_of_the_one_before() -> None:
    sip = agent()
    dialog = invited(sip, message(*NEEDS, body="v=0")).dialog
    sip.ring(dialog, 0.0)
    ringing = last(sip)
    sip.progress(dialog, EARLY, 0.0)
    assert sip.poll() is None
    to, rseq = ringing.get("To") or "", int(ringing.get("RSeq") or 0)
    wrong = message("PRACK", f"RAck: {rseq + 1} 1 INVITE", branch="z9hG4bKp1", To=to, CSeq="2 PRACK")
    assert statuses(sip, wrong) == [481]
    right = message("PRACK", f"RAck: {rseq} 1 INVITE", branch="z9hG4bKp2", To=to, CSeq="3 PRACK")
    answered = answers(sip, right)
    assert [response.status for response in answered] == [183, 200]
    assert answered[0].get("RSeq") == str(rseq + 1)


def test_without_an_offer_nothing_reliable_comes_before_the_200() -> None:
    for words, heard in ((WANTS, [180, 183]), (NEEDS, [])):
        sip = agent()
        dialog = invited(sip, message(*words)).dialog
        sip.ring(dialog, 0.0)
        sip.progress(dialog, EARLY, 0.0)
        found = []
        while isinstance(output := sip.poll(), Transmit):
            response = parse(output.data)
            assert isinstance(response, Response)
            found.append((response.status, response.body, response.get("RSeq")))
        assert found == [(status, b"", None) for status in heard]


def test_a_prack_that_our_200_overtook_is_answered() -> None:
    sip = agent()
    dialog = invited(sip, message(*NEEDS, body="v=0")).dialog
    sip.ring(dialog, 0.0)
    ringing = last(sip)
    sip.answer(dialog, ANSWER, 0.0)
    assert last(sip).status == 200
    prack = message("PRACK", f"RAck: {ringing.get('RSeq')} 1 INVITE", branch="z9hG4bKp", CSeq="2 PRACK")
    assert statuses(sip, prack.replace(b"<sip:+15005550006@127.0.0.1>", (ringing.get("To") or "").encode())) == [200]


def test_rfc3262_4_a_caller_takes_reliable_answers_in_order_and_once() -> None:
    sip = agent()
    sip.invite(Invitation(CALL, "sip:x@127.0.0.1", PHONE, "sip:a@h", "", OFFER), 0.0)
    first = sip.poll()
    assert isinstance(first, Transmit)
    invite = parse(first.data)
    assert isinstance(invite, Request)
    heard: list[tuple[str, str]] = []
    for status, rseq in ((180, 7), (180, 7), (183, 9), (183, 8), (183, "x")):
        headers = [("Require", "100rel"), ("RSeq", str(rseq)), ("Contact", "<sip:x@127.0.0.1:5070>")]
        sip.receive(bytes(response_to(invite, status, to_tag="t", headers=headers)), PHONE, 0.0)
        while (output := sip.poll()) is not None:
            name = parse(output.data).get("RAck") or "" if isinstance(output, Transmit) else str(output.status)  # type: ignore[union-attr]
            heard.append((str(rseq), name))
    assert heard == [("7", "7 1 INVITE"), ("7", "180"), ("8", "8 1 INVITE"), ("8", "183")]


# --- offers before the answer (RFC 3311 5, RFC 3262 5) -------------------------------------------------------------

OTHER, REPLY = b"v=0 other", b"v=0 reply"


def by_hand(world: World, method: str, cseq: int, *extra: tuple[str, str], body: bytes = b"") -> None:
    """A request of the caller in its early dialog."""
    rang = next(m for m in world.messages if isinstance(m, Response) and m.status == 183)
    via = ("Via", f"SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bKh{cseq}")
    parties = (("From", rang.get("From") or ""), ("To", rang.get("To") or ""), ("Call-ID", rang.call_id))
    request = Request((via, *parties, ("CSeq", f"{cseq} {method}"), *extra), body, method, "sip:a@10.0.0.2")
    world.callee.agent.receive(bytes(request), world.caller.address, world.now)
    world.run(0.005)


def last_answer(world: World) -> tuple[int, bytes]:
    answer = next(m for m in reversed(world.messages) if isinstance(m, Response))
    return answer.status, answer.body


def test_who_rings_may_move_and_change_its_media() -> None:
    world = early(World())
    world.run(1)
    world.caller.agent.receive(by_the_callee(world, "UPDATE", 1, b""), world.callee.address, world.now)
    world.run(0.005)
    assert last_answer(world) == (200, b"")
    world.caller.agent.receive(by_the_callee(world, "UPDATE", 2, OTHER), world.callee.address, world.now)
    world.caller.agent.receive(by_the_callee(world, "UPDATE", 3, OTHER), world.callee.address, world.now)
    world.run(0.005)
    assert last_answer(world) == (500, b"")  # one after another
    assert world.caller.told(Reoffered) == [Reoffered(CALL, OTHER)]
    world.caller.agent.accept_reoffer(CALL, REPLY, world.now)
    world.run(0.005)
    assert last_answer(world) == (200, REPLY)


def test_rfc3311_5_2_no_offer_of_the_callee_s_before_it_answered_ours_reliably() -> None:
    world = World()
    world.rewrite = lambda data: data.replace(b", 100rel", b"")
    early(world)
    world.run(1)
    world.caller.agent.receive(by_the_callee(world, "UPDATE", 1, OTHER), world.callee.address, world.now)
    world.run(0.005)
    assert last_answer(world) == (491, b"")
    assert world.caller.told(Reoffered) == []


def test_an_offer_that_is_not_answered_when_the_call_is_gets_its_refusal() -> None:
    world = early(World())
    world.run(1)
    world.caller.agent.receive(by_the_callee(world, "UPDATE", 1, OTHER), world.callee.address, world.now)
    world.callee.agent.answer(world.callee.dialog, ANSWER, world.now)
    world.run(1)
    refusal = next(m for m in world.messages if isinstance(m, Response) and m.cseq.method == "UPDATE")
    assert refusal.status == 487
    world.caller.agent.hang_up(CALL, world.now)
    world.run(60)
    assert world.is_clean()


def test_a_caller_may_change_its_media_while_it_hears_early_media() -> None:
    world = early(World())
    world.run(1)
    by_hand(world, "UPDATE", 10, body=OTHER)
    assert world.callee.told(Reoffered) == [Reoffered(world.callee.dialog, OTHER)]
    by_hand(world, "UPDATE", 11, body=OTHER)
    assert last_answer(world) == (500, b"")
    world.callee.agent.accept_reoffer(world.callee.dialog, REPLY, world.now)
    world.run(0.005)
    assert last_answer(world) == (200, REPLY)
    by_hand(world, "UPDATE", 12, body=OTHER)
    world.callee.agent.refuse_reoffer(world.callee.dialog, 488, world.now)
    world.run(0.005)
    assert last_answer(world) == (488, b"")
    world.callee.agent.answer(world.callee.dialog, ANSWER, world.now)
    world.run(1)
    assert world.caller.events[-1] == Answered(CALL, ANSWER)


def test_rfc3311_5_2_a_caller_waits_for_our_answer_before_its_next_offer() -> None:
    world = World()
    world.fate = lambda data: not data.startswith(b"PRACK")
    early(world)
    world.run(0.3)
    by_hand(world, "UPDATE", 10, body=OTHER)
    assert last_answer(world)[0] == 500


def test_rfc3262_5_a_prack_may_bring_the_next_offer() -> None:
    world = World()
    world.fate = lambda data: not data.startswith(b"PRACK")
    early(world)
    world.run(0.3)
    rang = next(m for m in world.messages if isinstance(m, Response) and m.status == 183)
    by_hand(world, "PRACK", 10, ("RAck", f"{rang.get('RSeq')} 1 INVITE"), body=OTHER)
    assert world.callee.told(Reoffered) == [Reoffered(world.callee.dialog, OTHER)]
    world.callee.agent.accept_reoffer(world.callee.dialog, REPLY, world.now)
    world.run(0.005)
    assert last_answer(world) == (200, REPLY)


def test_a_call_that_rings_cannot_be_sent_elsewhere() -> None:
    world = early(World())
    world.run(1)
    by_hand(world, "REFER", 10, ("Refer-To", "<sip:carol@10.0.0.3>"))
    assert last_answer(world)[0] == 603


def by_the_callee(world: World, method: str, cseq: int, body: bytes) -> bytes:
    rang = next(m for m in world.messages if isinstance(m, Response) and m.status == 183)
    via = ("Via", f"SIP/2.0/UDP 10.0.0.2:5060;rport;branch=z9hG4bK{cseq}")
    parties = (("From", rang.get("To") or ""), ("To", rang.get("From") or ""), ("Call-ID", rang.call_id))
    return bytes(Request((via, *parties, ("CSeq", f"{cseq} {method}")), body, method, "sip:a@10.0.0.1"))
