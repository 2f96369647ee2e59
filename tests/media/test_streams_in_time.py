"""When marks come back and how soon `clear` is heard, beat by beat: at the agent, and on the wire of every listener.

The engine, the session and the link are the real ones; time is counted in beats of 5 ms.
"""

import asyncio
import random
import wave
from bisect import bisect_left
from itertools import count, product
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.media.studio import Phone, Studio
from tests.media.wideband_phone import WidebandPhone

from mixminus.app.streams.live_stream import LiveStream
from mixminus.app.streams.stream_link import StreamLink
from mixminus.audio import g711
from mixminus.base.types import Sid
from mixminus.media.contract import (
    LegRow,
    OpenPipe,
    OpenStream,
    SetRoom,
    StartRecording,
    StopRecording,
    StreamsHeard,
    Tap,
)
from mixminus.media.stream_terms import TRACK_NUMBERS
from mixminus.streams.messages import StreamFacts

BEAT_MS = 5
LATEST_MS = 40
NEAR, FAR, ROOM = 7, 8, 9
"""An application's leg in the room, the one that its stream speaks to, and the room."""
SILENT = 0xFF
LOUD = 1_000
"""A sample of the noise that agents make here is a lot louder on average; what codecs add to silence is less."""


class Talk:
    """An agent that speaks to a leg, and the node's end of it."""

    def __init__(self, studio: Studio, leg: int) -> None:
        self.studio = studio
        self.now = 0
        """In beats."""
        self.marks: list[tuple[int, str]] = []
        """When each came back, and its name."""
        self.is_congested = False
        self._link = StreamLink(studio.apply)
        facts = StreamFacts(Sid("AC1"), Sid("CA1"), Sid("MZ1"), ("inbound",), is_bidirectional=True)
        self._stream = LiveStream(facts, "x", leg, self._link, lambda fault: None)
        self._stream.begin(self)

    def send(self, message: bytes) -> None:
        if message.startswith(b'{"event":"mark"'):
            self.marks.append((self.now, msgspec.json.decode(message)["mark"]["name"]))

    def close(self, code: int = 1000) -> None:
        pass

    def say(self, audio: bytes) -> None:
        self._tell("media", media={"payload": audio})

    def mark(self, name: str) -> None:
        self._tell("mark", mark={"name": name})

    def clear(self) -> None:
        self._tell("clear")

    def _tell(self, event: str, **fields: object) -> None:
        self._stream.received(msgspec.json.encode({"event": event, "streamSid": "MZ1", **fields}), is_text=True)

    async def beat(self) -> None:
        await asyncio.sleep(0)
        self.now += 1
        self.studio.beat()
        for event in self.studio.events:
            if isinstance(event, StreamsHeard):
                self._link.heard(event)


def octets(phone: Phone) -> list[bytes]:
    """What came since this was asked last."""
    packets, phone.packets = phone.packets, []
    return [packet.payload for packet in packets]


def noise(source: random.Random, size: int) -> bytes:
    """Octets, none of which is silence: so they can be counted at the far end."""
    return bytes(octet if octet & 0x7F != 0x7F else 0x11 for octet in source.randbytes(size))


def in_a_room(studio: Studio, *legs: int) -> None:
    studio.apply(OpenPipe(NEAR, FAR))
    rows = (LegRow(leg, on_bus=True, hears_bus=True) for leg in (*legs, NEAR))
    studio.apply(SetRoom(ROOM, tuple(rows)))


@pytest.mark.parametrize("in_conference", [False, True])
def test_ten_thousand_marks_come_back_in_order_each_within_40_ms_of_its_audio(in_conference: bool) -> None:
    """Bursts of any size and pauses of any length; an agent in a conference is heard up to a tick after it speaks."""
    asyncio.run(ten_thousand_marks(in_conference))


async def ten_thousand_marks(in_conference: bool) -> None:
    source, studio = random.Random(20), Studio()
    listeners = [studio.phone(leg) for leg in (1, 2)] if in_conference else [studio.phone(1)]
    if in_conference:
        in_a_room(studio, 1, 2)
    talk = Talk(studio, FAR if in_conference else 1)
    names, said = count(), 0
    asked: list[tuple[int, int]] = []
    """When each mark was sent, and how many octets before it."""
    left = [[0] for _ in listeners]
    """By listener and beat, how many octets had left for it until then."""
    pause = 0
    while len(talk.marks) < 10_000:
        if pause == 0 and len(asked) < 10_000:
            for _ in range(min(source.randint(1, 25), 10_000 - len(asked))):
                size = source.choice((0, 1, source.randint(0, 40), source.randint(0, 320)))
                talk.say(noise(source, size))
                said += size
                talk.mark(str(next(names)))
                asked.append((talk.now, said))
            pause = source.choice((0, 1, source.randint(0, 30), source.randint(0, 120)))
        pause = max(0, pause - 1)
        await talk.beat()
        studio.events.clear()
        for phone, total in zip(listeners, left, strict=True):
            total.append(total[-1] + sum(len(payload) - payload.count(SILENT) for payload in octets(phone)))
        assert talk.now < 200_000
    assert [name for _, name in talk.marks] == [str(number) for number in range(10_000)]
    for _ in range(20):
        await talk.beat()
        for phone, total in zip(listeners, left, strict=True):
            total.append(total[-1] + sum(len(payload) - payload.count(SILENT) for payload in octets(phone)))
    assert all(total[-1] == said for total in left), "every octet was heard once"
    earliest = -20 if in_conference else 0
    for (came, _), (sent, position) in zip(talk.marks, asked, strict=True):
        for total in left:
            due = max(sent, bisect_left(total, position))
            assert earliest <= BEAT_MS * (came - due) <= LATEST_MS


@pytest.mark.parametrize("far_beat", range(4))
def test_clear_is_silence_for_every_listener_within_40_ms_whatever_their_beats(far_beat: int, tmp_path: Path) -> None:
    """Phones with three codecs, another agent, a recording; any beat of the application's own leg, and of `clear`."""
    for room_beat, moment in product(range(4), range(4)):
        asyncio.run(one_clear(far_beat, room_beat, moment, tmp_path / f"{room_beat}-{moment}.wav"))


async def one_clear(far_beat: int, room_beat: int, moment: int, path: Path) -> None:
    studio = Studio()
    phones = [studio.phone(1), studio.phone(2, codec="PCMA"), studio.phone(3)]
    hd_phone = WidebandPhone(studio, 4, "G722")
    in_a_room(studio, 1, 2, 3, 4)
    engine = studio.engine
    engine.rooms.turns.beat[engine.rooms.slots.row(ROOM)] = room_beat
    engine.legs.turns.beat[engine.legs.slots.row(FAR)] = far_beat
    talk = Talk(studio, FAR)
    for _ in range(40 + moment):
        await talk.beat()
    studio.events.clear()
    studio.apply(OpenStream(50, ((Tap("leg_out", 1),),)), StartRecording("RE1", str(path), ((Tap("bus", ROOM),),)))
    began = talk.now
    for phone in phones:
        phone.packets.clear()
    talk.say(noise(random.Random(5), 8_000))
    talk.mark("m")
    for _ in range(80 + moment):
        await talk.beat()
    studio.events.clear()
    assert np.abs(hd_phone.audio).max() > LOUD
    last: dict[object, int] = {"recording": 0, "agent": 0, hd_phone: 0, **dict.fromkeys(phones, 0)}
    cleared = talk.now
    talk.clear()
    assert talk.marks == [(cleared, "m")]
    for _ in range(60):
        await talk.beat()
        for phone in phones:
            silent = 0xD5 if phone.payload_type == 8 else SILENT
            if any(set(payload) != {silent} for payload in octets(phone)):
                last[phone] = talk.now
        if np.abs(hd_phone.audio).max(initial=0) > LOUD:
            last[hd_phone] = talk.now
        if any(is_loud(event) for event in studio.events if isinstance(event, StreamsHeard)):
            last["agent"] = talk.now
        studio.events.clear()
    studio.apply(StopRecording("RE1"))
    studio.plane.deliver()
    last["recording"] = last_loud_beat(path, began, room_beat, engine.beat - talk.now)
    assert all(last.values()), "it was heard by all"
    assert all(BEAT_MS * (beat - cleared) <= LATEST_MS for beat in last.values()), (last, cleared)


def is_loud(event: StreamsHeard) -> bool:
    """Whether stream 50 heard anything."""
    at = 0
    for stream, _, _, size in np.frombuffer(event.tracks, np.int64).reshape(-1, TRACK_NUMBERS).tolist():
        if stream == 50 and g711.decode_ulaw(event.audio[at : at + size]).any():
            return True
        at += size
    return False


def last_loud_beat(path: Path, began: int, room_beat: int, ahead: int) -> int:
    """When the last frame with any sound was recorded: one a tick, on the room's beat. *ahead*: the engine, of us."""
    with wave.open(str(path)) as file:
        frame: int = file.getframerate() // 50  # a room with an HD phone is recorded at 16 kHz
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    first = began + 1
    while (first + ahead) % 4 != room_beat:
        first += 1
    return first + 4 * (int(np.flatnonzero(np.abs(samples) > LOUD)[-1]) // frame)
