"""How fast calls come up: INVITE to 200, the voice application asked in between, at a steady rate. No media is sent.

Calls stay up until all are there: a server that answers the last of them carries the others meanwhile.
"""

from collections.abc import Callable
from typing import Final

from bench import cpu
from bench.density import Pace
from bench.load import sounds
from bench.load.remote import calling
from bench.rows import Row, row
from bench.shapes import Shape
from bench.targets.target import Target
from bench.verdicts import call_faults, ending_faults

PART: Final = "set-up"


async def measure(make_target: Callable[[], Target], calls_per_s: float, seconds: float, pace: Pace) -> Row:
    """Call a fresh server at that rate for so long, the first calls of its life among them."""
    legs = max(3, int(calls_per_s * seconds) // 3 * 3)
    shape = Shape("", legs, talkers=0, quiet_sound=sounds.NOTHING, calls_per_s=calls_per_s)
    target = make_target()
    server = await target.start(shape.rooms)
    try:
        numbers = tuple(target.dial_string(room) for room in range(shape.rooms))
        before = cpu.usage(target.pids())
        async with calling(shape.scenario(server, numbers), pace.core) as generator:
            set_up = await generator.set_up()
            spent = cpu.spent(before, cpu.usage(target.pids()))
            ending = await generator.end()
    finally:
        await target.stop()
    figures = {
        "offered_per_s": calls_per_s,
        "calls": set_up.up,
        "reached_per_s": set_up.up / set_up.seconds,
        "setup_p50_ms": set_up.setup_p50_ms,
        "setup_p99_ms": set_up.setup_p99_ms,
        "cpu_ms_per_call": spent.cpu_s * 1e3 / max(1, set_up.up),
    }
    return row(PART, name(calls_per_s), figures, [*call_faults(set_up), *ending_faults(ending)])


def name(calls_per_s: float) -> str:
    """Return the row's name."""
    return f"{calls_per_s:g} calls a second"
