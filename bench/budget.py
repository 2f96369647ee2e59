"""How long a run will take: said at its start, and kept in bounds by a test.

The costs of starting and stopping were measured on two cores of an AMD EPYC; elsewhere they are off, but not by far.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

from bench import streams
from bench.load.caller import HANG_UPS_PER_S
from bench.load.generator import TAIL_S
from bench.plan import Plan
from bench.shapes import Shape

_FRESH_S: Final = 4.5
"""A server, a generator and their end."""
_PER_ROOM_S: Final = 0.001
_FLOOR_S: Final = 3.0
_KERNEL_S: Final = 5.0
_PER_CHANGE_S: Final = 0.14
_CHANGES: Final = 6


def seconds(plan: Plan) -> float:
    """Return how long one run takes."""
    parts: Mapping[str, Callable[[], float]] = {
        "floor": lambda: _FLOOR_S,
        "kernel": lambda: _KERNEL_S,
        "load": lambda: sum(of_shape(plan, shape) for shape in plan.shapes),
        "set-up": lambda: sum(_FRESH_S + plan.rate_seconds * (1 + rate / HANG_UPS_PER_S) for rate in plan.rates),
        "soak": lambda: _FRESH_S + plan.soak_s * (1 + TAIL_S),
        "streams": lambda: streams.seconds_of(plan.streams, plan.pace.windows * plan.pace.seconds),
        "reach": lambda: _FRESH_S + plan.reach_rounds * _CHANGES * _PER_CHANGE_S,
    }
    return sum(parts[part]() for part in plan.parts)


def of_shape(plan: Plan, shape: Shape) -> float:
    """Return how long one load takes."""
    calls_s = shape.legs * (1 / shape.calls_per_s + 1 / HANG_UPS_PER_S) + shape.rooms * _PER_ROOM_S
    return _FRESH_S + calls_s + 2 * plan.pace.settle_s + plan.pace.windows * (plan.pace.seconds + TAIL_S)


def clocked(total_s: float, say: Callable[[str], None]) -> Callable[[str], None]:
    """Return *say* with the time that has passed and all that it will take in front."""
    begin_s = time.monotonic()

    def said(text: str) -> None:
        say(f"[{minutes(time.monotonic() - begin_s)} of about {minutes(total_s)}] {text}")

    return said


def minutes(duration_s: float) -> str:
    """Return minutes and seconds as people write them."""
    whole = round(duration_s)
    return f"{whole // 60}:{whole % 60:02d}"
