"""What a leg costs: one fresh server and one fresh generator per number of legs, several windows each."""

import asyncio
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench import cpu
from bench.load.generator import SetUp
from bench.load.remote import RemoteGenerator, calling
from bench.load.results import Window
from bench.load.scenario import Scenario
from bench.targets.target import Target


@dataclass(frozen=True, slots=True)
class Load:
    """What every step has in common; `core` is the generator's own, None shares all.

    `settle_s` passes before set-up, to see what idling costs, and after it, for jitter buffers and last writes.
    """

    room_size: int = 3
    talkers: int = 2
    calls_per_s: float = 50.0
    windows: int = 3
    seconds: float = 5.0
    settle_s: float = 2.0
    core: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One number of legs. `windows` and `spent` go together; memory is what the calls added."""

    legs: int
    set_up: SetUp
    idle_cpu: float
    bytes_per_leg: float
    windows: tuple[Window, ...]
    spent: tuple[cpu.Spent, ...]
    generator_cpu: float
    dropped: int

    def median(self, figure: Callable[[Window], float]) -> float:
        """Return the median of a figure over the windows."""
        return statistics.median(figure(window) for window in self.windows)

    def total(self, count: Callable[[Window], int]) -> int:
        """Return the sum of a count over the windows."""
        return sum(count(window) for window in self.windows)

    def costs_us(self) -> list[float]:
        """Return CPU per leg-second of each window, ascending."""
        return sorted(spent.us_per(window.legs) for spent, window in zip(self.spent, self.windows, strict=True))

    def cost_us_of(self, name: str) -> float:
        """Return the median CPU per leg-second of the processes of that name."""
        pairs = zip(self.spent, self.windows, strict=True)
        return statistics.median(s.by_name.get(name, 0.0) * 1e6 / w.legs / s.elapsed_s for s, w in pairs)


class NobodyAnswered(Exception):
    """Not a single call came up, so that there is nothing to measure."""


async def measure(make_target: Callable[[], Target], legs: int, load: Load) -> Step:
    """Load a fresh server with *legs*, rounded down to full rooms."""
    rooms = max(1, legs // load.room_size)
    target = make_target()
    server = await target.start(rooms)
    try:
        before = cpu.usage(target.pids())
        await asyncio.sleep(load.settle_s)
        idle = cpu.usage(target.pids())
        numbers = tuple(target.dial_string(room) for room in range(rooms))
        scenario = Scenario(server, numbers, load.room_size, load.talkers, load.calls_per_s)
        async with calling(scenario, load.core) as generator:
            set_up = await generator.set_up()
            if not set_up.up:
                raise NobodyAnswered(f"all {scenario.legs} calls failed: SIP status and count {set_up.failures}")
            await asyncio.sleep(load.settle_s)
            loaded = cpu.usage(target.pids())
            windows, spent, own_cpu = await _windows(target, generator, load)
            dropped = await generator.end()
    finally:
        await target.stop()
    return Step(
        legs=set_up.up,
        set_up=set_up,
        idle_cpu=cpu.spent(before, idle).cpu_s / load.settle_s,
        bytes_per_leg=(loaded.resident_bytes - idle.resident_bytes) / set_up.up,
        windows=tuple(windows),
        spent=tuple(spent),
        generator_cpu=own_cpu,
        dropped=dropped,
    )


async def _windows(
    target: Target, generator: RemoteGenerator, load: Load
) -> tuple[list[Window], list[cpu.Spent], float]:
    windows, spent, own = [], [], []
    for _ in range(load.windows):
        before = cpu.usage(target.pids())
        windows.append(await generator.measure(load.seconds))
        spent.append(cpu.spent(before, cpu.usage(target.pids())))
        own.append(generator.cpu)
    return windows, spent, statistics.median(own)


def process_names(steps: Sequence[Step]) -> list[str]:
    """Return the names of all processes that spent anything, as columns."""
    return sorted({name for step in steps for spent in step.spent for name in spent.by_name})
