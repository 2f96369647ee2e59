"""4.1 `speaker`: who begins and ceases to speak, and who has the floor."""

import asyncio
from functools import cache

import numpy as np
from bench.speech import VOICES, spoken
from numpy.typing import NDArray
from tests.scenarios.cast import Scene, enter, enter_telling, scenario

from mixminus.prompts.io.flite_worker import Flite


@cache
def sentence() -> NDArray[np.int16]:
    return spoken("my colleague would like to change the blue invoice before noon", VOICES[0], Flite())


async def says(scene: Scene, name: str) -> None:
    await scene.calls[name].say(sentence())
    await asyncio.sleep(1.0)


def told(scene: Scene) -> list[str]:
    return [event for event in scene.events() if "speech" in event]


@scenario
async def test_4_1_speaker_tells_of_each_talkspurt_once(scene: Scene) -> None:
    await scene.calls_in("alice", enter_telling("room"))
    await scene.calls_in("bob", enter("room"))
    await says(scene, "bob")
    assert told(scene) == ["participant-speech-start", "participant-speech-stop"]
    scene.calls["bob"].hum(400)
    await asyncio.sleep(3.0)
    assert len(told(scene)) == 2, "a tone is no speech"


@scenario
async def test_a_muted_voice_speaks_to_nobody(scene: Scene) -> None:
    await scene.calls_in("alice", enter_telling("room"))
    await scene.calls_in("bob", enter("room", muted=True))
    await says(scene, "bob")
    assert told(scene) == []


@scenario
async def test_without_a_subscription_nobody_is_watched(scene: Scene) -> None:
    await scene.calls_in("alice", enter_telling("room", "start end"))
    await scene.calls_in("bob", enter("room"))
    await says(scene, "bob")
    sid = (await scene.conference()).sid
    assert not [name for name in await scene.world.events(sid) if "spe" in name]


@scenario
async def test_the_dominant_speaker_is_in_the_log_of_events(scene: Scene) -> None:
    await scene.calls_in("alice", enter_telling("room"))
    await scene.calls_in("bob", enter("room"))
    sid = (await scene.conference()).sid
    for name in ("bob", "alice", "alice", "bob"):
        await says(scene, name)
    names = await scene.world.events(sid)
    assert names.count("dominant-speaker") == 3, "bob, alice, bob"
    assert "dominant-speaker" not in scene.events(), "no word of Twilio's"
