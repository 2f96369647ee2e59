"""Tracks of participants and of whispers: docs/recordings.md, by ear."""

import asyncio
from typing import Any

import numpy as np
import pytest
from tests.scenarios.cast import Scene, enter, scenario
from tests.scenarios.test_conference_recording import downmix, notes_in, samples

from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.commands import StartConferenceRecording
from mixminus.calls.records import RecordingRecord, RecordingStatus
from mixminus.store.contract import Is, Where

ALICE_HZ, BOB_HZ, BOSS_HZ = 1229, 1871, 2531
SECOND = 8_000


async def start(scene: Scene, *, participants: bool = True, whisper: bool = False) -> RecordingRecord:
    conference = Sid((await scene.conference()).sid)
    return await scene.world.exchange.start_conference_recording(
        StartConferenceRecording(conference, participants, whisper)
    )


async def tracks_of(scene: Scene, leader: RecordingRecord) -> list[RecordingRecord]:
    return list(await scene.world.store.query(RecordingRecord, Where("set_sid", Is.EQUAL, leader.sid)))


async def talk(scene: Scene) -> None:
    for name, hz in (("alice", ALICE_HZ), ("bob", BOB_HZ)):
        (await scene.calls_in(name, enter("room", beep=False))).hum(hz)
    await asyncio.sleep(0.5)


async def end(scene: Scene) -> None:
    await (await scene.room()).update_async(status="completed")
    await asyncio.sleep(0.5)


async def sounds(scene: Scene, leader: RecordingRecord) -> dict[str, Any]:
    """Each track's samples, by the name of its participant, or `whisper`."""
    names = {scene.sid(name): name for name in scene.calls if scene.app.received(f"/{name}")}
    return {
        names.get(track.call_sid or "", track.track or ""): (await samples(scene, track.sid))[:, 0]
        for track in await tracks_of(scene, leader)
    }


@scenario
async def test_everybody_has_a_track_and_who_comes_later_begins_with_silence(scene: Scene) -> None:
    await talk(scene)
    leader = await start(scene)
    await asyncio.sleep(1)
    carol = await scene.calls_in("carol", enter("room", beep=False))
    carol.hum(BOSS_HZ)
    await asyncio.sleep(1)
    await end(scene)
    tracks = await sounds(scene, leader)
    whole = len(await samples(scene, leader.sid))
    assert {name: notes_in(sound, ALICE_HZ, BOB_HZ, BOSS_HZ) for name, sound in tracks.items()} == {
        "alice": {ALICE_HZ},
        "bob": {BOB_HZ},
        "carol": {BOSS_HZ},
    }
    assert {len(sound) for sound in tracks.values()} == {whole}
    came = np.flatnonzero(tracks["carol"])[0]
    assert SECOND <= came < 1.4 * SECOND


@scenario
async def test_the_tracks_of_all_add_up_to_the_recording_of_the_conference(scene: Scene) -> None:
    """Sample by sample: nothing is shifted, nothing is missing, nobody is muted in one and not in the other."""
    await talk(scene)
    leader = await start(scene)
    await asyncio.sleep(0.7)
    await scene.update("alice", muted=True)
    await asyncio.sleep(0.7)
    await scene.update("alice", muted=False, hold=True)
    carol = await scene.calls_in("carol", enter("room", beep=False))
    carol.hum(BOSS_HZ)
    await asyncio.sleep(0.7)
    await scene.update("alice", hold=False)
    await asyncio.sleep(0.7)
    await end(scene)
    tracks = await sounds(scene, leader)
    dual = await samples(scene, leader.sid)
    assert np.array_equal(tracks["alice"], dual[:, 0])
    assert np.array_equal(tracks["bob"] + tracks["carol"], dual[:, 1])


@scenario
async def test_whispers_have_a_track_of_their_own_when_they_are_asked_for(scene: Scene) -> None:
    await talk(scene)
    silent, leader = await start(scene), await start(scene, participants=False, whisper=True)
    await scene.adds("boss", coaching=True, call_sid_to_coach=scene.sid("bob"), label="boss", beep="false")
    scene.calls["boss"].hum(BOSS_HZ)
    await asyncio.sleep(1)
    barged_at = scene.world.engine.ticks
    await scene.update("boss", coaching=False)
    await asyncio.sleep(1)
    ended_at = scene.world.engine.ticks
    await end(scene)
    [whisper] = [track for track in await tracks_of(scene, leader) if track.track == "whisper"]
    sound = (await samples(scene, whisper.sid))[:, 0]
    barge = len(sound) - (ended_at - barged_at) * 160
    assert notes_in(sound[:barge], ALICE_HZ, BOB_HZ, BOSS_HZ) == {BOSS_HZ}
    assert notes_in(sound[barge + 320 :], ALICE_HZ, BOB_HZ, BOSS_HZ) == set()
    assert BOSS_HZ not in notes_in((await downmix(scene, leader.sid))[:barge], BOSS_HZ)
    for track in await tracks_of(scene, silent):
        assert BOSS_HZ not in notes_in((await samples(scene, track.sid))[:barge, 0], BOSS_HZ)


@scenario
async def test_a_set_is_paused_and_stopped_as_one(scene: Scene) -> None:
    await talk(scene)
    leader = await start(scene, whisper=True)
    room = await scene.room()
    await asyncio.sleep(0.6)
    await room.recordings(leader.sid).update_async(status="paused", pause_behavior="skip")
    await asyncio.sleep(0.6)
    carol = await scene.calls_in("carol", enter("room", beep=False))
    carol.hum(BOSS_HZ)
    await room.recordings(leader.sid).update_async(status="in-progress")
    await asyncio.sleep(0.6)
    await room.recordings("Twilio.CURRENT").update_async(status="stopped")
    await asyncio.sleep(0.2)
    lengths = {len(await samples(scene, one.sid)) for one in (leader, *await tracks_of(scene, leader))}
    assert len(lengths) == 1
    assert 1.1 * SECOND < lengths.pop() < 1.5 * SECOND
    statuses = {one.status for one in await tracks_of(scene, leader)}
    assert statuses == {RecordingStatus.COMPLETED}
    await scene.calls_in("dave", enter("room", beep=False))
    assert len(await tracks_of(scene, leader)) == 4, "who comes after the stop has no track"


@scenario
async def test_a_track_ends_with_its_participant_and_who_comes_back_gets_another(scene: Scene) -> None:
    await talk(scene)
    await scene.calls_in("carol", enter("room", beep=False, participant_label="carol"))
    leader = await start(scene)
    await asyncio.sleep(0.5)
    await (await scene.room()).participants("carol").delete_async()
    await asyncio.sleep(1)
    await end(scene)
    tracks = await sounds(scene, leader)
    assert len(tracks["carol"]) < len(tracks["alice"]) - 0.8 * SECOND


@scenario
async def test_only_a_conference_in_which_people_talk_can_be_recorded(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room", beep=False))
    with pytest.raises(Refusal) as refusal:
        await start(scene)
    assert refusal.value.code == 16001


@scenario
async def test_deleting_a_set_removes_its_tracks(scene: Scene) -> None:
    await talk(scene)
    leader = await start(scene)
    await asyncio.sleep(0.5)
    await end(scene)
    files = [scene.world.exchange.recording_file(track) for track in await tracks_of(scene, leader)]
    assert all(file.exists() for file in files)
    await scene.twilio.recordings(leader.sid).delete_async()
    assert not any(file.exists() for file in files)
