"""How conferences end, and where their legs go: twilio-conference-api.md 1.3, 1.5, 3.2 and 3.3."""

import asyncio

import pytest
from tests.scenarios.cast import Scene, enter, enter_telling, everybody, scenario, twiml
from twilio.base.exceptions import TwilioException, TwilioRestException

from mixminus.testing.sounds import MUSIC_HZ, SPEECH_HZ


@scenario
async def test_ended_through_the_api(scene: Scene) -> None:
    """1.5 Status=completed removes every leg; 1.3 conference-ended-via-api; call_sid_ending_conference is null."""
    alice = await scene.calls_in("alice", enter_telling("room", then="Good bye"))
    await scene.adds("bob")
    room = await scene.room()
    ended = await room.update_async(status="completed")
    assert (ended.status, ended.reason_conference_ended) == ("completed", "conference-ended-via-api")
    assert ended.call_sid_ending_conference is None
    await scene.calls["bob"].ended(within_s=1)
    await asyncio.sleep(0.3)
    assert alice.hears(SPEECH_HZ), "it goes on at the next verb"
    left = scene.told(StatusCallbackEvent="participant-leave")
    assert [one["ReasonParticipantLeft"] for one in left] == ["conference_ended_via_api"] * 2
    [end] = scene.told(StatusCallbackEvent="conference-end")
    assert end["ReasonConferenceEnded"] == "conference-ended-via-api"
    assert all(name != "CallSidEndingConference" for name, _ in end.form)


@scenario
async def test_a_conference_that_never_started_can_be_ended(scene: Scene) -> None:
    """1.5 with complaint 8: also while a leg is still being dialled; its phone stops ringing."""
    alice = await scene.calls_in("alice", enter("room"))
    phone = await scene.phone("bob")
    phone.rings_forever()
    added = await scene.create("room", phone)
    ringing = await scene.rings(phone)
    await ringing.ringing(within_s=1)
    await (await scene.room()).update_async(status="completed")
    await alice.ended(within_s=1)
    await ringing.ended(within_s=1)
    await asyncio.sleep(0.2)
    assert await scene.call_status(added.call_sid) == "canceled"


@scenario
async def test_ending_it_twice_says_why_not(scene: Scene) -> None:
    """1.5 with complaint 8: 16022 instead of a bare 400."""
    await scene.calls_in("alice", enter("room"))
    room = await scene.room()
    await room.update_async(status="completed")
    with pytest.raises(TwilioRestException) as refusal:
        await room.update_async(status="completed")
    assert (refusal.value.code, refusal.value.status) == (16022, 404)


@scenario
async def test_a_moderator_hangs_up(scene: Scene) -> None:
    """1.3 …-on-exit-left; 4.2 moderator_ended_conference; 3.2: the others go on at action."""
    scene.app.answers("/after", twiml("<Say>The agent has left.</Say>"))
    caller = await scene.calls_in("caller", enter_telling("room", dial={"action": "/after"}))
    await scene.calls_in("agent", enter("room", end_conference_on_exit=True, participant_label="agent"))
    await scene.calls["agent"].hang_up()
    await asyncio.sleep(0.4)
    assert caller.hears(SPEECH_HZ)
    ended = await scene.conference()
    assert ended.reason_conference_ended == "participant-with-end-conference-on-exit-left"
    assert ended.call_sid_ending_conference == scene.sid("agent")
    reasons = [one["ReasonParticipantLeft"] for one in scene.told(StatusCallbackEvent="participant-leave")]
    assert reasons == ["participant_hung_up", "moderator_ended_conference"]
    [end] = scene.told(StatusCallbackEvent="conference-end")
    assert end["CallSidEndingConference"] == scene.sid("agent")
    assert end["ParticipantLabelEndingConference"] == "agent"
    assert end["Reason"]
    [after] = scene.told("/after")
    assert (after["DialCallStatus"], after["DialBridged"], after["CallStatus"]) == ("answered", "true", "in-progress")
    assert not {"DialCallSid", "DialCallDuration"} & {name for name, _ in after.form}, "3.3: not for conferences"


@scenario
async def test_a_moderator_is_removed(scene: Scene) -> None:
    """1.3 participant-with-end-conference-on-exit-kicked."""
    await scene.calls_in("caller", enter("room"))
    await scene.calls_in("agent", enter("room", end_conference_on_exit=True, participant_label="agent"))
    room = await scene.room()
    await room.participants("agent").delete_async()
    await scene.calls["caller"].ended(within_s=1)
    ended = await room.fetch_async()
    assert ended.reason_conference_ended == "participant-with-end-conference-on-exit-kicked"


@scenario
async def test_a_moderator_who_is_redirected_ends_it_too(scene: Scene) -> None:
    """3.2: a leg with endConferenceOnExit leaves, in whatever way."""
    await scene.calls_in("caller", enter("room"))
    await scene.calls_in("agent", enter("room", end_conference_on_exit=True))
    await scene.twilio.calls(scene.sid("agent")).update_async(twiml=twiml("<Pause length='5'/>"))
    await scene.calls["caller"].ended(within_s=1)
    assert scene.calls["agent"].end is None
    assert (await scene.conference()).reason_conference_ended == "participant-with-end-conference-on-exit-left"


@scenario
async def test_the_last_one_hangs_up(scene: Scene) -> None:
    """1.3 last-participant-left."""
    await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    for name in ("bob", "alice"):
        await scene.calls[name].hang_up()
    await asyncio.sleep(0.2)
    ended = await scene.conference()
    assert (ended.status, ended.reason_conference_ended) == ("completed", "last-participant-left")
    assert ended.call_sid_ending_conference == scene.sid("alice")


@scenario
async def test_a_started_conference_of_one_goes_on_without_music(scene: Scene) -> None:
    """3.2: falls back to one participant: in-progress, and nobody hears wait audio again."""
    alice = await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    await scene.calls.pop("bob").hang_up()
    await asyncio.sleep(0.5)
    assert (await scene.conference()).status == "in-progress"
    assert not alice.hears(MUSIC_HZ)
    await scene.calls_in("carol", enter("room"))
    assert await scene.pairs() == everybody("alice", "carol")


@scenario
async def test_an_agent_may_leave_before_the_transfers_target_answers(scene: Scene) -> None:
    """Complaint 2 of section 13: the room waits for whoever is still being dialled."""
    await scene.calls_in("agent", enter("room"))
    phone = await scene.phone("target")
    phone.answers(after_s=2)
    await scene.create("room", phone)
    await asyncio.sleep(0.5)
    await scene.calls["agent"].hang_up()
    await asyncio.sleep(0.3)
    assert (await scene.conference()).status == "init"
    call = await scene.rings(phone)
    await call.answered(within_s=3)
    await asyncio.sleep(0.3)
    assert call.hears(MUSIC_HZ)


@scenario
async def test_star_leaves_the_conference_if_the_dial_says_so(scene: Scene) -> None:
    """3.3 hangupOnStar: takes this leg out; it goes on at the action."""
    scene.app.answers("/menu", twiml("<Say>What else can we do?</Say>"))
    dial = {"hangup_on_star": True, "action": "/menu"}
    alice = await scene.calls_in("alice", enter("room", dial=dial))
    await scene.calls_in("bob", enter("room"))
    await scene.calls["bob"].press("*")
    await alice.press("1")
    await asyncio.sleep(0.3)
    assert len(await scene.participants()) == 2, "only * counts, and only where it was asked for"
    await alice.press("*")
    await asyncio.sleep(0.3)
    assert alice.hears(SPEECH_HZ)
    assert list(await scene.participants()) == [scene.sid("bob")]
    assert [request["DialCallStatus"] for request in scene.told("/menu")] == ["answered"]


@scenario
async def test_the_time_limit_of_dial_cuts_conference_legs(scene: Scene) -> None:
    """3.3 timeLimit."""
    alice = await scene.calls_in("alice", enter("room", dial={"time_limit": 3}, then="Time is up"))
    await scene.calls_in("bob", enter("room"))
    await asyncio.sleep(3)
    assert alice.hears(SPEECH_HZ)
    assert list(await scene.participants()) == [scene.sid("bob")]


@scenario
async def test_without_action_and_next_verb_the_call_ends(scene: Scene) -> None:
    """3.3: without action the next verb runs; if there is none, the call ends."""
    alice = await scene.calls_in("alice", enter("room"))
    room = await scene.room()
    await room.update_async(status="completed")
    await alice.ended(within_s=1)
    assert await scene.call_status(scene.sid("alice")) == "completed"


@scenario
async def test_completed_conferences_stay_listed_and_have_no_participants(scene: Scene) -> None:
    """1.4 Status filter; 2: participants of a completed conference do not exist (complaint 6: history elsewhere)."""
    await scene.calls_in("alice", enter("room"))
    await scene.calls["alice"].hang_up()
    await asyncio.sleep(0.2)
    await scene.calls_in("bob", enter("room"))
    assert len(await scene.twilio.conferences.list_async(status="completed")) == 1
    assert len(await scene.twilio.conferences.list_async(status="init")) == 1
    assert len(await scene.twilio.conferences.list_async(friendly_name="no such")) == 0
    [over] = await scene.twilio.conferences.list_async(status="completed")
    with pytest.raises(TwilioException, match="20404"):
        await scene.twilio.conferences(over.sid).participants.list_async()
