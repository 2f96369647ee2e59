"""REFER and its NOTIFYs, INVITE with Replaces (RFC 3515, 3891, 3892, 4488, 4538), between two agents."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sip.test_agent_calls import ANSWER, CALL, OFFER, World, reinvite
from tests.sip.test_agent_strangers import agent, answers, message

from mixminus.sip.contract import (
    Answered,
    DialogKey,
    Ended,
    Ending,
    Invitation,
    Invited,
    Progressed,
    ReferAnswered,
    Referred,
    ReferReported,
    Refused,
)
from mixminus.sip.messages.message import Request, Response, parse
from mixminus.sip.messages.refer_to import ReferTo, Unreferable, fragment, status_in
from mixminus.sip.messages.replaces import CannotReplace, DialogName, Replaces

CAROL = "sip:carol@10.0.0.3"


def referred(world: World) -> Referred:
    (event,) = world.callee.told(Referred)
    assert isinstance(event, Referred)
    return event


def accepted(world: World) -> DialogKey:
    """The caller refers the callee to Carol, and the callee's owner is willing."""
    world.caller.agent.refer(CALL, CAROL, world.now)
    world.run(1)
    key = referred(world).referral
    world.callee.agent.accept_referral(key, world.now)
    world.run(1)
    return key


def report(world: World, key: DialogKey, *statuses: int) -> None:
    for status in statuses:
        world.callee.agent.report(key, status, world.now)
    world.run(2)


def reports(world: World) -> list[tuple[int | None, bool]]:
    return [(e.status, e.is_over) for e in world.caller.told(ReferReported) if isinstance(e, ReferReported)]


def notifies(world: World) -> list[Request]:
    return [m for m in world.messages if isinstance(m, Request) and m.method == "NOTIFY"]


def inside(world: World, method: str, cseq: int, *extra: tuple[str, str], body: bytes = b"") -> bytes:
    """A request of the caller in its dialog, written by hand."""
    request = parse(reinvite(world, cseq, body))
    assert isinstance(request, Request)
    lines = [line for line in request.headers if line[0] not in ("CSeq", "Content-Type")]
    return bytes(Request((*lines, ("CSeq", f"{cseq} {method}"), *extra), body, method, request.uri))


def statuses_of(world: World, data: bytes) -> list[int]:
    """What the callee answers."""
    before = len(world.messages)
    world.callee.agent.receive(data, world.caller.address, world.now)
    world.run(0.005)
    return [m.status for m in world.messages[before:] if isinstance(m, Response)]


# --- REFER -------------------------------------------------------------------------------------------------------


def test_rfc3515_2_4_a_referral_is_accepted_and_its_outcome_told() -> None:
    world = World().answered()
    key = accepted(world)
    report(world, key, 180)
    report(world, key, 200)
    assert (referred(world).target, referred(world).dialog) == (CAROL, world.callee.dialog)
    assert referred(world).referred_by == '"Alice" <sip:alice@10.0.0.1>'
    assert world.caller.told(ReferAnswered) == [ReferAnswered(CALL, 202)]
    assert reports(world) == [(100, False), (180, False), (200, True)]
    last = notifies(world)[-1]
    assert (last.get("Event"), last.get("Subscription-State")) == ("refer", "terminated;reason=noresource")
    assert last.get("Content-Type") == "message/sipfrag;version=2.0"
    assert last.body == b"SIP/2.0 200 OK\r\n"
    assert last.contact == "sip:10.0.0.2:5060"
    world.caller.agent.hang_up(CALL, world.now)
    world.run(60)
    assert world.is_clean()


def test_notifies_go_one_after_another_and_the_newest_is_never_left_out() -> None:
    world = World().answered()
    key = accepted(world)
    for status in (180, 181, 183):
        world.callee.agent.report(key, status, world.now)
    world.run(1)
    assert reports(world) == [(100, False), (180, False), (183, False)]


@pytest.mark.parametrize("lost", range(3))
def test_a_bye_waits_until_the_peer_knows_how_its_refer_went(lost: int) -> None:
    """A proxy with several threads would carry it past the NOTIFY, and the peer would never know."""
    world = World().answered()
    notifies_seen = iter(range(100))
    world.fate = lambda data: next(notifies_seen) != lost if data.startswith(b"NOTIFY") else True
    key = accepted(world)
    for status in (180, 200):
        world.callee.agent.report(key, status, world.now)
    world.callee.agent.hang_up(world.callee.dialog, world.now)
    world.run(3)
    assert reports(world) == [(100, False), (180, False), (200, True)]
    assert world.wire[-2:] == ["BYE", "200"]
    assert world.caller.events[-1] == Ended(CALL, Ending.BYE)
    world.run(60)
    assert world.is_clean()


def test_a_bye_waits_no_longer_than_for_a_peer_that_does_not_answer() -> None:
    world = World().answered()
    key = accepted(world)
    world.fate = lambda data: not data.startswith(b"NOTIFY")
    world.callee.agent.report(key, 200, world.now)
    world.callee.agent.hang_up(world.callee.dialog, world.now)
    world.run(31)
    assert "BYE" not in world.wire
    world.run(2)
    assert world.caller.events[-1] == Ended(CALL, Ending.BYE)
    world.run(60)
    assert world.is_clean()


@pytest.mark.parametrize("lost", [b"REFER", b"NOTIFY", b"SIP/2.0 202"])
def test_what_is_lost_once_is_made_good(lost: bytes) -> None:
    world = World().answered()
    fates = iter([False])
    world.fate = lambda data: next(fates, True) if data.startswith(lost) else True
    report(world, accepted(world), 200)
    assert len(world.callee.told(Referred)) == 1
    assert reports(world)[-1] == (200, True)


def test_a_referral_outlives_the_call_in_which_it_was_asked_for() -> None:
    """A phone may hang up once its REFER is accepted (RFC 5589 6.1); it does not know the dialog any more then."""
    world = World().answered()
    key = accepted(world)
    world.caller.agent.hang_up(CALL, world.now)
    world.run(1)
    assert world.callee.events[-1] == Ended(world.callee.dialog, Ending.BYE)
    report(world, key, 200)
    assert world.wire[-2:] == ["NOTIFY", "481"]
    world.run(60)
    assert world.is_clean()


def test_a_refused_referral_changes_nothing() -> None:
    world = World().answered()
    world.caller.agent.refer(CALL, CAROL, world.now)
    world.run(1)
    world.callee.agent.refuse_referral(referred(world).referral, 603, world.now)
    world.run(1)
    assert world.caller.told(ReferAnswered) == [ReferAnswered(CALL, 603)]
    assert notifies(world) == []
    world.caller.agent.refer(CALL, CAROL, world.now)  # it may ask again
    world.run(1)
    assert len(world.callee.told(Referred)) == 2
    assert world.callee.agent.open_calls == 1


def test_rfc4488_4_a_peer_that_wants_no_news_gets_none() -> None:
    world = World().answered()
    world.caller.agent.refer(CALL, CAROL, world.now, {"Refer-Sub": "false"})
    world.run(1)
    world.callee.agent.accept_referral(referred(world).referral, world.now)
    report(world, referred(world).referral, 200)
    ok = next(m for m in world.messages if isinstance(m, Response) and m.status == 202)
    assert ok.get("Refer-Sub") == "false"
    assert notifies(world) == []


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ((), 400),
        ((("Refer-To", f"<{CAROL}>"), ("Refer-To", f"<{CAROL}>")), 400),
        ((("Refer-To", f"<{CAROL}>, <{CAROL}>"),), 400),
        ((("Refer-To", "carol"),), 400),
        ((("Refer-To", "<https://example.com>"),), 416),
        ((("Refer-To", f"<{CAROL};method=BYE>"),), 603),
        ((("Refer-To", f"<{CAROL}?Replaces=nonsense>"),), 400),
        ((("Refer-To", f"<{CAROL}>"), ("Require", "multiple-refer")), 420),
    ],
)
def test_rfc3515_2_4_2_nonsense_is_refused(extra: tuple[tuple[str, str], ...], status: int) -> None:
    world = World().answered()
    assert statuses_of(world, inside(world, "REFER", 5, *extra)) == [status]
    assert world.callee.told(Referred) == []


def test_one_referral_at_a_time_and_the_second_has_an_id() -> None:
    world = World().answered()
    key = accepted(world)
    assert statuses_of(world, inside(world, "REFER", 50, ("Refer-To", f"<{CAROL}>"))) == [491]
    report(world, key, 486)
    assert statuses_of(world, inside(world, "REFER", 51, ("Refer-To", f"<{CAROL}>"))) == []
    world.callee.agent.accept_referral(world.callee.told(Referred)[-1].referral, world.now)  # type: ignore[union-attr]
    world.run(1)
    assert notifies(world)[-1].get("Event") == "refer;id=51"


def test_rfc6665_4_2_1_a_peer_may_ask_how_far_it_is_and_to_be_left_alone() -> None:
    world = World().answered()
    key = accepted(world)
    report(world, key, 180)
    assert statuses_of(world, inside(world, "SUBSCRIBE", 60, ("Event", "presence"))) == [489]
    assert statuses_of(world, inside(world, "SUBSCRIBE", 61, ("Event", "refer"))) == [200]
    world.run(1)
    assert statuses_of(world, inside(world, "SUBSCRIBE", 62, ("Event", "refer"), ("Expires", "0"))) == [200]
    world.run(1)
    assert [m.get("Subscription-State") for m in notifies(world)[-2:]] == [
        "active;expires=600",
        "terminated;reason=timeout",
    ]
    report(world, key, 200)
    assert statuses_of(world, inside(world, "SUBSCRIBE", 63, ("Event", "refer"))) == [481]
    assert len(notifies(world)) == 4


def test_a_notify_that_nobody_waits_for_is_refused() -> None:
    world = World().answered()
    about = ("Event", "refer"), ("Subscription-State", "active")
    assert statuses_of(world, inside(world, "NOTIFY", 7, *about, body=b"SIP/2.0 200 OK\r\n")) == [481]
    assert statuses_of(world, inside(world, "NOTIFY", 8, ("Event", "dialog"))) == [489]


def test_a_notify_may_say_nothing_but_that_it_is_the_last() -> None:
    world = World().answered()
    world.callee.agent.refer(world.callee.dialog, CAROL, world.now)
    world.run(1)
    about = ("Event", "refer"), ("Subscription-State", "terminated;reason=giveup")
    assert statuses_of(world, inside(world, "NOTIFY", 7, *about)) == [200]  # before its 202
    assert world.callee.told(ReferReported) == [ReferReported(world.callee.dialog, None, True)]


def test_a_refer_that_nobody_answers_fails() -> None:
    world = World().answered()
    world.fate = lambda data: not data.startswith(b"REFER")
    world.caller.agent.refer(CALL, CAROL, world.now)
    world.run(40)
    assert world.caller.told(ReferAnswered) == [ReferAnswered(CALL, 408)]


def test_a_refer_waits_for_the_ack() -> None:
    world = World()
    world.dial()
    world.run(1)
    world.callee.agent.answer(world.callee.dialog, ANSWER, world.now)
    world.callee.agent.refer(world.callee.dialog, CAROL, world.now)
    world.run(1)
    assert world.wire[:5] == ["INVITE", "100", "200", "ACK", "REFER"]


# --- in whose place ----------------------------------------------------------------------------------------------


def name_of(world: World) -> DialogName:
    """The call that is up, as the callee knows it."""
    ok = next(m for m in world.messages if isinstance(m, Response) and m.status == 200)
    return DialogName(ok.call_id, ok.to.tag or "", ok.from_.tag or "")


def dial_instead(world: World, name: DialogName, flag: str = "") -> None:
    """The caller dials once more, in place of that call."""
    invitation = Invitation(
        DialogKey("second"),
        "sip:callee@10.0.0.2",
        world.callee.address,
        "sip:alice@10.0.0.1",
        "",
        OFFER,
        headers={"Replaces": f"{Replaces(name)}{flag}", "Require": "replaces"},
    )
    world.callee.react = lambda event, now: None
    world.caller.agent.invite(invitation, world.now)
    world.run(1)


def test_rfc3891_3_an_invite_may_take_the_place_of_a_call_that_is_up() -> None:
    world = World().answered()
    first = world.callee.dialog
    dial_instead(world, name_of(world))
    invited = world.callee.told(Invited)[-1]
    assert isinstance(invited, Invited)
    assert invited.replaces == first
    world.callee.agent.answer(invited.dialog, ANSWER, world.now)
    world.callee.agent.hang_up(first, world.now)
    world.run(1)
    assert world.caller.events[-2:] == [Answered(DialogKey("second"), ANSWER), Ended(CALL, Ending.BYE)]


@pytest.mark.parametrize(
    ("wrong", "flag", "status"),
    [
        ({"call_id": "nobody's"}, "", 481),
        ({"our_tag": "other"}, "", 481),
        ({"their_tag": "other"}, "", 481),
        ({}, ";early-only", 486),
        ({"their_tag": ""}, "", 400),
    ],
)
def test_rfc3891_3_what_cannot_be_replaced(wrong: dict[str, str], flag: str, status: int) -> None:
    world = World().answered()
    dial_instead(world, replace(name_of(world), **wrong), flag)
    assert [event.status for event in world.caller.told(Refused) if isinstance(event, Refused)] == [status]
    assert len(world.callee.told(Invited)) == 1


def test_rfc3891_3_a_call_that_was_hung_up_cannot_be_replaced() -> None:
    world = World().answered()
    world.fate = lambda data: not data.startswith(b"BYE")
    world.callee.agent.hang_up(world.callee.dialog, world.now)
    dial_instead(world, name_of(world))
    assert world.caller.told(Refused)[0].status == 603  # type: ignore[union-attr]


def test_rfc3891_3_a_phone_that_rings_for_us_can_be_relieved_but_none_that_we_let_ring() -> None:
    world = World()
    world.dial()
    world.run(1)
    world.callee.agent.ring(world.callee.dialog, world.now)
    world.run(1)
    assert world.caller.told(Progressed)
    ringing = next(m for m in world.messages if isinstance(m, Response) and m.status == 180)
    invite = message(
        "INVITE",
        f"Replaces: {ringing.call_id};to-tag={ringing.from_.tag};from-tag={ringing.to.tag};early-only",
        Via="SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKx;rport",
        Call_ID="another",
    )
    world.caller.agent.receive(invite, world.callee.address, world.now)
    world.run(0.005)
    assert world.caller.told(Invited)[0].replaces == CALL  # type: ignore[union-attr]
    dial_instead(world, DialogName(ringing.call_id, ringing.to.tag or "", ringing.from_.tag or ""))
    assert world.caller.told(Refused)[0].status == 481  # type: ignore[union-attr]


def test_an_attended_transfer_names_the_call_of_ours_whose_place_is_to_be_taken() -> None:
    world = World().answered()
    name = name_of(world)
    target = f"<{CAROL}?X-Case=7&Replaces={name.call_id}%3Bto-tag%3D{name.our_tag}%3Bfrom-tag%3D{name.their_tag}>"
    assert statuses_of(world, inside(world, "REFER", 5, ("Refer-To", target))) == []
    assert referred(world).replaces == world.callee.dialog
    assert not referred(world).is_foreign
    assert dict(referred(world).headers) == {"X-Case": "7"}


def test_a_dialog_that_is_not_ours_is_said_to_be_foreign() -> None:
    world = World().answered()
    target = f"<{CAROL}?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&Route=%3Csip:evil%3E>"
    statuses_of(world, inside(world, "REFER", 5, ("Refer-To", target)))
    assert (referred(world).replaces, referred(world).is_foreign, referred(world).headers) == (None, True, {})


# --- outside of calls ----------------------------------------------------------------------------------------------


def test_rfc4538_a_refer_from_outside_must_know_a_call_of_ours() -> None:
    world = World().answered()
    name = name_of(world)
    knows = f"Target-Dialog: {name.call_id};local-tag={name.our_tag};remote-tag={name.their_tag}"
    via = "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKo;rport"
    data = message("REFER", f"Refer-To: <{CAROL}>", knows, Via=via, Call_ID="outside", Contact="<sip:x@10.0.0.1>")
    assert statuses_of(world, data) == []
    assert referred(world).dialog == world.callee.dialog
    world.callee.agent.accept_referral(referred(world).referral, world.now)
    world.run(1)
    (told,) = notifies(world)
    assert (told.call_id, told.to.tag) == ("outside", "b1")


def test_a_refer_out_of_nowhere_is_refused() -> None:
    assert [r.status for r in answers(agent(), message("REFER", f"Refer-To: <{CAROL}>"))] == [481]


# --- reasons -------------------------------------------------------------------------------------------------------


def test_rfc3326_the_reason_of_a_cancel_is_kept() -> None:
    world = World()
    world.dial()
    world.run(1)
    world.caller.agent.hang_up(CALL, world.now, 'SIP;cause=200;text="Call completed elsewhere"')
    world.run(1)
    reason = 'SIP;cause=200;text="Call completed elsewhere"'
    assert world.callee.told(Ended) == [Ended(world.callee.dialog, Ending.CANCELLED, reason)]


# --- values --------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=300))
def test_any_body_is_a_status_line_or_none(body: bytes) -> None:
    found = status_in(body)
    assert found is None or 100 <= found[0] <= 699


@given(st.integers(100, 699), st.text("ab c", max_size=9))
def test_a_fragment_is_read_as_it_was_written(status: int, reason: str) -> None:
    found = status_in(fragment(status, f"x{reason}"))
    assert found == (status, f"x{reason}")


@given(st.text(max_size=80))
def test_hostile_refer_to_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Unreferable):
        ReferTo.of(Request((("Refer-To", text),), b"", "REFER", "sip:x"))


def test_a_method_in_a_user_name_is_none() -> None:
    request = Request((("r", ""), ("Refer-To", "<sip:a;method=b@h;x=1;method=INVITE>")), b"", "REFER", "sip:x")
    assert ReferTo.of(request).uri == "sip:a;method=b@h;x=1"


@given(st.text(max_size=60))
def test_hostile_replaces_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(CannotReplace):
        assert Replaces.parse(text).dialog.call_id
