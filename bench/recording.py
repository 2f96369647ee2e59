"""Does recording disturb a tick? Rooms of three in one engine, on real deadlines, without and with recordings.

    python -m bench.recording                  # 500 rooms, 5 rounds of 5 s in each situation
    python -m bench.recording --rooms 200 --seconds 5 --runs 1 --json out.json

Situations take turns, round by round, so that what else the machine does falls on all of them alike; medians, with
the least and the most. Recordings run without and with the syncs that make them safe from a power cut.

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
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bench.document import replaced
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
from mixminus.media.files import SystemFiles
from mixminus.media.worker import NICENESS, SWITCH_S

TICK_S: Final = 0.02
LEGS_A_ROOM: Final = 3
SETTLING_TICKS: Final = 50

BEGIN: Final = "<!-- recording: written by python -m bench.recording --write -->"
END: Final = "<!-- end of recording -->"
DOCUMENT: Final = Path("docs/performance.md")


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
    overdue_syncs: int
    sync_p50_ms: float
    sync_max_ms: float


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


class Syncs(SystemFiles):
    """The real files; how long their syncs took, or, when *on* is false, none."""

    def __init__(self) -> None:
        self.on = True
        self.took_ms: list[float] = []

    def sync(self, folder: str) -> None:
        if self.on:
            began = time.monotonic()
            super().sync(folder)
            self.took_ms.append(1_000 * (time.monotonic() - began))


def run(rooms: Rooms, syncs: Syncs, what: str, seconds: float) -> Row:
    """Tick on absolute deadlines, as `media/worker.py` does."""
    engine, disk, ticks = rooms.engine, rooms.disk, round(seconds / TICK_S)
    took, late, spent_cpu, waiting = np.zeros(ticks), np.zeros(ticks), np.zeros(ticks), 0
    for _ in range(SETTLING_TICKS):
        engine.tick()
    lost, overdue, cpu = engine.recorders.lost_flushes, disk.overdue_syncs, time.process_time()
    syncs.took_ms.clear()
    began = deadline = time.monotonic() + TICK_S
    for n in range(ticks):
        time.sleep(max(0.0, deadline - time.monotonic()))
        at, cpu_at = time.monotonic(), time.thread_time()
        engine.tick()
        took[n], late[n], spent_cpu[n] = time.monotonic() - at, at - deadline, time.thread_time() - cpu_at
        waiting = max(waiting, disk.waiting_bytes)
        deadline += TICK_S
    spent = (time.process_time() - cpu) / (time.monotonic() - began)
    cpu_p50, cpu_p99 = np.percentile(1_000 * spent_cpu, (50, 99)).tolist()
    tick_p50, tick_p99, tick_max = np.percentile(1_000 * took, (50, 99, 100)).tolist()
    late_p99, late_max = np.percentile(1_000 * late, (99, 100)).tolist()
    sync_p50, sync_max = np.percentile(syncs.took_ms or [0.0], (50, 100)).tolist()
    return Row(
        what=what,
        recordings=engine.recorders.count,
        tick_cpu_p50_ms=cpu_p50,
        tick_cpu_p99_ms=cpu_p99,
        tick_p50_ms=tick_p50,
        tick_p99_ms=tick_p99,
        tick_max_ms=tick_max,
        lateness_p99_ms=late_p99,
        lateness_max_ms=late_max,
        cpu_percent=100 * spent,
        lost_flushes=engine.recorders.lost_flushes - lost,
        waiting_mb=waiting / 1e6,
        overdue_syncs=disk.overdue_syncs - overdue,
        sync_p50_ms=sync_p50,
        sync_max_ms=sync_max,
    )


def measure(number: int, seconds: float, runs: int) -> list[Row]:
    """All situations one after another in the same rooms, so many times."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    sys.setswitchinterval(SWITCH_S)
    syncs = Syncs()
    disk = ThreadDisk("disk", syncs)
    rooms = Rooms(number, disk)
    gc.collect()
    gc.freeze()  # as the worker does
    found = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(prefix="mixminus-bench-") as name:
            found += list(one_round(rooms, syncs, Path(name), seconds))
    rooms.engine.close()
    disk.close()
    return found


def one_round(rooms: Rooms, syncs: Syncs, folder: Path, seconds: float) -> Iterator[Row]:
    """Raises `RuntimeError` when a recording went wrong."""
    yield run(rooms, syncs, "nothing is recorded", seconds)
    rooms.engine.apply(rooms.conferences(folder))
    syncs.on = False
    yield run(rooms, syncs, "every room, without syncs", seconds)
    syncs.on = True
    yield run(rooms, syncs, "every room", seconds)
    rooms.engine.apply(rooms.tracks(folder))
    yield run(rooms, syncs, "and every participant", seconds)
    rooms.engine.recorders.close()
    settled = threading.Event()
    rooms.disk.insist(settled.set)
    settled.wait()
    check(rooms, folder)


def check(rooms: Rooms, folder: Path) -> None:
    """Nothing went wrong, and every file is there. Raises `RuntimeError`."""
    ended = [event for event in rooms.engine.take_events() if isinstance(event, RecordingStopped)]
    faults = [event.error or "silent" for event in ended if event.error or event.silent]
    if faults or len(ended) != len(list(folder.iterdir())):
        raise RuntimeError(f"{len(ended)} recordings, {len(faults)} of them faulty: {faults[:1]}")


def table(rows: Sequence[Row]) -> str:
    """Medians of each situation, with the least and the most, for docs/performance.md."""
    figures = {
        "tick_cpu_p50_ms": "CPU of a tick, p50",
        "tick_cpu_p99_ms": "p99",
        "lateness_p99_ms": "late, p99",
        "lateness_max_ms": "late, max",
        "cpu_percent": "CPU, % of a core",
        "lost_flushes": "lost",
        "sync_p50_ms": "a sync, p50",
        "sync_max_ms": "max",
        "overdue_syncs": "overdue",
    }
    lines = [f"| ms | files | {' | '.join(figures.values())} |", "|" + (2 + len(figures)) * "---|"]
    for what in dict.fromkeys(row.what for row in rows):
        same = [row for row in rows if row.what == what]
        cells = [what, f"{same[0].recordings:,}"] + [_cell([getattr(row, name) for row in same]) for name in figures]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: Sequence[float]) -> str:
    middle = float(np.median(values))
    digits = 0 if all(float(value).is_integer() for value in values) else 2 if middle < 5 else 1
    return f"{middle:.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})" if max(values) else "0"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.recording", description=__doc__)
    parser.add_argument("--rooms", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=5.0, help="per situation and round")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--write", action="store_true", help=f"put the table into {DOCUMENT}")
    options = parser.parse_args()
    found = measure(options.rooms, options.seconds, options.runs)
    told = table(found)
    print(
        f"{options.rooms} rooms of {LEGS_A_ROOM}, all talking, {options.runs} × {options.seconds:g} s each\n\n{told}"
    )
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in found], indent=2))
    if options.write:
        DOCUMENT.write_text(replaced(DOCUMENT.read_text(), told, BEGIN, END))
    return 0


if __name__ == "__main__":
    sys.exit(main())
