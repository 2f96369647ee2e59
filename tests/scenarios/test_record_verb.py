"""`<Record>`, by ear: twiml-and-streams.md 2.5, 1.5."""

import asyncio
from functools import cache
from typing import Any

import numpy as np
import pytest
from bench.speech import VOICES, spoken
from numpy.typing import NDArray
from tests.scenarios.cast import Scene, everybody, scenario, twiml
from tests.scenarios.test_conference_recording import notes_in, samples

from mixminus.base.types import Sid
from mixminus.calls.records import RecordingRecord, RecordingSource
from mixminus.prompts.io.flite_worker import Flite
from mixminus.testing.sounds import SPEECH_HZ

BEEP_HZ = 1_000
CALLER_HZ = 1871
"""Hummed under the words: what was said is found again by it."""


@cache
def sentence() -> NDArray[np.int16]:
    return spoken("my colleague would like to change the blue invoice before noon", VOICES[0], Flite())


def record(*after: str, **attributes: str) -> str:
    said = "".join(f' {name}="{value}"' for name, value in {"action": "/recorded", **attributes}.items())
    return twiml(f"<Record{said}/>", *after)


async def caller(scene: Scene, document: str) -> Any:
    """On the line, and the beep is over."""
    scene.app.answers("/recorded", twiml("<Say>Thank you.</Say>"))
    alice = await scene.calls_in("alice", document)
    await asyncio.sleep(0.6)
    return alice


async def action(scene: Scene, within_s: float = 20) -> Any:
    return await scene.app.wait_for("/recorded", within_s=within_s)


@scenario
async def test_a_message_after_the_beep(scene: Scene) -> None:
    """action: RecordingUrl, RecordingDuration, Digits. What is said is in the file, and the beep is not."""
    alice = await caller(scene, record())
    assert alice.first_heard(BEEP_HZ) is not None
    assert not alice.hears(BEEP_HZ), "it is short"
    await alice.say(sentence())
    alice.hum(CALLER_HZ)
    await asyncio.sleep(1)
    alice.silence()
    await alice.press("#")
    told = await action(scene)
    assert told["Digits"] == "#"
    assert told["RecordingUrl"].endswith(f"/Recordings/{told['RecordingSid']}")
    seconds = len(sentence()) / 8_000 + 1
    assert abs(int(told["RecordingDuration"]) - seconds) <= 1
    sound = await samples(scene, told["RecordingSid"])
    assert sound.shape[1] == 1
    assert abs(len(sound) / 8_000 - seconds) < 0.6
    assert notes_in(sound[:, 0], CALLER_HZ, BEEP_HZ) == {CALLER_HZ}
    kept = await scene.world.store.fetch(RecordingRecord, Sid(told["RecordingSid"]))
    assert kept is not None
    assert (kept.source, kept.call_sid) == (RecordingSource.RECORD_VERB, scene.sid("alice"))
    await asyncio.sleep(0.3)
    assert alice.hears(SPEECH_HZ), "the action's document replaces this one"


@scenario
async def test_without_a_beep(scene: Scene) -> None:
    """playBeep=false: it records at once."""
    alice = await caller(scene, record(playBeep="false"))
    await alice.say(sentence())
    await action(scene)
    assert alice.first_heard(BEEP_HZ) is None


@scenario
async def test_silence_ends_it_and_is_cut_off(scene: Scene) -> None:
    """timeout: seconds of silence after the last word; trim-silence is the default; no key, no Digits."""
    alice = await caller(scene, record(timeout="3"))
    await alice.say(sentence())
    spoken_until = asyncio.get_running_loop().time()
    told = await action(scene)
    assert 2.5 < told.arrived_at - spoken_until < 3.8
    assert "Digits" not in told.form
    sound = await samples(scene, told["RecordingSid"])
    assert len(sound) <= len(sentence()) + 1_600


@scenario
async def test_silence_may_be_kept(scene: Scene) -> None:
    """trim=do-not-trim."""
    alice = await caller(scene, record(timeout="3", trim="do-not-trim"))
    await alice.say(sentence())
    sound = await samples(scene, (await action(scene))["RecordingSid"])
    assert len(sound) > len(sentence()) + 2 * 8_000


@scenario
async def test_somebody_who_says_nothing_goes_on_at_the_next_verb(scene: Scene) -> None:
    """Verbs after Record run only when nothing was recorded."""
    alice = await caller(scene, record("<Say>Nothing?</Say>", timeout="2"))
    await asyncio.sleep(2.2)
    assert alice.hears(SPEECH_HZ)
    assert scene.told("/recorded") == []


@scenario
async def test_a_timeout_of_zero_waits_for_as_long_as_it_may(scene: Scene) -> None:
    """timeout=0 disables; maxLength ends it all the same."""
    alice = await caller(scene, record(timeout="0", maxLength="12"))
    begun = asyncio.get_running_loop().time()
    await asyncio.sleep(8)
    await alice.say(sentence())
    told = await action(scene)
    assert 11 < told.arrived_at - begun < 13


@scenario
async def test_only_the_keys_that_were_named_end_it(scene: Scene) -> None:
    """finishOnKey: any set of keys."""
    alice = await caller(scene, record(finishOnKey="5*", timeout="30"))
    await alice.say(sentence())
    await alice.press("1#")
    await asyncio.sleep(1)
    assert scene.told("/recorded") == []
    await alice.press("5")
    assert (await action(scene, within_s=2))["Digits"] == "5"


@scenario
async def test_who_hangs_up_has_left_a_message(scene: Scene) -> None:
    """1.5 and 2.5: the action is asked after the hang-up, Digits=hangup; its answer is ignored."""
    alice = await caller(scene, record())
    await alice.say(sentence())
    await alice.hang_up()
    told = await action(scene, within_s=2)
    assert (told["Digits"], told["CallStatus"]) == ("hangup", "completed")
    assert len(await samples(scene, told["RecordingSid"])) > 8_000


@scenario
async def test_a_redirect_takes_the_caller_out_of_it(scene: Scene) -> None:
    """Nobody hung up: the action is not asked, and what was said is kept."""
    alice = await caller(scene, record())
    await alice.say(sentence())
    await scene.twilio.calls(scene.sid("alice")).update_async(twiml=twiml("<Say>Come here.</Say>"))
    await asyncio.sleep(0.4)
    assert alice.hears(SPEECH_HZ)
    assert scene.told("/recorded") == []
    [kept] = await scene.twilio.recordings.list_async(call_sid=scene.sid("alice"))
    assert (kept.status, kept.source) == ("completed", "RecordVerb")


@pytest.mark.parametrize(("says_something", "last"), [(True, "completed"), (False, "absent")])
def test_recording_status_callbacks(says_something: bool, last: str) -> None:
    """recordingStatusCallback, …Event; RecordingSource=RecordVerb."""

    @scenario
    async def story(scene: Scene) -> None:
        subscription = {"recordingStatusCallbackEvent": "in-progress completed absent"}
        document = record(timeout="2", recordingStatusCallback="/status", **subscription)
        alice = await caller(scene, document)
        if says_something:
            await alice.say(sentence())
        await asyncio.sleep(4)
        told = scene.told("/status")
        assert [request["RecordingStatus"] for request in told] == ["in-progress", last]
        assert {request["RecordingSource"] for request in told} == {"RecordVerb"}
        assert {request["CallSid"] for request in told} == {scene.sid("alice")}

    story()


@scenario
async def test_an_api_that_stops_the_recording_ends_the_verb(scene: Scene) -> None:
    """8: recordings(Twilio.CURRENT).update(status=stopped)."""
    alice = await caller(scene, record(timeout="60"))
    await alice.say(sentence())
    current = scene.twilio.calls(scene.sid("alice")).recordings("Twilio.CURRENT")
    await current.update_async(status="stopped")
    assert (await action(scene, within_s=2))["RecordingDuration"] != "0"


@scenario
async def test_the_called_party_says_its_name_before_it_is_connected(scene: Scene) -> None:
    """2.7 url: a whisper may record."""
    scene.app.answers("/name", twiml("<Record action='/named' timeout='1'/>"))
    scene.app.answers("/named", twiml(""))
    bob = await scene.phone("bob")
    alice = await scene.calls_in("alice", twiml(f"<Dial><Sip url='/name'>{bob.uri}</Sip></Dial>"))
    far = await scene.rings(bob)
    await asyncio.sleep(0.8)
    await far.say(sentence())
    named = await scene.app.wait_for("/named", within_s=5)
    assert named["ParentCallSid"] == scene.sid("alice")
    await asyncio.sleep(0.4)
    scene.calls = {"alice": alice, "bob": far}
    assert await scene.pairs() == everybody("alice", "bob")
