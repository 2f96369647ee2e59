"""What a leg costs: a fresh server and a fresh generator for a shape of load, measured in several windows."""

import asyncio
import os
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from bench import cpu
from bench.load.caller import leg_name
from bench.load.generator import Ending, SetUp
from bench.load.remote import RemoteGenerator, calling
from bench.load.results import Window
from bench.shapes import Shape
from bench.targets.target import Steered, Target, TargetFailed, Tunable


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to look, for all shapes alike; `core` is the generator's own, None shares all.

    `settle_s` passes before set-up, to see what idling costs, and after it, for jitter buffers and last writes.
    """

    windows: int = 3
    seconds: float = 5.0
    settle_s: float = 2.0
    core: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One window: what the phones heard, what the server spent meanwhile, and how busy all others were."""

    window: Window
    spent: cpu.Spent
    generator_cpu: float
    others_cpu: float
    """In cores: nobody's business but the machine's; a quiet machine has nearly none."""


@dataclass(frozen=True, slots=True)
class Step:
    """One shape, once. Memory is what the calls added."""

    shape: Shape
    set_up: SetUp
    idle_cpu: float
    bytes_per_leg: float
    measured: tuple[Measured, ...]
    ending: Ending

    def median(self, figure: Callable[[Measured], float]) -> float:
        """Return the median of a figure over the windows."""
        return statistics.median(map(figure, self.measured))

    def total(self, count: Callable[[Window], int]) -> int:
        """Return the sum of a count over the windows."""
        return sum(count(m.window) for m in self.measured)


class NobodyAnswered(Exception):
    """Not a single call came up, so that there is nothing to measure."""


async def measure(make_target: Callable[[], Target], shape: Shape, pace: Pace) -> Step:
    """Load a fresh server; raises `TargetFailed` when the shape wants something that the target cannot do."""
    target = make_target()
    if shape.wish:
        if not isinstance(target, Tunable):
            raise TargetFailed(f"{shape.name}: this target knows of no {shape.wish}")
        target.tune(shape.wish)
    server = await target.start(shape.rooms)
    try:
        before = cpu.usage(target.pids())
        await asyncio.sleep(pace.settle_s)
        idle = cpu.usage(target.pids())
        numbers = tuple(target.dial_string(room) for room in range(shape.rooms))
        async with calling(shape.scenario(server, numbers), pace.core) as generator:
            set_up = await generator.set_up()
            if not set_up.up:
                raise NobodyAnswered(f"{shape.name}: every call failed, SIP status and count {set_up.failures}")
            await _coach(target, shape)
            await asyncio.sleep(pace.settle_s)
            loaded = cpu.usage(target.pids())
            measured = [await look(target, generator, pace.seconds) for _ in range(pace.windows)]
            ending = await generator.end()
    finally:
        await target.stop()
    return Step(
        shape=shape,
        set_up=set_up,
        idle_cpu=cpu.spent(before, idle).cpu_s / pace.settle_s,
        bytes_per_leg=(loaded.resident_bytes - idle.resident_bytes) / set_up.up,
        measured=tuple(measured),
        ending=ending,
    )


async def look(target: Target, generator: RemoteGenerator, seconds: float) -> Measured:
    """Measure one window."""
    family = [*target.pids(), os.getpid()]  # the generator and the voice application are ours, not others'
    before, all_before, idle_s = cpu.usage(target.pids()), cpu.usage(family), cpu.machine_idle_s()
    window = await generator.measure(seconds)
    after, all_after, idle_s = cpu.usage(target.pids()), cpu.usage(family), cpu.machine_idle_s() - idle_s
    ours = cpu.spent(all_before, all_after)
    others = max(0.0, (os.cpu_count() or 1) - (idle_s + ours.cpu_s) / ours.elapsed_s)
    return Measured(window, cpu.spent(before, after), generator.cpu, others)


async def _coach(target: Target, shape: Shape) -> None:
    if shape.coach is None or shape.coachee is None:
        return
    if not isinstance(target, Steered):
        raise TargetFailed(f"{shape.name}: this target's participants cannot be changed")
    for room in range(shape.rooms):
        first = room * shape.room_size
        coachee = target.call_sid(leg_name(first + shape.coachee))
        await target.change(leg_name(first + shape.coach), {"Coaching": "true", "CallSidToCoach": coachee})
