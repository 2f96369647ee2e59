"""Does recording disturb a tick? Rooms of three in one engine, on real deadlines, without and with recordings.

    python -m bench.recording                  # 500 rooms, 10 s each
    python -m bench.recording --rooms 200 --seconds 5 --json out.json

The engine runs as in a media worker, its files written by the disk's thread, but it has no sockets: what they cost is
measured elsewhere (`python -m bench`), and here it would only hide what recordings cost. Legs are the two ends of
pipes, so that everybody who is to speak does.
"""

import argparse
import contextlib
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from mixminus.media.contract import (
    Command,
    LegRow,
    OpenPipe,
    Play,
    RecordingStopped,
    SetRoom,
    StartRecording,
    Tap,
    Tone,
)
from mixminus.media.disk import ThreadDisk
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.worker import NICENESS, SWITCH_S

TICK_S: Final = 0.02
LEGS_A_ROOM: Final = 3
SETTLING_TICKS: Final = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One situation. Milliseconds, over all ticks of a run."""

    what: str
    recordings: int
    tick_cpu_p50_ms: float
    """Of the ticking thread alone: what a busy machine does not change."""
    tick_cpu_p99_ms: float
    tick_p50_ms: float
    tick_p99_ms: float
    tick_max_ms: float
    lateness_p99_ms: float
    lateness_max_ms: float
    cpu_percent: float
    """Of one core: ticks and disk together."""
    lost_flushes: int
    waiting_mb: float
    """The most that ever waited for the disk."""


class Rooms:
    """Everybody who talks."""

    def __init__(self, rooms: int, disk: ThreadDisk) -> None:
        self.rooms = rooms
        self.disk = disk
        self.engine = Engine(EngineSettings(), os.urandom, disk=disk)
        self.engine.apply(self._people())

    def legs_of(self, room: int) -> range:
        first = room * 2 * LEGS_A_ROOM
        return range(first, first + 2 * LEGS_A_ROOM, 2)

    def _people(self) -> Iterator[Command]:
        for room in range(1, self.rooms + 1):
            for leg in self.legs_of(room):
                yield OpenPipe(leg, leg + 1)
                yield Play(leg, (Tone((300.0 + leg % 700,), 1_000),), loops=0, leg=leg + 1)
            yield SetRoom(room, tuple(LegRow(leg, True, True) for leg in self.legs_of(room)))

    def conferences(self, folder: Path) -> Iterator[StartRecording]:
        """As Twilio records them: two channels."""
        for room in range(1, self.rooms + 1):
            first = self.legs_of(room)[0]
            channels = ((Tap("voice", first, room),), (Tap("bus", room), Tap("voice", first, room, -1)))
            yield StartRecording(f"room {room}", str(folder / f"{room}.wav"), channels)

    def tracks(self, folder: Path) -> Iterator[StartRecording]:
        """One of each participant besides."""
        for room in range(1, self.rooms + 1):
            for leg in self.legs_of(room):
                name, channels = f"leg {leg}", ((Tap("voice", leg, room),),)
                yield StartRecording(name, str(folder / f"{name}.wav"), channels, aligned_with=f"room {room}")


def run(rooms: Rooms, what: str, seconds: float) -> Row:
    """Tick on absolute deadlines, as `media/worker.py` does."""
    engine, ticks = rooms.engine, round(seconds / TICK_S)
    took, late, spent_cpu, waiting = np.zeros(ticks), np.zeros(ticks), np.zeros(ticks), 0
    for _ in range(SETTLING_TICKS):
        engine.tick()
    lost, cpu = engine.recorders.lost_flushes, time.process_time()
    began = deadline = time.monotonic() + TICK_S
    for n in range(ticks):
        time.sleep(max(0.0, deadline - time.monotonic()))
        at, cpu_at = time.monotonic(), time.thread_time()
        engine.tick()
        took[n], late[n], spent_cpu[n] = time.monotonic() - at, at - deadline, time.thread_time() - cpu_at
        waiting = max(waiting, rooms.disk.waiting_bytes)
        deadline += TICK_S
    spent = (time.process_time() - cpu) / (time.monotonic() - began)
    cpu_p50, cpu_p99 = np.percentile(1_000 * spent_cpu, (50, 99)).round(2).tolist()
    tick_p50, tick_p99, tick_max = np.percentile(1_000 * took, (50, 99, 100)).round(2).tolist()
    late_p99, late_max = np.percentile(1_000 * late, (99, 100)).round(2).tolist()
    lost = engine.recorders.lost_flushes - lost
    count, cpu_percent = engine.recorders.count, round(100 * spent, 1)
    times = (cpu_p50, cpu_p99, tick_p50, tick_p99, tick_max, late_p99, late_max)
    return Row(what, count, *times, cpu_percent, lost, round(waiting / 1e6, 1))


def measure(number: int, seconds: float) -> list[Row]:
    """All three situations, one after another, in the same rooms."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    sys.setswitchinterval(SWITCH_S)
    disk = ThreadDisk("disk")
    rooms = Rooms(number, disk)
    gc.collect()
    gc.freeze()  # as the worker does
    with tempfile.TemporaryDirectory(prefix="mixminus-bench-") as name:
        folder = Path(name)
        found = [run(rooms, "no recordings", seconds)]
        rooms.engine.apply(rooms.conferences(folder))
        found.append(run(rooms, "one a room, two channels", seconds))
        rooms.engine.apply(rooms.tracks(folder))
        found.append(run(rooms, "and a track of each participant", seconds))
        rooms.engine.close()
        disk.close()
        check(rooms, folder)
    return found


def check(rooms: Rooms, folder: Path) -> None:
    """Nothing went wrong, and every file is there. Raises `RuntimeError`."""
    ended = [event for event in rooms.engine.take_events() if isinstance(event, RecordingStopped)]
    faults = [event.error or "silent" for event in ended if event.error or event.silent]
    if faults or len(ended) != len(list(folder.iterdir())):
        raise RuntimeError(f"{len(ended)} recordings, {len(faults)} of them faulty: {faults[:1]}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.recording", description=__doc__)
    parser.add_argument("--rooms", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=10.0, help="per situation")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    options = parser.parse_args()
    found = measure(options.rooms, options.seconds)
    print(f"{options.rooms} rooms of {LEGS_A_ROOM}, all talking, {options.seconds:g} s each; times in ms\n")
    columns = "situation|recordings|tick CPU p50|p99|tick p50|p99|max|late p99|max|CPU %|lost|MB waiting"
    print("| " + " | ".join(columns.split("|")) + " |")
    print("|" + 12 * "---|")
    for row in found:
        print("| " + " | ".join(str(value) for value in asdict(row).values()) + " |")
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in found], indent=2))


if __name__ == "__main__":
    main()
