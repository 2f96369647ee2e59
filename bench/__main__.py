"""`python -m bench`: load a conference server, print what it costs and how it sounds."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench import cpu, density, floor, reach
from bench.density import Load
from bench.load.generator import TooFewFiles
from bench.load.remote import GeneratorFailed
from bench.report import Report
from bench.targets.known_delay import Faults, KnownDelay
from bench.targets.mixminus import Mixminus
from bench.targets.participants import RestRefused
from bench.targets.target import Steered, Target, TargetFailed

TARGETS: Final[Mapping[str, Callable[[], Target]]] = {
    "mixminus": Mixminus,
    "known-delay": lambda: KnownDelay(Faults(delay_ms=15.0)),
}
STEERED: Final[Mapping[str, Callable[[], Steered]]] = {"mixminus": Mixminus}

_SHORT_LEGS: Final = (100, 500)
_FULL_LEGS: Final = (100, 500, 1_000, 2_000)
_REACH_ROUNDS: Final = 20  # six changes each
_FLOOR_SOCKETS: Final = (1, 1_000)
_DEFAULT: Final = Load()


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--target", choices=sorted(TARGETS), default="mixminus")
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--short",
        dest="legs",
        action="store_const",
        const=_SHORT_LEGS,
        help="100 and 500 legs: about 2 minutes (the default)",
    )
    size.add_argument("--full", dest="legs", action="store_const", const=_FULL_LEGS, help="100 to 2,000 legs")
    size.add_argument("--legs", type=_numbers, help="such as 100,500,1000,2000")
    parser.add_argument("--parts", type=lambda text: text.split(","), default=["floor", "density", "reach"])
    parser.add_argument("--room-size", type=int, default=_DEFAULT.room_size)
    parser.add_argument("--talkers", type=int, default=_DEFAULT.talkers, help="per room")
    parser.add_argument("--calls-per-s", type=float, default=_DEFAULT.calls_per_s)
    parser.add_argument("--windows", type=int, default=_DEFAULT.windows)
    parser.add_argument("--seconds", type=float, default=_DEFAULT.seconds, help="per window")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.set_defaults(legs=_SHORT_LEGS)
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def own_core() -> int | None:
    """Leave the last core to the generator; servers inherit the others from this process. None: there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return None
    os.sched_setaffinity(0, cores[:-1])
    return cores[-1]


async def run(options: argparse.Namespace) -> Report:
    """Measure the parts that were asked for."""
    report = Report(options.target, cpu.machine(), [], [], [])
    load = Load(
        room_size=options.room_size,
        talkers=options.talkers,
        calls_per_s=options.calls_per_s,
        windows=options.windows,
        seconds=options.seconds,
        core=own_core(),
    )
    if "floor" in options.parts:
        report.floors.extend(floor.measure(sockets) for sockets in _FLOOR_SOCKETS)
    if "density" in options.parts:
        for legs in options.legs:
            print(f"{legs} legs ...", file=sys.stderr, flush=True)
            report.steps.append(await density.measure(TARGETS[options.target], legs, load))
    if "reach" in options.parts and options.target in STEERED:
        print("REST to wire ...", file=sys.stderr, flush=True)
        report.reaches.extend(await reach.measure(STEERED[options.target](), _REACH_ROUNDS))
    return report


def main() -> int:
    """Print the report; exit status 1 when the measurement failed or a fault was found."""
    options = arguments()
    try:
        report = asyncio.run(run(options))
    except (TargetFailed, GeneratorFailed, TooFewFiles, RestRefused, density.NobodyAnswered) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(report.text())
    if options.json:
        options.json.write_text(json.dumps(report.to_values(), indent=1))
    return 1 if report.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
