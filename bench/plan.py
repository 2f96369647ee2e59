"""What a run measures, in order: a list of parts, each of which yields the rows of one run."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench import density, floor, kernel_loads, reach, set_up, soak, streams
from bench.density import NobodyAnswered, Pace
from bench.rows import Row, row
from bench.shapes import Shape
from bench.targets.target import Steered, Target
from bench.verdicts import density_row

PARTS: Final = ("floor", "kernel", "load", "set-up", "soak", "reach", "streams")
_FLOOR_SOCKETS: Final = (1, 1_000)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything."""

    shapes: Sequence[Shape]
    rates: Sequence[float]
    rate_seconds: float
    soak_s: float
    reach_rounds: int
    """Six changes each."""
    pace: Pace
    streams: Sequence[int] = (streams.AIM,)
    """How many Media Streams, one load after another."""
    parts: Sequence[str] = PARTS
    say: Callable[[str], None] = field(default=lambda text: print(text, file=sys.stderr, flush=True))


async def run(plan: Plan, make_target: Callable[[], Target]) -> AsyncIterator[Row]:
    """Measure everything once."""
    steps: Mapping[str, Callable[[Plan, Callable[[], Target]], AsyncIterator[Row]]] = {
        "floor": _floor,
        "kernel": _kernel,
        "load": _load,
        "set-up": _set_up,
        "soak": _soak,
        "reach": _reach,
        "streams": _streams,
    }
    for part in plan.parts:
        async for one in steps[part](plan, make_target):
            yield one


async def _floor(plan: Plan, make_target: Callable[[], Target]) -> AsyncIterator[Row]:
    for sockets in _FLOOR_SOCKETS:
        yield floor.measure(sockets).row()
    for way in floor.ways(_FLOOR_SOCKETS[-1]):
        yield way.row()


async def _kernel(plan: Plan, make_target: Callable[[], Target]) -> AsyncIterator[Row]:
    try:
        from bench import kernel
    except ImportError as error:  # another server is measured, and ours is not installed
        plan.say(f"the engine without system calls is left out: {error}")
        return
    for load in kernel_loads.LOADS:
        plan.say(f"kernel, {load.name} ...")
        yield kernel.measure(load)


async def _load(plan: Plan, make_target: Callable[[], Target]) -> AsyncIterator[Row]:
    for shape in plan.shapes:
        plan.say(f"{shape.name} ...")
        try:
            yield density_row(await density.measure(make_target, shape, plan.pace))
        except NobodyAnswered as error:
            yield row("load", shape.name, {}, [str(error)])


async def _set_up(plan: Plan, make_target: Callable[[], Target]) -> AsyncIterator[Row]:
    for rate in plan.rates:
        plan.say(f"{set_up.name(rate)} ...")
        yield await set_up.measure(make_target, rate, plan.rate_seconds, plan.pace)


async def _soak(plan: Plan, make_target: Callable[[], Target]) -> AsyncIterator[Row]:
    plan.say(f"soak, {plan.soak_s:g} s ...")
    yield await soak.measure(make_target, plan.soak_s, plan.pace)


async def _reach(plan: Plan, make_target: Callable[[], Target]) -> AsyncIterator[Row]:
    target = make_target()
    if not isinstance(target, Steered):
        plan.say("REST to wire is left out: this target's participants cannot be changed")
        return
    plan.say("REST to wire ...")
    for one in reach.rows(await reach.measure(target, plan.reach_rounds)):
        yield one


async def _streams(plan: Plan, make_target: Callable[[], Target]) -> AsyncIterator[Row]:
    try:
        from bench import stream_node  # noqa: F401
    except ImportError as error:  # as above
        plan.say(f"Media Streams are left out: {error}")
        return
    plan.say("Media Streams ...")
    async for one in streams.rows(plan.streams, plan.pace.windows * plan.pace.seconds, plan.pace.core):
        yield one
