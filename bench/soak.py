"""Whether memory grows: a server under load with calls coming and going, looked at for a while."""

import itertools
import statistics
from collections.abc import Callable, Sequence
from typing import Final

from bench import cpu
from bench.density import Pace
from bench.load.remote import calling
from bench.rows import Row, row
from bench.shapes import Shape, of_three
from bench.targets.target import Target
from bench.verdicts import call_faults, ending_faults

PART: Final = "soak"
_LOOK_EVERY_S: Final = 1.0


async def measure(make_target: Callable[[], Target], seconds: float, pace: Pace) -> Row:
    """Watch the server's resident memory for *seconds*, once the first third has passed."""
    shape = soaked()
    target = make_target()
    server = await target.start(shape.rooms)
    try:
        numbers = tuple(target.dial_string(room) for room in range(shape.rooms))
        async with calling(shape.scenario(server, numbers), pace.core) as generator:
            set_up = await generator.set_up()
            looks = []
            for _ in range(max(4, int(seconds / _LOOK_EVERY_S))):
                await generator.measure(_LOOK_EVERY_S)
                usage = cpu.usage(target.pids())
                looks.append((usage.at_s, usage.resident_bytes / 1e3))
            ending = await generator.end()
    finally:
        await target.stop()
    # Caches and pools fill first: that is no growth.
    settled = looks[len(looks) // 3 :]
    figures = {
        "seconds": looks[-1][0] - looks[0][0],
        "resident_mb": settled[-1][1] / 1e3,
        "growth_kb_per_min": slope_per_s(settled) * 60,
        "churned_calls": ending.replaced.up,
    }
    return row(PART, shape.name, figures, [*call_faults(set_up), *ending_faults(ending)])


def soaked() -> Shape:
    """Return the shape that a soak loads with."""
    return of_three(150, "5 calls a second come and go", churn_per_s=5.0)


def slope_per_s(points: Sequence[tuple[float, float]]) -> float:
    """Return the median slope of all pairs of points (Theil and Sen): one garbage collection does not bend it."""
    pairs = itertools.combinations(points, 2)
    return statistics.median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in pairs)
