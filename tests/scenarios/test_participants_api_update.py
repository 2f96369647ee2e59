"""`POST` and `DELETE …/Participants/{CallSid or label}`: twilio-conference-api.md 2.5 to 2.7."""

import asyncio

import pytest
from tests.scenarios.cast import Scene, enter, enter_telling, everybody, scenario, twiml
from twilio.base.exceptions import TwilioRestException

from mixminus.testing.sounds import MUSIC_HZ, SPEECH_HZ


async def two(scene: Scene) -> None:
    """Alice, labelled customer, and bob, labelled agent, talk."""
    await scene.calls_in("alice", enter_telling("room", participant_label="customer"))
    await scene.calls_in("bob", enter("room", participant_label="agent"))
    await asyncio.sleep(0.4)


@scenario
async def test_muted(scene: Scene) -> None:
    """2.5 Muted, 2.8 muted: hears everything, is heard by nobody."""
    await two(scene)
    assert (await scene.update("agent", muted=True)).muted is True
    assert await scene.pairs() == {("bob", "alice")}
    assert (await scene.update("agent", muted=False)).muted is False
    assert await scene.pairs() == everybody("alice", "bob")


@scenario
async def test_anything_but_true_unmutes(scene: Scene) -> None:
    """2.5 Muted: anything else counts as false."""
    await two(scene)
    await scene.update("agent", muted=True)
    assert (await scene.update("agent", muted="yes please")).muted is False
    assert await scene.pairs() == everybody("alice", "bob")


@scenario
async def test_several_changes_at_once_take_effect_at_once(scene: Scene) -> None:
    """2.5: one request, several parameters; DESIGN.md law 2."""
    await two(scene)
    updated = await scene.update("agent", muted=True, end_conference_on_exit=True, beep_on_exit=False)
    assert (updated.muted, updated.end_conference_on_exit) == (True, True)
    assert await scene.pairs() == {("bob", "alice")}


@scenario
async def test_an_announcement_is_heard_by_this_participant_only(scene: Scene) -> None:
    """2.5 AnnounceUrl, AnnounceMethod (POST): the room goes on underneath."""
    await two(scene)
    scene.app.answers("/announce", twiml("<Say>You have one minute left.</Say>"))
    scene.calls["bob"].hum(1979)
    await scene.update("customer", announce_url=scene.world.url("/announce"))
    await asyncio.sleep(0.6)
    assert scene.calls["alice"].chord(frequencies_hz=(SPEECH_HZ, 1979)) == {SPEECH_HZ, 1979}
    await asyncio.sleep(3)
    assert scene.calls["bob"].first_heard(SPEECH_HZ) is None
    [asked] = scene.told("/announce")
    assert (asked.method, asked["CallSid"], asked["FriendlyName"]) == ("POST", scene.sid("alice"), "room")
    [ended] = scene.told(StatusCallbackEvent="announcement-end")
    assert ended["CallSid"] == scene.sid("alice")
    assert ended["ParticipantLabel"] == "customer"
    assert ended["AnnounceUrl"] == scene.world.url("/announce")


@scenario
async def test_announce_method_get(scene: Scene) -> None:
    """2.5 AnnounceMethod."""
    await two(scene)
    scene.app.answers("/announce", twiml("<Pause length='1'/>"))
    await scene.update("customer", announce_url=scene.world.url("/announce"), announce_method="GET")
    await asyncio.sleep(0.3)
    assert [asked.method for asked in scene.told("/announce")] == ["GET"]


@scenario
async def test_an_announcement_ends_with_the_participants_stay(scene: Scene) -> None:
    """2.6: who is removed during an announcement goes on at the next verb, and hears that alone."""
    number = enter("room", then="Goodbye.", participant_label="x")
    alice = await scene.calls_in("alice", number)
    await scene.calls_in("bob", enter("room"))
    await scene.update("x", announce_url="media:1979.wav")
    await asyncio.sleep(0.5)
    assert alice.hears(1979)
    room = await scene.room()
    await room.participants("x").delete_async()
    await asyncio.sleep(0.3)
    assert alice.chord(frequencies_hz=(1979, SPEECH_HZ)) == {SPEECH_HZ}
    assert await scene.world.events((await scene.conference()).sid) == [
        "participant-join",
        "participant-join",
        "conference-start",
        "participant-leave",
    ]


@scenario
async def test_an_announcement_to_somebody_who_has_not_answered_is_refused(scene: Scene) -> None:
    """2.5 AnnounceUrl: nobody would hear it (16001)."""
    phone = await scene.phone("agent")
    phone.rings_forever()
    added = await scene.create("room", phone)
    await asyncio.sleep(0.3)
    with pytest.raises(TwilioRestException) as refusal:
        await scene.update(added.call_sid, announce_url="media:1979.wav")
    assert refusal.value.code == 16001


@scenario
async def test_the_wait_url_may_be_changed_while_waiting(scene: Scene) -> None:
    """2.5 WaitUrl, WaitMethod; empty is silence."""
    alice = await scene.calls_in("alice", enter_telling("room", participant_label="customer"))
    assert alice.hears(MUSIC_HZ)
    await scene.update("customer", wait_url="media:1979.wav")
    await asyncio.sleep(0.4)
    assert alice.chord(frequencies_hz=(1979, MUSIC_HZ)) == {1979}
    await scene.update("customer", wait_url="")
    await asyncio.sleep(0.4)
    assert alice.chord(frequencies_hz=(1979, MUSIC_HZ)) == frozenset()
    assert scene.events() == ["participant-join", "participant-modify", "participant-modify"]


@scenario
async def test_beep_on_exit(scene: Scene) -> None:
    """2.5 BeepOnExit: the exit half can be changed."""
    await two(scene)
    await scene.calls_in("carol", enter("room", beep=False))
    await asyncio.sleep(0.3)
    before = scene.calls["alice"].last_heard(988)
    await scene.update("carol", beep_on_exit=True)
    await scene.calls["carol"].hang_up()
    await asyncio.sleep(0.5)
    after = scene.calls["alice"].last_heard(988)
    assert after is not None
    assert before is not None
    assert after > before


@scenario
async def test_end_conference_on_exit_may_be_changed_also_on_hold(scene: Scene) -> None:
    """2.5 EndConferenceOnExit; complaint 1 of section 13: Twilio ignores it for a held participant, we do not."""
    await scene.calls_in("alice", enter("room", end_conference_on_exit=True, participant_label="customer"))
    await scene.calls_in("bob", enter("room"))
    await scene.update("customer", hold=True)
    assert (await scene.update("customer", end_conference_on_exit=False)).end_conference_on_exit is False
    await scene.calls["alice"].hang_up()
    await asyncio.sleep(0.3)
    assert (await scene.conference()).status == "in-progress"
    assert scene.calls["bob"].end is None


@scenario
async def test_an_update_that_changes_nothing_tells_nothing(scene: Scene) -> None:
    """2.5: events tell of changes; a repeat is no news."""
    await two(scene)
    await scene.update("customer", hold=True)
    heard = scene.events()
    await scene.update("customer", hold=True)
    await scene.update("customer", muted=False, beep_on_exit=True)
    assert scene.events() == heard


@scenario
async def test_a_removed_caller_goes_on_at_the_next_verb_and_a_dialled_one_ends(scene: Scene) -> None:
    """2.6: legs of <Dial><Conference> continue; legs of this API have nothing further to run."""
    alice = await scene.calls_in("alice", enter_telling("room", then="Thank you for calling."))
    added = await scene.adds("agent", label="agent")
    await scene.adds("other")
    room = await scene.room()
    assert await room.participants("agent").delete_async() is True
    await scene.calls["agent"].ended(within_s=1)
    assert await room.participants(scene.sid("alice")).delete_async() is True
    await asyncio.sleep(0.3)
    assert alice.hears(SPEECH_HZ)
    assert alice.end is None
    left = scene.told(StatusCallbackEvent="participant-leave")
    assert [(one["CallSid"], one["ReasonParticipantLeft"]) for one in left] == [
        (added.call_sid, "participant_updated_via_api"),
        (scene.sid("alice"), "participant_updated_via_api"),
    ]
    assert len(await scene.participants()) == 1
    await alice.ended(within_s=5)


@scenario
async def test_who_is_still_rung_can_be_removed(scene: Scene) -> None:
    """2.6 with complaint 4 of section 13: a consult leg that rings can be taken back; its phone stops ringing."""
    await two(scene)
    phone = await scene.phone("target")
    phone.rings_forever()
    added = await scene.create("room", phone, label="target")
    ringing = await scene.rings(phone)
    await ringing.ringing(within_s=1)
    room = await scene.room()
    await room.participants("target").delete_async()
    assert (await ringing.ended(within_s=1)).status == 487
    await asyncio.sleep(0.2)
    assert await scene.call_status(added.call_sid) == "canceled"
    assert (await scene.conference()).status == "in-progress"
    assert scene.told(StatusCallbackEvent="participant-leave")[0]["ParticipantCallStatus"] == "canceled"


@scenario
async def test_removing_the_last_one_ends_it(scene: Scene) -> None:
    """2.6 and 1.3: last-participant-kicked."""
    await scene.calls_in("alice", enter("room"))
    room = await scene.room()
    await room.participants(scene.sid("alice")).delete_async()
    ended = await room.fetch_async()
    assert (ended.status, ended.reason_conference_ended) == ("completed", "last-participant-kicked")
    assert ended.call_sid_ending_conference == scene.sid("alice")


@scenario
async def test_lists_are_filtered(scene: Scene) -> None:
    """2.7 Muted, Hold, Coaching."""
    await two(scene)
    boss = await scene.adds("boss", coaching=True, call_sid_to_coach=scene.sid("bob"))
    await scene.update("customer", hold=True)
    await scene.update("agent", muted=True)
    assert list(await scene.participants(hold=True)) == [scene.sid("alice")]
    assert list(await scene.participants(muted=True)) == [scene.sid("bob")]
    assert list(await scene.participants(coaching=True)) == [boss.call_sid]
    assert set(await scene.participants(hold=False)) == {scene.sid("bob"), boss.call_sid}


@scenario
async def test_who_is_gone_is_not_found(scene: Scene) -> None:
    """2: only legs in or on their way into a live conference exist; 20404."""
    await two(scene)
    await scene.calls["bob"].hang_up()
    await asyncio.sleep(0.2)
    for change in ("fetch", "update", "delete"):
        room = await scene.room()
        with pytest.raises(TwilioRestException) as missing:
            await getattr(room.participants("agent"), f"{change}_async")()
        assert (missing.value.code, missing.value.status) == (20404, 404)


@scenario
async def test_a_redirected_call_is_out_at_once(scene: Scene) -> None:
    """2 and 5.3: redirecting a leg removes it from the conference; participant_updated_via_api."""
    await two(scene)
    await scene.twilio.calls(scene.sid("bob")).update_async(twiml=twiml("<Say>A word in private</Say>"))
    await asyncio.sleep(0.3)
    assert scene.calls["bob"].hears(SPEECH_HZ)
    assert list(await scene.participants()) == [scene.sid("alice")]
    [left] = scene.told(StatusCallbackEvent="participant-leave")
    assert left["ReasonParticipantLeft"] == "participant_updated_via_api"
    assert left["ParticipantCallStatus"] == "in-progress"


@scenario
async def test_a_participant_has_no_status_to_update(scene: Scene) -> None:
    """2.5: there is no Status parameter; the SDK refuses it, and removal is DELETE."""
    await two(scene)
    with pytest.raises(TypeError):
        await scene.update("agent", status="completed")
    assert len(await scene.participants()) == 2
