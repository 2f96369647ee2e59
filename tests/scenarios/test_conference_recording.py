"""Recording conferences and calls: twilio-conference-api.md 2.3, 3.1, 3.2, 4.3, 4.4, 8; DESIGN.md law 3."""

import asyncio
import io
import wave
from typing import Any

import numpy as np
import pytest
from tests.scenarios.cast import Scene, enter, scenario, twiml
from twilio.base.exceptions import TwilioRestException

from mixminus.base.types import Sid
from mixminus.calls.records import RecordingRecord
from mixminus.testing.detection import level_db
from mixminus.testing.ear import is_present
from mixminus.testing.g711 import Samples
from mixminus.testing.sounds import MUSIC_HZ

ALICE_HZ, BOB_HZ, BOSS_HZ = 1229, 1871, 2531
RECORDED: dict[str, Any] = {
    "record": "record-from-start",
    "trim": "do-not-trim",
    "recording_status_callback": "/recorded",
    "recording_status_callback_event": "in-progress completed absent",
}


async def samples(scene: Scene, recording_sid: str) -> Samples:
    """What the WAV holds, of shape (samples, channels)."""
    record = await scene.world.store.fetch(RecordingRecord, Sid(recording_sid))
    assert record is not None
    with wave.open(io.BytesIO(scene.world.exchange.recording_file(record).read_bytes())) as file:
        assert (file.getframerate(), file.getsampwidth()) == (8_000, 2)
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return sound.reshape(-1, file.getnchannels())


async def downmix(scene: Scene, recording_sid: str) -> Samples:
    """All channels in one, of half the level: what a download has unless two are asked for."""
    mixed: Samples = ((await samples(scene, recording_sid)).sum(axis=1) // 2).astype(np.int16)
    return mixed


def notes_in(sound: Any, *frequencies_hz: int) -> set[int]:
    """Which notes are anywhere in it, by stretches of 200 ms."""
    pieces = [sound[start : start + 1_600] for start in range(0, len(sound) - 1_599, 1_600)]
    return {hz for hz in frequencies_hz if any(is_present(level_db(piece, hz)) for piece in pieces)}


async def talk(scene: Scene, **first: Any) -> None:
    """Alice waits for a second, then bob comes; both hum."""
    alice = await scene.calls_in("alice", enter("room", **{**RECORDED, **first}))
    alice.hum(ALICE_HZ)
    await asyncio.sleep(1)
    bob = await scene.calls_in("bob", enter("room", beep=False))
    bob.hum(BOB_HZ)
    await asyncio.sleep(1)


async def finished(scene: Scene) -> Any:
    """End the conference; returns its only recording."""
    await (await scene.room()).update_async(status="completed")
    await asyncio.sleep(1)
    [recording] = await scene.twilio.recordings.list_async()
    return recording


@scenario
async def test_it_begins_when_the_first_two_are_bridged(scene: Scene) -> None:
    """3.2: record-from-start begins then; wait music is never recorded. 8.2: channel 1 is the first who joined."""
    await talk(scene)
    recording = await finished(scene)
    sound = await samples(scene, recording.sid)
    assert 1.1 < len(sound) / 8_000 < 1.5
    assert notes_in(sound[:, 0], ALICE_HZ, BOB_HZ, MUSIC_HZ) == {ALICE_HZ}
    assert notes_in(sound[:, 1], ALICE_HZ, BOB_HZ, MUSIC_HZ) == {BOB_HZ}
    assert (recording.status, recording.source, recording.channels) == ("completed", "Conference", 2)
    assert recording.conference_sid == (await scene.conference()).sid
    assert recording.call_sid == scene.sid("alice")
    assert recording.duration == "1"


@scenario
async def test_the_callbacks_of_a_conference_recording(scene: Scene) -> None:
    """4.4, row by row."""
    await talk(scene)
    recording = await finished(scene)
    begun, completed = scene.told("/recorded")
    assert (begun["RecordingStatus"], completed["RecordingStatus"]) == ("in-progress", "completed")
    assert completed["RecordingSid"] == recording.sid
    assert completed["ConferenceSid"] == recording.conference_sid
    assert completed["AccountSid"] == scene.world.account_sid
    assert completed["RecordingSource"] == "Conference"
    assert (completed["RecordingDuration"], completed["RecordingChannels"]) == ("1", "2")
    assert completed["RecordingStartTime"].endswith("+0000")
    assert completed["RecordingUrl"].endswith(f"/Recordings/{recording.sid}")
    assert not {"CallSid", "RecordingTrack"} & {name for name, _ in completed.form}


@scenario
async def test_a_conference_that_never_starts_is_not_recorded(scene: Scene) -> None:
    """3.2: two must be bridged."""
    await scene.calls_in("alice", enter("room", **RECORDED))
    await asyncio.sleep(1)
    await scene.calls["alice"].hang_up()
    await asyncio.sleep(0.5)
    assert await scene.twilio.recordings.list_async() == []
    assert scene.told("/recorded") == []


@scenario
async def test_whispers_are_never_in_it(scene: Scene) -> None:
    """2.8 and complaint 18: coach audio is not in the conference recording; a barging coach is."""
    await talk(scene)
    await scene.adds("boss", coaching=True, call_sid_to_coach=scene.sid("bob"), label="boss", beep="false")
    scene.calls["boss"].hum(BOSS_HZ)
    await asyncio.sleep(1)
    assert scene.calls["bob"].hears(BOSS_HZ)
    recording = await finished(scene)
    assert BOSS_HZ not in notes_in(await downmix(scene, recording.sid), BOSS_HZ)


@scenario
async def test_who_barges_is_in_it_from_then_on(scene: Scene) -> None:
    """2.8: Coaching=false makes it a normal voice."""
    await talk(scene)
    await scene.adds("boss", coaching=True, call_sid_to_coach=scene.sid("bob"), label="boss", beep="false")
    scene.calls["boss"].hum(BOSS_HZ)
    await asyncio.sleep(1)
    await scene.update("boss", coaching=False)
    await asyncio.sleep(1)
    sound = await downmix(scene, (await finished(scene)).sid)
    assert notes_in(sound[: len(sound) - 12_000], BOSS_HZ) == set()
    assert notes_in(sound[-6_000:], BOSS_HZ) == {BOSS_HZ}


@scenario
async def test_hold_music_and_the_held_voice_are_never_in_it(scene: Scene) -> None:
    """3.2: wait and hold music are never recorded; DESIGN.md law 3: who is held or muted is not, either."""
    await talk(scene)
    await scene.update("alice", hold=True)
    await scene.update("bob", muted=True)
    held_at = 8_000 * 3 // 2
    await asyncio.sleep(1.5)
    sound = await downmix(scene, (await finished(scene)).sid)
    assert notes_in(sound, MUSIC_HZ) == set()
    assert notes_in(sound[:8_000], ALICE_HZ, BOB_HZ) == {ALICE_HZ, BOB_HZ}
    assert notes_in(sound[held_at:], ALICE_HZ, BOB_HZ) == set()


@scenario
async def test_pause_and_resume(scene: Scene) -> None:
    """8.1 Status=paused, in-progress; Twilio.CURRENT; PauseBehavior silence (default) keeps the time."""
    await talk(scene)
    room = await scene.room()
    paused = await room.recordings("Twilio.CURRENT").update_async(status="paused")
    assert paused.status == "paused"
    scene.calls["bob"].hum(BOSS_HZ)
    await asyncio.sleep(1)
    scene.calls["bob"].hum(BOB_HZ)
    await asyncio.sleep(0.2)
    resumed = await room.recordings(paused.sid).update_async(status="in-progress")
    assert resumed.status == "in-progress"
    await asyncio.sleep(1)
    sound = await downmix(scene, (await finished(scene)).sid)
    assert notes_in(sound, BOSS_HZ) == set()
    assert 3.1 < len(sound) / 8_000 < 3.7


@scenario
async def test_a_skipped_pause_is_not_in_the_file(scene: Scene) -> None:
    """8.1 PauseBehavior=skip."""
    await talk(scene)
    current = (await scene.room()).recordings("Twilio.CURRENT")
    await current.update_async(status="paused", pause_behavior="skip")
    await asyncio.sleep(2)
    await current.update_async(status="in-progress")
    await asyncio.sleep(0.5)
    sound = await samples(scene, (await finished(scene)).sid)
    assert 1.6 < len(sound) / 8_000 < 2.1


@scenario
async def test_stopped_it_is_complete_while_the_conference_goes_on(scene: Scene) -> None:
    """8.1 Status=stopped."""
    await talk(scene)
    room = await scene.room()
    await room.recordings("Twilio.CURRENT").update_async(status="stopped")
    await asyncio.sleep(0.5)
    [recording] = await room.recordings.list_async()
    assert recording.status == "completed"
    assert (await room.fetch_async()).status == "in-progress"
    with pytest.raises(TwilioRestException):
        await room.recordings("Twilio.CURRENT").update_async(status="paused")


@scenario
async def test_silence_is_trimmed_unless_told_otherwise(scene: Scene) -> None:
    """3.1 trim: trim-silence is the default."""
    await scene.calls_in("alice", enter("room", record="record-from-start", beep=False))
    bob = await scene.calls_in("bob", enter("room", beep=False))
    await asyncio.sleep(1)
    bob.hum(BOB_HZ)
    await asyncio.sleep(1)
    bob.silence()
    await asyncio.sleep(2)
    sound = await samples(scene, (await finished(scene)).sid)
    assert 0.9 < len(sound) / 8_000 < 1.6


@scenario
async def test_a_silent_recording_is_absent(scene: Scene) -> None:
    """4.4 RecordingStatus=absent; 6.5: 16102 silent."""
    await scene.calls_in("alice", enter("room", **{**RECORDED, "trim": "trim-silence"}, beep=False))
    await scene.calls_in("bob", enter("room", beep=False))
    await asyncio.sleep(2)
    recording = await finished(scene)
    assert recording.status == "absent"
    assert [told["RecordingStatus"] for told in scene.told("/recorded")] == ["in-progress", "absent"]
    assert scene.told("/recorded")[-1]["ErrorCode"] == "16102"


@scenario
async def test_the_participants_api_records_the_conference(scene: Scene) -> None:
    """2.3 ConferenceRecord, ConferenceTrim, ConferenceRecordingStatusCallback, …Method, …Event."""
    await scene.adds(
        "alice",
        conference_record="record-from-start",
        conference_trim="do-not-trim",
        conference_recording_status_callback=scene.world.url("/recorded"),
        conference_recording_status_callback_method="GET",
        conference_recording_status_callback_event=["in-progress", "completed"],
    )
    scene.calls["alice"].hum(ALICE_HZ)
    await scene.adds("bob")
    await asyncio.sleep(1)
    recording = await finished(scene)
    assert recording.source == "Conference"
    assert notes_in((await samples(scene, recording.sid))[:, 0], ALICE_HZ) == {ALICE_HZ}
    assert [(told.method, told["RecordingStatus"]) for told in scene.told("/recorded")] == [
        ("GET", "in-progress"),
        ("GET", "completed"),
    ]


@scenario
async def test_a_leg_is_recorded_in_two_channels(scene: Scene) -> None:
    """2.3 Record, RecordingChannels, Trim, RecordingStatusCallback: this leg, what it says and what it hears."""
    bob = await scene.calls_in("bob", enter("room", beep=False))
    added = await scene.adds(
        "alice",
        record=True,
        recording_channels="dual",
        trim="do-not-trim",
        recording_status_callback=scene.world.url("/leg"),
        recording_status_callback_event=["in-progress", "completed"],
        beep="false",
    )
    scene.calls["alice"].hum(ALICE_HZ)
    bob.hum(BOB_HZ)
    await asyncio.sleep(1)
    await scene.calls["alice"].hang_up()
    await asyncio.sleep(0.5)
    [recording] = await scene.twilio.calls(added.call_sid).recordings.list_async()
    assert (recording.channels, recording.source, recording.track) == (2, "OutboundAPI", "both")
    sound = await samples(scene, recording.sid)
    assert notes_in(sound[:, 0], ALICE_HZ, BOB_HZ) == {ALICE_HZ}
    assert notes_in(sound[:, 1], ALICE_HZ, BOB_HZ) == {BOB_HZ}
    begun, completed = scene.told("/leg")
    assert (begun["RecordingStatus"], completed["RecordingStatus"]) == ("in-progress", "completed")
    assert completed["CallSid"] == added.call_sid
    assert (completed["RecordingTrack"], completed["RecordingChannels"]) == ("both", "2")


@pytest.mark.parametrize(("track", "heard"), [("inbound", {ALICE_HZ}), ("outbound", {BOB_HZ})])
def test_one_track_of_a_leg(track: str, heard: set[int]) -> None:
    """2.3 RecordingTrack."""

    @scenario
    async def story(scene: Scene) -> None:
        bob = await scene.calls_in("bob", enter("room", beep=False))
        await scene.adds("alice", record=True, recording_track=track, beep="false")
        scene.calls["alice"].hum(ALICE_HZ)
        bob.hum(BOB_HZ)
        await asyncio.sleep(1)
        await scene.calls["alice"].hang_up()
        await asyncio.sleep(0.5)
        [recording] = await scene.twilio.recordings.list_async()
        assert notes_in((await samples(scene, recording.sid))[:, 0], ALICE_HZ, BOB_HZ) == heard

    story()


@scenario
async def test_a_dial_records_its_leg_as_long_as_it_is_in_the_conference(scene: Scene) -> None:
    """3.3 record on Dial with a Conference: -dual is this leg and what the conference sends it; RecordingUrl."""
    scene.app.answers("/after", twiml("<Say>And now to something completely different, at length.</Say>"))
    dial = {"record": "record-from-answer-dual", "action": "/after", "recording_status_callback": "/recorded"}
    alice = await scene.calls_in("alice", enter("room", dial=dial, beep=False, participant_label="alice"))
    alice.hum(ALICE_HZ)
    bob = await scene.calls_in("bob", enter("room", beep=False))
    bob.hum(BOB_HZ)
    await asyncio.sleep(1)
    left_at = asyncio.get_running_loop().time()
    await (await scene.room()).participants("alice").delete_async()
    await alice.ended(within_s=10)
    assert asyncio.get_running_loop().time() - left_at > 2
    await asyncio.sleep(0.3)
    [recording] = await scene.twilio.recordings.list_async()
    sound = await samples(scene, recording.sid)
    assert 1.2 < len(sound) / 8_000 < 1.7, "what comes after <Dial> is not in it"
    assert notes_in(sound[:, 0], ALICE_HZ, BOB_HZ) == {ALICE_HZ}
    assert notes_in(sound[-6_000:, 1], ALICE_HZ, BOB_HZ) == {BOB_HZ}
    [after] = scene.told("/after")
    assert after["RecordingUrl"].endswith(recording.sid)
    [completed] = scene.told("/recorded")
    assert (completed["RecordingSource"], completed["RecordingStatus"]) == ("DialVerb", "completed")


@scenario
async def test_a_live_call_may_be_recorded_by_the_api(scene: Scene) -> None:
    """8.1: POST /Calls/{sid}/Recordings; the call's recording follows it into and out of conferences."""
    alice = await scene.calls_in("alice", enter("room", beep=False))
    alice.hum(ALICE_HZ)
    started = await scene.twilio.calls(scene.sid("alice")).recordings.create_async()
    assert (started.status, started.source) == ("in-progress", "StartCallRecordingAPI")
    await asyncio.sleep(1)
    stopped = await scene.twilio.calls(scene.sid("alice")).recordings(started.sid).update_async(status="stopped")
    assert stopped.status == "stopped"
    await asyncio.sleep(0.3)
    assert ALICE_HZ in notes_in((await samples(scene, started.sid))[:, 0], ALICE_HZ)
    assert alice.end is None


@scenario
async def test_the_deprecated_event_callback(scene: Scene) -> None:
    """4.3 conference-record-end; 3.1: suppressed when recordingStatusCallback is set."""
    for name, extra in (("old", {}), ("new", {"recording_status_callback": "/recorded"})):
        options: dict[str, Any] = {"record": "record-from-start", "event_callback_url": f"/{name}-events", **extra}
        await scene.calls_in(f"{name}-a", enter(name, **options))
        await scene.calls_in(f"{name}-b", enter(name))
        scene.calls[f"{name}-b"].hum(BOB_HZ)
        await asyncio.sleep(1)
        await (await scene.room(name)).update_async(status="completed")
        await asyncio.sleep(0.5)
    [told] = scene.told("/old-events")
    assert told["EventName"] == "conference-record-end"
    assert told["FriendlyName"] == "old"
    assert told["RecordingUrl"]
    assert int(told["RecordingFileSize"]) > 8_000
    assert told["Duration"] == "1"
    assert scene.told("/new-events") == []


@scenario
async def test_a_recording_can_be_deleted_when_it_is_complete(scene: Scene) -> None:
    """8.4: only completed ones; the media is gone, metadata stay with status deleted."""
    await talk(scene)
    room = await scene.room()
    [running] = await room.recordings.list_async()
    with pytest.raises(TwilioRestException) as refusal:
        await room.recordings(running.sid).delete_async()
    assert refusal.value.status == 409
    recording = await finished(scene)
    assert await scene.twilio.recordings(recording.sid).delete_async() is True
    assert await scene.twilio.recordings.list_async() == []
    [kept] = await scene.twilio.recordings.list_async(include_soft_deleted=True)
    assert kept.status == "deleted"


@scenario
async def test_everybody_but_the_first_is_in_the_second_channel_with_the_beeps(scene: Scene) -> None:
    """8.2: channel 2 is everybody else, however many; who comes back is not the first any more."""
    await talk(scene)
    boss = await scene.calls_in("boss", enter("room", beep=False))
    boss.hum(BOSS_HZ)
    await asyncio.sleep(1)
    await scene.update("alice", muted=True)
    await asyncio.sleep(1)
    sound = await samples(scene, (await finished(scene)).sid)
    assert notes_in(sound[:, 0], ALICE_HZ, BOB_HZ, BOSS_HZ) == {ALICE_HZ}
    assert notes_in(sound[:, 1], ALICE_HZ, BOB_HZ, BOSS_HZ) == {BOB_HZ, BOSS_HZ}
    assert notes_in(sound[-6_000:, 0], ALICE_HZ) == set()


@scenario
async def test_the_last_callback_of_a_call_placed_with_record_tells_of_its_recording(scene: Scene) -> None:
    """4.5 RecordingUrl, RecordingSid, RecordingDuration: only with Record=true, and only when it is completed."""
    bob = await scene.calls_in("bob", enter("room", beep=False))
    bob.hum(BOB_HZ)
    for name, record in (("alice", True), ("carol", False)):
        added = await scene.adds(
            name,
            record=record,
            status_callback=scene.world.url(f"/{name}-status"),
            status_callback_event=["answered", "completed"],
        )
        await asyncio.sleep(1)
        await scene.calls[name].hang_up()
        await asyncio.sleep(0.5)
        answered, completed = scene.told(f"/{name}-status")
        assert not any(key.startswith("Recording") for key, _ in answered.form)
        told = {key: value for key, value in completed.form if key.startswith("Recording")}
        found = await scene.twilio.calls(added.call_sid).recordings.list_async()
        assert told == {
            key: value
            for recording in found
            for key, value in {
                "RecordingSid": recording.sid,
                "RecordingDuration": recording.duration,
                "RecordingUrl": f"http://node.example.com/2010-04-01/Accounts/{scene.world.account_sid}"
                f"/Recordings/{recording.sid}",
            }.items()
        }
        assert bool(told) is record


@scenario
async def test_who_asks_to_hear_of_pauses_and_stops_does(scene: Scene) -> None:
    """2.3 RecordingStatusCallbackEvent: the wider set of words that the Participants API takes."""
    await scene.calls_in("bob", enter("room", beep=False))
    added = await scene.adds(
        "alice",
        record=True,
        recording_status_callback=scene.world.url("/leg"),
        recording_status_callback_event=["started", "paused", "resumed", "stopped", "completed"],
    )
    recording = scene.twilio.calls(added.call_sid).recordings("Twilio.CURRENT")
    for status in ("paused", "in-progress", "stopped"):
        scene.calls["bob"].hum(BOB_HZ)
        await asyncio.sleep(0.5)
        await recording.update_async(status=status)
    await asyncio.sleep(0.5)
    statuses = [told["RecordingStatus"] for told in scene.told("/leg")]
    assert statuses == ["in-progress", "paused", "in-progress", "stopped", "completed"]
