"""`python -m bench.stream_formats`: what a stream costs in each format, as ratios to Twilio's own.

Rooms of two agents that hum at each other, in this process and without sockets: the engine (mixing, resampling,
coding), and the control plane (playout, messages). CPU time, so that a busy machine does not matter much; formats
take turns, and the least of three rounds counts.
"""

import argparse
import json
import random
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Final

import numpy as np

from mixminus.app.streams.live_stream import LiveStream
from mixminus.app.streams.stream_link import StreamLink
from mixminus.audio import g711
from mixminus.base.stream_formats import LINEAR, MULAW, OPUS, StreamFormat
from mixminus.base.types import Sid
from mixminus.media.contract import CloseLeg, Command, LegRow, OpenPipe, SetRoom, StreamsHeard
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.kernels.libopus import encode_frame
from mixminus.media.opus_library import OpusTerms, opus_library
from mixminus.streams.messages import StreamFacts, media_format

FORMATS: Final = (
    StreamFormat(MULAW, 8_000),
    StreamFormat(LINEAR, 8_000),
    StreamFormat(LINEAR, 16_000),
    StreamFormat(LINEAR, 24_000),
    StreamFormat(OPUS, 48_000),
)
WARM_UP_TICKS: Final = 30
ROUNDS: Final = 3


class Ear:
    """A WebSocket that reads at once."""

    is_congested = False

    def __init__(self) -> None:
        self.octets = 0

    def send(self, message: bytes) -> None:
        self.octets += len(message)

    def close(self, code: int = 1000) -> None:
        """Nothing waits."""


def hums(audio: StreamFormat) -> list[bytes]:
    """Payloads of 20 ms."""
    time_s = np.arange(audio.sample_rate) / audio.sample_rate
    frames = (3000 * np.sin(2 * np.pi * 440 * time_s)).astype(np.int16).reshape(50, -1)
    if audio.encoding == LINEAR:
        return [frame.astype("<i2").tobytes() for frame in frames]
    if audio.encoding == MULAW:
        return [g711.encode_ulaw(frame) for frame in frames]
    opus = opus_library()
    assert opus is not None
    encoder, packet = opus.new_encoder(audio.sample_rate, OpusTerms(32_000, 5, fec=False)), np.zeros(400, np.uint8)
    sizes = (encode_frame(opus.encode_address, encoder.ctypes.data, frame.copy(), packet) for frame in frames)
    return [packet[:size].tobytes() for size in sizes]


def lines(audio: StreamFormat, sid: str) -> list[bytes]:
    """Messages of an agent."""
    return [
        json.dumps({"event": "media", "streamSid": sid, "media": {"payload": b64encode(hum).decode()}}).encode()
        for hum in hums(audio)
    ]


class Node:
    """An engine, and as much of the control plane as a frame meets."""

    def __init__(self, audio: StreamFormat, streams: int) -> None:
        self.engine = Engine(EngineSettings(legs=2 * streams, rooms=streams), random.Random(7).randbytes)
        self.link = StreamLink(self.take)
        self.commands: list[Command] = []
        self.ears = [Ear() for _ in range(streams)]
        self.live = [self._stream(number, audio) for number in range(streams)]
        self.said = [lines(audio, stream.facts.sid) for stream in self.live]

    def take(self, *commands: Command) -> None:
        self.commands.extend(commands)

    def _stream(self, number: int, audio: StreamFormat) -> LiveStream:
        near, far = 2 * number + 1, 2 * number + 2
        self.engine.apply([OpenPipe(near, far)])
        if number % 2:
            rows = tuple(LegRow(leg, on_bus=True, hears_bus=True) for leg in (near - 2, near))
            self.engine.apply([SetRoom(number, rows)])
        sid = Sid(f"MZ{number:032x}")
        facts = StreamFacts(
            Sid("AC" + "1" * 32), Sid(f"CA{number:032x}"), sid, ("inbound",),
            media_format=media_format(audio), is_bidirectional=True,
        )  # fmt: skip
        stream = LiveStream(facts, sid, far, self.link, print)
        stream.begin(self.ears[number])
        return stream

    def run(self, ticks: int) -> tuple[float, float]:
        """CPU seconds of the engine and of the control plane."""
        engine_s = control_s = 0.0
        for tick in range(ticks):
            began = time.process_time()
            for stream, said in zip(self.live, self.said, strict=True):
                stream.received(said[tick % 50], is_text=True)
            self.link._flush()
            commands, self.commands = self.commands, []
            control_s += time.process_time() - began
            began = time.process_time()
            self.engine.apply(commands)
            self.engine.tick()
            events = self.engine.take_events()
            engine_s += time.process_time() - began
            began = time.process_time()
            for event in events:
                if isinstance(event, StreamsHeard):
                    self.link.heard(event)
            control_s += time.process_time() - began
        return engine_s, control_s

    def close(self) -> None:
        self.engine.apply([CloseLeg(leg) for leg in tuple(self.engine.legs.slots)])
        self.engine.close()


def main(tell: Callable[[str], None] = print) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.stream_formats", description=__doc__)
    parser.add_argument("--streams", type=int, default=40)
    parser.add_argument("--ticks", type=int, default=150)
    options = parser.parse_args()
    least: dict[StreamFormat, tuple[float, float, float]] = {}
    for _ in range(ROUNDS):
        for audio in FORMATS:
            node = Node(audio, options.streams)
            node.run(WARM_UP_TICKS)
            sent = sum(ear.octets for ear in node.ears)
            seconds = options.streams * options.ticks / 50
            engine_s, control_s = node.run(options.ticks)
            sent = sum(ear.octets for ear in node.ears) - sent
            node.close()
            figures = 1e6 * engine_s / seconds, 1e6 * control_s / seconds, sent / seconds
            best = least.get(audio, figures)
            least[audio] = min(figures[0], best[0]), min(figures[1], best[1]), figures[2]
    engine, control, _ = least[FORMATS[0]]
    tell(f"{'format':<22}{'engine':>8}{'control':>9}{'sum':>7}{'octets/s':>10}   (us of CPU a stream and second)")
    for audio, (mine, theirs, octets) in least.items():
        name = f"{audio.encoding} {audio.sample_rate}"
        tell(
            f"{name:<22}{mine:>8.0f}{theirs:>9.0f}{mine + theirs:>7.0f}{octets:>10.0f}"
            f"   x {mine / engine:.2f}, {theirs / control:.2f}, {(mine + theirs) / (engine + control):.2f}"
        )


if __name__ == "__main__":
    import asyncio

    async def run() -> None:
        main()

    asyncio.run(run())
