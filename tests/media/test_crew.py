"""Lanes at work on threads of their own."""

import random
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from mixminus.audio import g711
from mixminus.media.contract import ChangeRoom, LegRow, OpenLeg, Play, SetLegMedia, SetRoom, Tone
from mixminus.media.crew import Crew
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.lane import Lane
from mixminus.media.ports import address_of
from mixminus.rtp.packet import RtpPacket

LEGS = 24
ROOM_SIZE = 3
TICKS = 80


class Floor:
    """Rooms of three in which everybody talks, some coach, and players play."""

    def __init__(self, lanes: int, threads: bool) -> None:
        self.engine = Engine(EngineSettings(legs=LEGS, lanes=lanes, lone_legs=0), random.Random(3).randbytes)
        self.sent: dict[int, list[bytes]] = {leg: [] for leg in range(1, LEGS + 1)}
        self._crew = Crew(self.engine.lanes, self.engine.serve) if threads else None
        for leg in self.sent:
            media = SetLegMedia(leg, "192.0.2.1", 4000 + leg, "PCMU", None, sends=True, receives=True)
            self.engine.apply([OpenLeg(leg), media])
        for room, first in enumerate(range(1, LEGS + 1, ROOM_SIZE), 1):
            self.engine.apply([SetRoom(room, rows(first, coached=room % 2 == 0))])
            self.engine.apply([Play(room, (Tone((300.0 + 50 * room,), 400),), room=room)])

    def run(self) -> dict[int, list[bytes]]:
        draw = np.random.default_rng(5)
        for tick in range(TICKS):
            if tick == TICKS // 2:
                self.engine.apply([ChangeRoom(1, rows(1, coached=True))])
            for leg in self.sent:
                said = g711.encode_ulaw(draw.integers(-4000, 4000, 160).astype(np.int16))
                packet = RtpPacket(0, tick, tick * 160, leg, said)
                self.engine.receive(leg, bytes(packet), ("192.0.2.1", 4000 + leg))
            self._tick()
            for leg, packet_bytes in self._departed():
                self.sent[leg].append(packet_bytes)
        if self._crew is not None:
            self._crew.close()
        return self.sent

    def _tick(self) -> None:
        if self._crew is None:
            self.engine.tick()
            return
        for lane in self.engine.lanes:
            lane.departing = 0
        for _ in range(self.engine.seats.beats):
            self.engine.begin_beat()
            self._crew.beat()
            self.engine.end_beat()

    def _departed(self) -> Iterator[tuple[int, bytes]]:
        for lane in self.engine.lanes:
            for at in range(lane.departing):
                size = int(lane.outbox.bytes[at])
                yield address_of(int(lane.outbox.destination[at]))[1] - 4000, lane.outbox.data[at, :size].tobytes()


def rows(first: int, coached: bool) -> tuple[LegRow, ...]:
    coach = LegRow(first, on_bus=not coached, hears_bus=True)
    pupil = LegRow(first + 1, on_bus=True, hears_bus=True, plus=(first,) if coached else ())
    return coach, pupil, LegRow(first + 2, on_bus=True, hears_bus=True)


def audio(packets: list[bytes]) -> NDArray[np.int16]:
    return np.concatenate([g711.decode_ulaw(packet[12:]) for packet in packets])


def test_lanes_on_threads_send_what_a_single_lane_sends_bit_by_bit() -> None:
    alone, threaded = Floor(lanes=1, threads=False).run(), Floor(lanes=3, threads=True).run()
    for leg in alone:
        # They may be on other beats, and so begin a tick earlier or later.
        one, other = audio(alone[leg][5:60]), audio(threaded[leg][4:61])
        assert any(np.array_equal(one, other[at : at + len(one)]) for at in (0, 160, 320)), f"leg {leg}"


def test_every_lane_has_work() -> None:
    floor = Floor(lanes=3, threads=True)
    floor.run()
    assert all(not lane.is_idle for lane in floor.engine.lanes)


def test_what_goes_wrong_in_a_lane_is_raised_on_the_main_thread() -> None:
    engine = Engine(EngineSettings(legs=8, lanes=2, lone_legs=0), random.Random(1).randbytes)
    engine.apply(OpenLeg(leg) for leg in range(1, 9))

    def serve(lane: Lane) -> None:
        if lane.turn.lane == 1:
            raise RuntimeError("a lane fails")

    crew = Crew(engine.lanes, serve)
    with pytest.raises(RuntimeError, match="a lane fails"):
        crew.beat()
    crew.close()
