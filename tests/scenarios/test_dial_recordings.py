"""`<Dial record>` to people, by ear: twiml-and-streams.md 2.6."""

import asyncio
from typing import Any

import pytest
from tests.scenarios.cast import Scene, scenario, twiml
from tests.scenarios.test_conference_recording import notes_in, samples

ALICE_HZ, BOB_HZ, RINGBACK_HZ = 1229, 1871, 480


def dial(uri: str, **attributes: str) -> str:
    said = "".join(f' {name}="{value}"' for name, value in {"action": "/after", **attributes}.items())
    return twiml(f"<Dial{said}><Sip>{uri}</Sip></Dial>")


async def talk(scene: Scene, mode: str, **attributes: str) -> Any:
    """Bob rings for three seconds, then both hum for two. What the action URL is told."""
    bob = await scene.phone("bob")
    bob.answers(after_s=3)
    alice = await scene.calls_in("alice", dial(bob.uri, record=mode, **attributes))
    far = await scene.rings(bob)
    await far.answered(within_s=5)
    alice.hum(ALICE_HZ)
    far.hum(BOB_HZ)
    await asyncio.sleep(2)
    await far.hang_up()
    return await scene.app.wait_for("/after", within_s=5)


async def recorded(scene: Scene, told: Any) -> Any:
    await asyncio.sleep(0.5)
    return await samples(scene, told["RecordingUrl"].rpartition("/")[2])


@pytest.mark.parametrize("mode", ["record-from-answer", "true"])
def test_from_the_answer_both_in_one_channel(mode: str) -> None:
    @scenario
    async def story(scene: Scene) -> None:
        sound = await recorded(scene, await talk(scene, mode))
        assert sound.shape[1] == 1
        assert notes_in(sound[:, 0], ALICE_HZ, BOB_HZ, RINGBACK_HZ) == {ALICE_HZ, BOB_HZ}
        assert 1.7 < len(sound) / 8_000 < 2.5

    story()


@scenario
async def test_dual_has_the_caller_first_and_the_called_one_second(scene: Scene) -> None:
    sound = await recorded(scene, await talk(scene, "record-from-answer-dual"))
    assert [notes_in(sound[:, channel], ALICE_HZ, BOB_HZ) for channel in (0, 1)] == [{ALICE_HZ}, {BOB_HZ}]


@scenario
async def test_from_the_ringing_the_ringing_is_in_it(scene: Scene) -> None:
    sound = await recorded(scene, await talk(scene, "record-from-ringing-dual"))
    assert notes_in(sound[: 2 * 8_000, 1], RINGBACK_HZ) == {RINGBACK_HZ}
    assert notes_in(sound[:, 0], ALICE_HZ, RINGBACK_HZ) == {ALICE_HZ}
    assert notes_in(sound[:, 1], BOB_HZ) == {BOB_HZ}
    assert 4.7 < len(sound) / 8_000 < 5.6


@scenario
async def test_from_the_ringing_of_a_caller_who_rings_too_it_begins_at_the_answer(scene: Scene) -> None:
    """answerOnBridge: there is no audio before."""
    told = await talk_on_bridge(scene)
    sound = await recorded(scene, told)
    assert notes_in(sound[:, 0], ALICE_HZ, BOB_HZ, RINGBACK_HZ) == {ALICE_HZ, BOB_HZ}


async def talk_on_bridge(scene: Scene) -> Any:
    bob = await scene.phone("bob")
    bob.answers(after_s=2)
    number = await scene.number_for("alice", dial(bob.uri, record="record-from-ringing", answerOnBridge="true"))
    alice = await (await scene.world.phone("alice")).place(number)
    await alice.answered(within_s=4)
    far = await scene.rings(bob)
    alice.hum(ALICE_HZ)
    far.hum(BOB_HZ)
    await asyncio.sleep(2)
    await far.hang_up()
    return await scene.app.wait_for("/after", within_s=5)


@scenario
async def test_what_rang_in_vain_was_recorded_too(scene: Scene) -> None:
    bob = await scene.phone("bob")
    bob.rings_forever()
    await scene.calls_in("alice", dial(bob.uri, record="record-from-ringing", timeout="8"))
    told = await scene.app.wait_for("/after", within_s=15)
    assert told["DialCallStatus"] == "no-answer"
    sound = await recorded(scene, told)
    assert notes_in(sound[:, 0], RINGBACK_HZ) == {RINGBACK_HZ}
    assert 7 < len(sound) / 8_000 < 14


@scenario
async def test_one_recording_for_all_who_ring_one_after_another(scene: Scene) -> None:
    first, second = await scene.phone("first"), await scene.phone("second")
    first.rejects(486, after_s=2)
    second.answers(after_s=1)
    nouns = f"<Sip>{first.uri}</Sip><Sip>{second.uri}</Sip>"
    document = twiml(f"<Dial action='/after' sequential='true' record='record-from-ringing'>{nouns}</Dial>")
    await scene.calls_in("alice", document)
    far = await scene.rings(second, within_s=10)
    await far.answered(within_s=5)
    await asyncio.sleep(1)
    await far.hang_up()
    told = await scene.app.wait_for("/after", within_s=5)
    assert len(await scene.twilio.recordings.list_async(call_sid=scene.sid("alice"))) == 1
    assert 3.5 < len(await recorded(scene, told)) / 8_000 < 5


@scenario
async def test_the_recording_ends_with_the_dial(scene: Scene) -> None:
    """What is said to the caller afterwards is not in it."""
    scene.app.answers("/after", twiml("<Pause length='5'/>"))
    told = await talk(scene, "record-from-answer", recordingStatusCallback="/status")
    await asyncio.sleep(1)
    [status] = scene.told("/status")
    assert (status["RecordingStatus"], status["RecordingSource"]) == ("completed", "DialVerb")
    assert told["RecordingUrl"] == status["RecordingUrl"]
