"""Streams in other formats than Twilio's, by ear, and over the node's own wire: docs/streams.md, "Hear more"."""

import asyncio
import itertools
from typing import Any

import numpy as np
import pytest
from tests.scenarios.cast import Scene, enter, scenario, twiml
from tests.scenarios.test_streams import AGENT, agent_joins, connect, heard_hz, start

from mixminus.media.kernels.libopus import encode_frame
from mixminus.media.opus_library import OpusTerms, opus_library
from mixminus.testing.stream_agent import StreamConversation

LINEAR = ("audio/x-l16", 8_000), ("audio/x-l16", 16_000), ("audio/x-l16", 24_000)


def formatted(encoding: str, rate_hz: int, **attributes: Any) -> str:
    return connect(audio_format=encoding, sample_rate=str(rate_hz), **attributes)


def opus_hum(talk: StreamConversation, hertz: int, seconds: float) -> None:
    opus = opus_library()
    assert opus is not None
    encoder = opus.new_encoder(48_000, OpusTerms(32_000, 5, False))
    time = np.arange(round(seconds * 48_000)) / 48_000
    sound = np.round(3_000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16)
    packet = np.zeros(400, np.uint8)
    for frame in sound.reshape(-1, 960):
        size = encode_frame(opus.encode_address, encoder.ctypes.data, frame, packet)
        talk.say_octets(packet[:size].tobytes())


@pytest.mark.parametrize(("encoding", "rate_hz"), [*LINEAR, ("audio/opus", 48_000)])
def test_an_agent_in_a_conference_hears_and_speaks_in_its_format(encoding: str, rate_hz: int) -> None:
    @scenario
    async def story(scene: Scene) -> None:
        alice = await scene.calls_in("alice", enter("room"))
        _, talk = await agent_joins(scene, formatted(encoding, rate_hz))
        little = {"endianness": "little"} if encoding == "audio/x-l16" else {}
        assert talk.start["mediaFormat"] == {"encoding": encoding, "sampleRate": rate_hz, "channels": 1} | little
        alice.hum(521)
        await asyncio.sleep(0.5)
        assert talk.hears() == {521}
        if encoding == "audio/opus":
            opus_hum(talk, 733, 1.0)
        else:
            talk.hum(733, 1.0)
            assert {len(frame) for frame in talk.frames()} == {rate_hz // 25}
        talk.mark("end")
        assert await heard_hz(scene, "alice", seconds=0.5) == {733}
        await asyncio.sleep(0.7)
        last = alice.line.ear.last_heard(733)
        assert last is not None
        assert talk.marks == ["end"]
        assert abs(talk.mark_at("end") - last) <= 0.04 + 1e-9
        media = [message["media"] for message in talk.said("media")]
        stamps = [int(one["timestamp"]) for one in media]
        assert all(later - sooner == 20 for sooner, later in itertools.pairwise(stamps))

    story()


@pytest.mark.parametrize(("encoding", "rate_hz"), [LINEAR[1], ("audio/opus", 48_000)])
def test_clear_and_played_are_in_time_not_in_octets(encoding: str, rate_hz: int) -> None:
    @scenario
    async def story(scene: Scene) -> None:
        agent = scene.world.agents.at(AGENT)
        alice = await scene.calls_in("alice", formatted(encoding, rate_hz, report_played=True))
        talk = await agent.conversation()
        if encoding == "audio/opus":
            opus_hum(talk, 521, 4.0)
        else:
            talk.hum(521, 4.0)
        await asyncio.sleep(1.507)
        cleared_at = asyncio.get_running_loop().time()
        talk.clear()
        await asyncio.sleep(0.2)
        (message,) = talk.said("played")
        first, last = alice.line.ear.first_heard(521), alice.line.ear.last_heard(521)
        assert first is not None
        assert last is not None
        assert last - 0.02 - cleared_at <= 0.04
        assert message["played"]["saidMs"] == "4000"
        assert abs(int(message["played"]["playedMs"]) - 1000 * (last - first)) <= 40

    story()


@scenario
async def test_a_format_that_is_not_offered_is_told_and_twilios_is_taken(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    for number, (name, rate) in enumerate((("audio/opus", "8000"), ("audio/flac", None), (None, "44100"))):
        attributes = {"audio_format": name, "sample_rate": rate}
        await scene.calls_in(f"caller{number}", connect(**{key: word for key, word in attributes.items() if word}))
        talk = await agent.conversation(number)
        assert talk.start["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}


@scenario
async def test_by_rest(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    await scene.calls_in("bob", twiml("<Say>Hello</Say>", '<Pause length="60"/>'))

    async def create(**more: str) -> Any:
        path = f"/2010-04-01/Accounts/{scene.world.account_sid}/Calls/{scene.sid('bob')}/Streams.json"
        url = scene.twilio.api.base_url + path
        return await scene.twilio.request_async("POST", url, data={"Url": AGENT, **more})

    for wrong in (
        {"AudioFormat": "audio/x-l16", "SampleRate": "48000"},
        {"AudioFormat": "audio/flac"},
        {"SampleRate": "16000"},
    ):
        assert (await create(**wrong)).status_code == 400
    assert (await create(AudioFormat="audio/x-l16")).status_code in (200, 201)
    talk = await agent.conversation()
    assert talk.rate_hz == 16_000
    scene.calls["bob"].hum(733)
    await asyncio.sleep(0.5)
    assert talk.hears() == {733}


@scenario
async def test_half_a_sample_and_what_is_no_packet_are_told_once_and_harm_nothing(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    await scene.calls_in("alice", formatted("audio/x-l16", 16_000))
    talk = await agent.conversation()
    talk.say_octets(bytes(641))
    talk.hum(521, 1.0)
    await asyncio.sleep(0.5)
    assert await heard_hz(scene, "alice") == {521}
    await scene.calls_in("bob", formatted("audio/opus", 48_000))
    bob = await agent.conversation(1)
    for packet in (b"", b"\xff" * 9000, b"\x03\x00", b"\xff" * 40):
        bob.say_octets(packet)
    opus_hum(bob, 733, 1.0)
    bob.mark("end")
    await asyncio.sleep(0.5)
    assert await heard_hz(scene, "bob") == {733}
    await asyncio.sleep(1.0)
    assert bob.marks == ["end"]


@scenario
async def test_two_streams_of_one_call_in_two_formats(scene: Scene) -> None:
    plain, high = scene.world.agents.at(AGENT), scene.world.agents.at("wss://agent.example.com/high")
    documents = start(name="plain", then=""), start("wss://agent.example.com/high", audio_format="audio/x-l16")
    inner = "".join(one.removeprefix("<Response>").removesuffix("</Response>") for one in documents)
    alice = await scene.calls_in("alice", twiml(inner))
    alice.hum(521)
    await asyncio.sleep(0.5)
    for agent, rate_hz in ((plain, 8_000), (high, 16_000)):
        talk = await agent.conversation()
        assert talk.rate_hz == rate_hz
        assert talk.hears() == {521}
