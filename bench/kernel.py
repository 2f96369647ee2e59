"""What the media engine costs without system calls: in this process, packets laid into its inbox, only `tick` timed.

Beside the bare floor it tells where a leg's cost goes. The only module here that imports mixminus.
"""

import os
import time
from collections.abc import Iterator
from typing import Final

import numpy as np

from bench.load import sounds, ulaw
from bench.rows import Row, row
from mixminus.media.contract import LegRow, OpenLeg, SetLegMedia, SetRoom
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.ports import address_key
from mixminus.media.state import CONCEALED, RECEIVED, SENT

PART: Final = "kernel"
SIZES: Final = ((501, 3), (2_001, 3), (999, 999))
"""Legs, and how many of them share a room."""

_TICKS_PER_S: Final = 50
_HEADER_BYTES: Final = 12
_WARM_UP_TICKS: Final = 100
_TALKERS: Final = 2


def measure(legs: int, room_size: int, seconds: float = 4.0) -> Row:
    """Tick an engine of that many legs for *seconds* of its own time, a packet from every leg in every tick."""
    with _engine(legs, room_size) as engine:
        packets = _Packets(engine, legs, room_size)
        for _ in range(_WARM_UP_TICKS):
            packets.arrive()
            engine.tick()
        spent_ns, ticks = 0, int(seconds * _TICKS_PER_S)
        for _ in range(ticks):
            packets.arrive()
            begin_ns = time.thread_time_ns()
            engine.tick()
            spent_ns += time.thread_time_ns() - begin_ns
        faults = list(_idleness(engine, legs, _WARM_UP_TICKS + ticks))
    us = spent_ns / 1e3 / ticks * _TICKS_PER_S / legs
    return row(PART, name(legs, room_size), {"legs": legs, "cpu_us": us}, faults)


def _idleness(engine: Engine, legs: int, ticks: int) -> Iterator[str]:
    """Say what work the engine was spared: rejecting a packet costs less than playing it."""
    counted = engine.legs.line.counters.sum(axis=0)
    if counted[RECEIVED] != legs * ticks or counted[SENT] != legs * ticks:
        yield f"{counted[RECEIVED]} packets were taken in and {counted[SENT]} sent, not {legs * ticks}"
    if counted[CONCEALED]:
        yield f"{counted[CONCEALED]} samples were concealed"


def name(legs: int, room_size: int) -> str:
    """Return the row's name."""
    rooms = "one room" if room_size == legs else f"rooms of {room_size}"
    return f"{legs:,} legs, {rooms}"


def _engine(legs: int, room_size: int) -> Engine:
    engine = Engine(EngineSettings(legs=legs, rooms=legs // room_size + 1), os.urandom)
    for leg in range(1, legs + 1):
        engine.apply(
            [OpenLeg(leg), SetLegMedia(leg, "127.0.0.1", _port(leg), "PCMU", 101, sends=True, receives=True)]
        )
    for room, first in enumerate(range(1, legs + 1, room_size), 1):
        members = range(first, min(first + room_size, legs + 1))
        engine.apply([SetRoom(room, tuple(LegRow(leg, on_bus=True, hears_bus=True) for leg in members))])
    engine.take_events()
    return engine


def _port(leg: int) -> int:
    return 10_000 + leg


class _Packets:
    """One packet of every leg, ready to be laid into the inbox again and again, a frame later each time."""

    def __init__(self, engine: Engine, legs: int, room_size: int) -> None:
        self._inbox, self._engine, self._count = engine.lanes[0].inbox, engine, legs
        self._loops = sounds.loops(min(_TALKERS, room_size))
        self._talks = np.arange(legs) % room_size < _TALKERS
        self._headers = np.zeros((legs, _HEADER_BYTES), np.uint8)
        self._headers[:, 0] = 0x80
        self._headers[:, 8:12] = np.arange(1, legs + 1, dtype=">u4").view(np.uint8).reshape(-1, 4)
        self._frame = 0
        size = _HEADER_BYTES + sounds.FRAME_SAMPLES
        self._inbox.bytes[:legs] = size
        self._inbox.data[:legs, _HEADER_BYTES:size] = ulaw.SILENCE
        self._inbox.slot[:legs] = [engine.legs.slots.row(leg) or 0 for leg in range(1, legs + 1)]
        self._inbox.generation[:legs] = engine.legs.line.generation[self._inbox.slot[:legs]]
        self._inbox.source[:legs] = [address_key("127.0.0.1", _port(leg)) for leg in range(1, legs + 1)]

    def arrive(self) -> None:
        """Lay the next frame's packets into the inbox."""
        frame, inbox = self._frame, self._inbox
        self._headers[:, 2:4] = np.array([frame & 0xFFFF], ">u2").view(np.uint8)
        self._headers[:, 4:8] = np.array([frame * sounds.FRAME_SAMPLES & 0xFFFFFFFF], ">u4").view(np.uint8)
        inbox.data[: self._count, :_HEADER_BYTES] = self._headers
        said = self._loops[sounds.SPEECH, frame % sounds.LOOP_FRAMES]
        payload = slice(_HEADER_BYTES, _HEADER_BYTES + sounds.FRAME_SAMPLES)
        inbox.data[: self._count][self._talks, payload] = said
        self._engine.lanes[0].arrived = self._count
        self._frame += 1
