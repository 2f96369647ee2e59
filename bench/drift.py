"""Ten real minutes with clocks 200 ppm fast and slow, through the real worker and real UDP (issue 3, Shows 3).

    python -m bench.drift                      # 10 minutes
    python -m bench.drift --minutes 2 --json out.json --write

Two phones of this program talk in one room, one with a fast and one with a slow clock, both with a sound whose every
sample is known (`bench/clicks.py`). What each hears of the other is judged: clicks, and delay, by the kernel's
arrival times; and the worker's memory. Nothing that speaks or judges is shared with the engine. One line a claim;
the exit status is 1 when one does not hold.
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from bench import cpu
from bench.clicks import RATE_HZ, bends, clicks, heard_at_s, song
from bench.document import NoSection, replaced
from bench.drift_phones import FRAME, Heard, Phone, talk
from bench.load import ulaw
from bench.soak import slope_per_s
from mixminus.media.contract import (
    AskStatistics,
    Event,
    LegOpened,
    LegRow,
    OpenLeg,
    SetLegMedia,
    SetRoom,
    Statistics,
)
from mixminus.media.plane import WorkerPlane
from mixminus.media.worker import NICENESS

DRIFT: Final = 200e-6
E = TypeVar("E", bound=Event)

FAST, SLOW = 1, 2
SETTLING_S: Final = 10.0
"""Not judged: the first sound, kernels that are compiled once, a buffer that learns how even the network is."""
LOOK_S: Final = 5.0
WINDOW_S: Final = 2.0
STALL_S: Final = 0.015
BEFORE_A_STALL_S, AFTER_A_STALL_S = 0.1, 0.5
"""What is heard then is the stall: the judge looks 50 ms ahead, and the buffer needs a while to grow."""

MOST_DELAY_MS: Final = 100.0
"""The largest buffer of 60 ms, and two ticks."""
CREEP_MS: Final = 20.0
"""The phases of two clocks wander by so much, all the time."""
GROWTH_KB_A_MINUTE: Final = 20.0

BEGIN: Final = "<!-- drift: written by python -m bench.drift --write -->"
END: Final = "<!-- end of drift -->"
DOCUMENT: Final = Path("docs/performance.md")


@dataclass(frozen=True, slots=True)
class Voice:
    """What was heard of one phone. All times are real ones, in seconds since the first packet that is judged."""

    name: str
    heard_s: float
    clicks: tuple[float, ...]
    stalls: tuple[float, ...]
    """When this machine held up the phone that spoke, or the worker, for more than 15 ms."""
    delays_ms: tuple[tuple[float, float], ...]
    """When, and how much, every 2 s."""
    missing: int
    """Packets that the server sent and nobody received, or that it did not send."""

    def is_disturbed(self, since_s: float, until_s: float) -> bool:
        """Whether a stall was heard in that time."""
        return any(
            stall - BEFORE_A_STALL_S <= until_s and since_s <= stall + AFTER_A_STALL_S for stall in self.stalls
        )

    @property
    def unexplained(self) -> list[float]:
        """Clicks when nothing stalled."""
        return [at for at in self.clicks if not self.is_disturbed(at, at)]

    @property
    def undisturbed_s(self) -> float:
        """How long nothing stalled, to the tenth of a second."""
        tenths = range(int(10 * self.heard_s))
        return sum(not self.is_disturbed(tenth / 10, tenth / 10) for tenth in tenths) / 10

    @property
    def steady_delays_ms(self) -> list[float]:
        """Of the stretches without stalls."""
        return [delay_ms for at, delay_ms in self.delays_ms if not self.is_disturbed(at, at + WINDOW_S)]


@dataclass(frozen=True, slots=True)
class Verdict:
    claim: str
    holds: bool
    figures: str

    def __str__(self) -> str:
        return f"{'holds' if self.holds else 'FAILS'}: {self.claim} ({self.figures})"


def judged(name: str, heard: Sequence[Heard], begun_s: float, drift: float, stalls: Sequence[float]) -> Voice:
    """*heard* in order of their numbers; *begun_s* is when the first packet of who speaks was due."""
    first = heard[0].number
    sound = ulaw.decode(np.frombuffer(b"".join(packet.payload for packet in heard), np.uint8))
    clean = float(bends(ulaw.decode(ulaw.encode(song()))).max())
    window = round(WINDOW_S * RATE_HZ / FRAME)
    delays, began_s = [], heard[0].came_s
    for at in range(0, len(heard) - window, window):
        packets = heard[at : at + window]
        came_s = statistics.median(packet.came_s - n * FRAME / RATE_HZ for n, packet in enumerate(packets))
        said_s = (came_s - begun_s) * (1 + drift)
        late_s = (said_s - heard_at_s(sound[at * FRAME : (at + window) * FRAME])) % (len(song()) / RATE_HZ)
        delays.append((heard[at].came_s - began_s, 1000 * late_s))
    gaps = [b.came_s for a, b in pairwise(heard) if b.came_s - a.came_s > 0.02 + STALL_S]
    return Voice(
        name,
        heard[-1].came_s - began_s,
        # By when it came: ticks that are left out make the sound shorter than the time.
        tuple(heard[int(at * RATE_HZ) // FRAME].came_s - began_s for at in clicks(sound, clean)),
        tuple(at - began_s for at in sorted([*stalls, *gaps])),
        tuple(delays),
        heard[-1].number - first + 1 - len(heard),
    )


def verdicts(voices: Sequence[Voice], memory: Sequence[tuple[float, float]]) -> Iterator[Verdict]:
    """Of all claims; *memory* are times and kB."""
    for voice in voices:
        clicks, judged_s = len(voice.unexplained), voice.undisturbed_s
        disturbed = (
            f"{len(voice.clicks) - clicks} in the other {voice.heard_s - judged_s:.0f} s, when the machine stalled"
        )
        figures = f"{clicks} in {judged_s:.0f} s; {disturbed}"
        yield Verdict(f"no click in the {voice.name} voice", not clicks and judged_s > 0, figures)
        yield Verdict(f"no packet of the {voice.name} voice is missing", not voice.missing, str(voice.missing))
        delays = voice.steady_delays_ms
        first, middle, last = (statistics.median(part) if part else 0.0 for part in thirds(delays))
        most = max(delays, default=0.0)
        figures = f"first third {first:.0f} ms, second {middle:.0f}, last {last:.0f}; most {most:.0f}"
        holds = bool(delays) and most < MOST_DELAY_MS
        yield Verdict(f"the delay of the {voice.name} voice stays below 100 ms", holds, figures)
        yield Verdict(f"the delay of the {voice.name} voice does not creep", last - first < CREEP_MS, figures)
    settled = memory[len(memory) // 4 :]
    growth = 60 * slope_per_s(settled)
    figures = f"{growth:+.1f} kB a minute, {settled[0][1] / 1e3:.1f} MB at first, {settled[-1][1] / 1e3:.1f} at last"
    yield Verdict("the worker's memory is flat", growth < GROWTH_KB_A_MINUTE, figures)


def thirds(delays: Sequence[float]) -> Iterator[Sequence[float]]:
    """The beginning, the middle and the end."""
    third = len(delays) // 3
    return (delays[part * third : (part + 1) * third] for part in range(3))


class Room:
    """A worker process with two legs in a room."""

    def __init__(self) -> None:
        self._plane = WorkerPlane("127.0.0.1", 0, 0)
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._plane.listen(self._events.put_nowait)

    async def open(self, phones: dict[int, Phone]) -> None:
        """Raises `MixminusError`, or `TimeoutError`."""
        await self._plane.start()
        for leg, phone in phones.items():
            self._plane.apply(OpenLeg(leg))
            opened = await self._event(LegOpened)
            phone.dial(opened.host, opened.port)
            self._plane.apply(SetLegMedia(leg, *phone.address, "PCMU", None, sends=True, receives=True))
        self._plane.apply(SetRoom(1, tuple(LegRow(leg, on_bus=True, hears_bus=True) for leg in phones)))

    async def memory(self, seconds: float) -> list[tuple[float, float]]:
        """Look for that long: times, and kB."""
        assert self._plane.pid is not None
        looks, until = [], asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < until:
            await asyncio.sleep(LOOK_S)
            usage = cpu.usage([self._plane.pid])
            looks.append((usage.at_s, usage.resident_bytes / 1e3))
        return looks

    async def statistics(self) -> Statistics:
        self._plane.apply(AskStatistics(1, (FAST, SLOW)))
        return await self._event(Statistics)

    async def close(self) -> None:
        await self._plane.stop()

    async def _event(self, kind: type[E]) -> E:
        async with asyncio.timeout(20):
            while not isinstance(event := await self._events.get(), kind):
                pass
        return event


async def measure(seconds: float) -> tuple[list[Voice], list[tuple[float, float]], Statistics]:
    """Let both talk for that long."""
    phones = {FAST: Phone(DRIFT), SLOW: Phone(-DRIFT)}
    room = Room()
    try:
        await room.open(phones)
        talking = asyncio.create_task(asyncio.to_thread(talk, tuple(phones.values()), seconds))
        memory = await room.memory(seconds)
        await talking
        told = await room.statistics()
    finally:
        await room.close()
        for phone in phones.values():
            phone.close()
    voices = []
    for name, speaker, listener in (("fast", FAST, SLOW), ("slow", SLOW, FAST)):
        spoke = phones[speaker]
        heard = phones[listener].heard_after(SETTLING_S)
        voices.append(judged(name, heard, spoke.begun_s, spoke.drift, spoke.stalls(STALL_S)))
    return voices, memory, told


def table(found: Sequence[Verdict], told: Statistics) -> str:
    """For docs/performance.md."""
    lines = ["| claim | holds | measured |", "|---|---|---|"]
    lines += [f"| {v.claim} | {'yes' if v.holds else 'no'} | {v.figures} |" for v in found]
    return "\n".join([*lines, "", context(told)])


def context(told: Statistics) -> str:
    """What the engine says of it, and of the machine."""
    legs = "; ".join(
        f"{name} leg: {leg.late} late, {leg.resynced} resynchronised, {leg.concealed_ms} ms made up"
        for name, leg in zip(("fast", "slow"), told.legs, strict=True)
    )
    worker = told.worker
    return (
        f"The engine says: {legs}. Of {worker.ticks:,} ticks {worker.late_ticks} began more than 5 ms late, "
        f"the latest by {worker.max_lateness_ms:.0f} ms; {worker.missed_ticks} were left out."
    )


def main() -> int:
    """Exit status 1 when a claim does not hold."""
    parser = argparse.ArgumentParser(prog="python -m bench.drift", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", action="store_true", help=f"put the verdicts into {DOCUMENT}")
    options = parser.parse_args()
    with contextlib.suppress(PermissionError):  # phones are hardware of their own
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    voices, memory, told = asyncio.run(measure(60 * options.minutes))
    found = list(verdicts(voices, memory))
    print(*found, context(told), sep="\n")
    if options.json:
        rows = {
            "voices": [asdict(voice) for voice in voices],
            "memory": memory,
            "verdicts": [asdict(v) for v in found],
        }
        options.json.write_text(json.dumps(rows, indent=1))
    if options.write:
        try:
            DOCUMENT.write_text(replaced(DOCUMENT.read_text(), table(found, told), BEGIN, END))
        except (OSError, NoSection) as error:
            print(f"bench.drift: {error}", file=sys.stderr)
            return 1
    return int(not all(verdict.holds for verdict in found))


if __name__ == "__main__":
    sys.exit(main())
