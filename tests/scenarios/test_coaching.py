"""Coaching, barging, supervising: twilio-conference-api.md 2.3, 2.5, 2.8 and 3.1 coach."""

import asyncio

import pytest
from tests.scenarios.cast import Pairs, Scene, enter, enter_telling, everybody, scenario, twiml
from twilio.base.exceptions import TwilioRestException

from mixminus.testing.sounds import SPEECH_HZ

WHISPER: Pairs = everybody("caller", "agent") | {("boss", "caller"), ("boss", "agent"), ("agent", "boss")}
"""2.8: a coach hears the whole conference and is heard by the coached participant only."""


async def a_conversation(scene: Scene) -> None:
    await scene.calls_in("caller", enter_telling("room", participant_label="customer"))
    await scene.calls_in("agent", enter("room", participant_label="agent"))


async def boss(scene: Scene) -> None:
    """A supervisor whispers to the agent."""
    await a_conversation(scene)
    await scene.adds("boss", coaching=True, call_sid_to_coach=scene.sid("agent"), label="boss")


@scenario
async def test_a_coach_added_by_the_api(scene: Scene) -> None:
    """2.3 Coaching, CallSidToCoach; 2.2 coaching, call_sid_to_coach."""
    await boss(scene)
    assert await scene.pairs() == WHISPER
    shown = await scene.update("boss")
    assert (shown.coaching, shown.call_sid_to_coach) == (True, scene.sid("agent"))


@scenario
async def test_naming_a_target_is_coaching(scene: Scene) -> None:
    """2.3 Coaching: false, or true when a target is given."""
    await a_conversation(scene)
    added = await scene.adds("boss", call_sid_to_coach=scene.sid("agent"))
    assert added.coaching is True
    assert await scene.pairs() == WHISPER


@scenario
async def test_a_coach_who_dials_in(scene: Scene) -> None:
    """3.1 coach: call SID in the same live conference."""
    await a_conversation(scene)
    await scene.calls_in("boss", enter("room", coach=scene.sid("agent")))
    assert await scene.pairs() == WHISPER


@scenario
async def test_a_coach_attribute_that_names_nobody_here_falls_to_the_action(scene: Scene) -> None:
    """3.1 coach: invalid is 13240, falls to action."""
    await a_conversation(scene)
    await scene.calls_in("elsewhere", enter("another room"))
    for number, coach in enumerate(("CA" + "0" * 32, scene.sid("elsewhere"), "the agent")):
        scene.app.answers(f"/after{number}", twiml("<Say>You cannot coach here.</Say>"))
        await scene.calls_in(f"boss{number}", enter("room", coach=coach, dial={"action": f"/after{number}"}))
        [after] = scene.told(f"/after{number}")
        assert (after["DialCallStatus"], after["DialBridged"]) == ("failed", "false")
    assert len(await scene.participants()) == 2


@scenario
async def test_from_whisper_to_barge_and_back(scene: Scene) -> None:
    """2.5 Coaching: false turns whisper into barge; true needs CallSidToCoach."""
    await boss(scene)
    barged = await scene.update("boss", coaching=False)
    assert (barged.coaching, barged.call_sid_to_coach) == (False, None)
    assert await scene.pairs() == everybody("caller", "agent", "boss")
    await scene.update("boss", coaching=True, call_sid_to_coach=scene.sid("agent"))
    assert await scene.pairs() == WHISPER
    assert [name for name in scene.events() if name == "participant-modify"] == ["participant-modify"] * 2


@scenario
async def test_the_target_may_be_changed(scene: Scene) -> None:
    """2.5 CallSidToCoach."""
    await boss(scene)
    await scene.update("boss", call_sid_to_coach=scene.sid("caller"))
    heard = await scene.pairs()
    assert {pair for pair in heard if pair[1] == "boss"} == {("caller", "boss")}


@scenario
async def test_a_voice_becomes_a_coach_by_naming_a_target(scene: Scene) -> None:
    """2.5 CallSidToCoach, for somebody who was a normal participant."""
    await a_conversation(scene)
    await scene.calls_in("boss", enter("room", participant_label="boss"))
    assert await scene.pairs() == everybody("caller", "agent", "boss")
    await scene.update("boss", coaching=True, call_sid_to_coach=scene.sid("agent"))
    assert await scene.pairs() == WHISPER


@scenario
async def test_no_frame_of_a_whisper_reaches_the_caller(scene: Scene) -> None:
    """DESIGN.md law 2: whatever is switched, the caller never hears the coach."""
    await boss(scene)
    scene.calls["boss"].hum(1979)
    await asyncio.sleep(0.5)
    await scene.update("boss", muted=True)
    await asyncio.sleep(0.1)
    await scene.update("boss", muted=False)
    await asyncio.sleep(0.1)
    await scene.update("agent", hold=True)
    await asyncio.sleep(0.1)
    await scene.update("agent", hold=False)
    await asyncio.sleep(0.3)
    assert scene.calls["agent"].hears(1979)
    assert scene.calls["caller"].first_heard(1979) is None


@scenario
async def test_two_coaches_do_not_hear_each_other(scene: Scene) -> None:
    """2.8: a coach is heard by the coached participant only, so not by another coach."""
    await boss(scene)
    await scene.adds("trainer", coaching=True, call_sid_to_coach=scene.sid("agent"))
    heard = await scene.pairs()
    assert {pair for pair in heard if pair[1] in ("boss", "trainer")} == {("agent", "boss"), ("agent", "trainer")}


@scenario
async def test_a_muted_coach_is_heard_by_nobody_and_a_held_one_hears_nobody(scene: Scene) -> None:
    """2.8: mute and hold count for coaches too."""
    await boss(scene)
    await scene.update("boss", muted=True)
    assert await scene.pairs() == WHISPER - {("agent", "boss")}
    await scene.update("boss", muted=False, hold=True)
    assert await scene.pairs() == everybody("caller", "agent")


@scenario
async def test_when_the_agent_leaves_nobody_hears_the_coach(scene: Scene) -> None:
    """DESIGN.md law 1: a coach without a coachee is not let loose on the caller."""
    await boss(scene)
    await scene.calls["agent"].hang_up()
    assert await scene.pairs("caller", "boss", settle_s=0.3) == {("boss", "caller")}


@scenario
async def test_whom_nobody_can_coach(scene: Scene) -> None:
    """6.5: 16028 absent, 16027 on hold, 16002 without a target or oneself; the request changes nothing."""
    await boss(scene)
    await scene.update("customer", hold=True)
    for changes, code in (
        ({"coaching": True, "call_sid_to_coach": "CA" + "0" * 32}, 16028),
        ({"call_sid_to_coach": scene.sid("caller")}, 16027),
        ({"coaching": True}, 16002),
        ({"call_sid_to_coach": "boss"}, 16002),
    ):
        with pytest.raises(TwilioRestException) as refusal:
            await scene.update("boss", muted=True, **changes)
        assert refusal.value.code == code, changes
    shown = await scene.update("boss")
    assert (shown.muted, shown.call_sid_to_coach) == (False, scene.sid("agent"))
    with pytest.raises(TwilioRestException) as refusal:
        await scene.update("boss", coaching=True, call_sid_to_coach=shown.call_sid)
    assert refusal.value.code == 16002


@scenario
async def test_a_coach_is_refused_before_its_phone_rings(scene: Scene) -> None:
    """6.5 on create: 16028 and 16027."""
    await a_conversation(scene)
    await scene.update("agent", hold=True)
    phone = await scene.phone("boss")
    for sid, code in (("CA" + "0" * 32, 16028), (scene.sid("agent"), 16027)):
        with pytest.raises(TwilioRestException) as refusal:
            await scene.create("room", phone, coaching=True, call_sid_to_coach=sid)
        assert refusal.value.code == code
    await asyncio.sleep(0.3)
    assert phone.calls == []


@scenario
async def test_an_agent_who_is_still_dialled_may_be_named(scene: Scene) -> None:
    """2.3 CallSidToCoach before the target has answered: nobody hears the coach until then."""
    await scene.calls_in("caller", enter("room"))
    agent = await scene.phone("agent")
    agent.answers(after_s=2)
    added = await scene.create("room", agent)
    await scene.adds("boss", coaching=True, call_sid_to_coach=added.call_sid)
    assert await scene.pairs("caller", "boss") == {("boss", "caller")}
    await scene.rings(agent)
    await asyncio.sleep(2)
    assert await scene.pairs() == WHISPER


@scenario
async def test_a_coach_alone_with_a_caller_starts_the_conference_and_is_not_heard(scene: Scene) -> None:
    """1.2 with 2.8: two participants, one with the flag; coaching the caller whispers to the caller."""
    await scene.calls_in("caller", enter("room"))
    await scene.adds("boss", coaching=True, call_sid_to_coach=scene.sid("caller"))
    assert await scene.pairs() == everybody("caller", "boss")
    assert not scene.calls["caller"].hears(SPEECH_HZ)
