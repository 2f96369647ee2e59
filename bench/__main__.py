"""`python -m bench`: load a conference server, print what it costs and how it sounds."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench import budget, claims, cpu, page, plan, plots, shapes, streams
from bench.density import Pace
from bench.load.generator import TooFewFiles
from bench.load.remote import GeneratorFailed
from bench.plan import Plan
from bench.report import Report
from bench.rows import Row, merged
from bench.shapes import Shape, rooms_of
from bench.targets.known_delay import Faults, KnownDelay
from bench.targets.mixminus import Mixminus
from bench.targets.participants import RestRefused
from bench.targets.target import Target, TargetFailed

TARGETS: Final[Mapping[str, Callable[[], Target]]] = {
    "mixminus": Mixminus,
    "known-delay": lambda: KnownDelay(Faults(delay_ms=15.0)),
}
_SHORT_PAGE: Final = Path("out/bench.html")


@dataclass(frozen=True, slots=True)
class _Effort:
    windows: int
    seconds: float
    settle_s: float
    rate_seconds: float
    soak_s: float
    reach_rounds: int
    streams: Sequence[int] = (streams.AIM,)


_SHORT: Final = _Effort(windows=2, seconds=3.0, settle_s=1.0, rate_seconds=4.0, soak_s=9.0, reach_rounds=12)
_AIMS: Final = _Effort(windows=2, seconds=3.0, settle_s=1.0, rate_seconds=7.0, soak_s=9.0, reach_rounds=15)
_FULL: Final = _Effort(
    windows=3, seconds=3.0, settle_s=1.0, rate_seconds=8.0, soak_s=27.0, reach_rounds=20, streams=streams.KNEE
)
_RATES: Final = (50.0, 160.0)  # the aims: p99 at 50, and 150 or more reached


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--target", choices=sorted(TARGETS), default="mixminus")
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--short", action="store_true", help=f"up to 3 minutes; also writes {_SHORT_PAGE} (the default)"
    )
    size.add_argument("--full", action="store_true", help="100 to 3,000 legs and every shape: up to 14 minutes a run")
    size.add_argument("--only-aims", action="store_true", help="the design's aims alone: up to 7 minutes a run")
    size.add_argument("--legs", type=_numbers, help="rooms of one size only, such as 100,500,1000,2000")
    parser.add_argument("--parts", type=_parts, default=plan.PARTS, help=f"some of {','.join(plan.PARTS)}")
    parser.add_argument("--shapes", type=str, default="", help="only loads whose name has this in it")
    parser.add_argument("--room-size", type=int, default=3, help="with --legs")
    parser.add_argument("--talkers", type=int, default=2, help="per room, with --legs")
    parser.add_argument("--runs", type=_count, default=1, help="measure everything so often, show medians")
    parser.add_argument("--windows", type=int, help="per load")
    parser.add_argument("--seconds", type=float, help="per window")
    parser.add_argument("--soak-s", type=float)
    parser.add_argument("--json", type=Path, help="write every figure to this file, after each run")
    parser.add_argument("--html", type=Path, help="write a page with tables and plots")
    parser.add_argument("--png", type=Path, help="write the plots")
    return parser.parse_args(words)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def _count(text: str) -> int:
    if (count := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return count


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(text.split(","))
    if unknown := set(parts) - set(plan.PARTS):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: the parts are {', '.join(plan.PARTS)}")
    return parts


def planned(options: argparse.Namespace, core: int | None = None) -> Plan:
    """Return what the command line asks for, with the generator on *core*."""
    loads: Sequence[Shape]
    if options.legs:
        loads = [rooms_of(options.room_size, legs, options.talkers) for legs in options.legs]
    elif options.full:
        loads = [*(rooms_of(3, legs) for legs in shapes.FULL_LEGS), *shapes.FULL]
    elif options.only_aims:
        loads = [*(rooms_of(3, legs) for legs in shapes.AIM_LEGS), *shapes.AIMS]
    else:
        loads = [*(rooms_of(3, legs) for legs in shapes.SHORT_LEGS), *shapes.SHORT]
    effort = _FULL if options.full else _AIMS if options.only_aims else _SHORT
    return Plan(
        shapes=[shape for shape in loads if options.shapes in shape.name],
        rates=_RATES,
        rate_seconds=effort.rate_seconds,
        soak_s=options.soak_s or effort.soak_s,
        reach_rounds=effort.reach_rounds,
        streams=effort.streams,
        pace=Pace(options.windows or effort.windows, options.seconds or effort.seconds, effort.settle_s, core),
        parts=options.parts,
    )


def own_core() -> int | None:
    """Leave the last core to the generator; servers inherit the others from this process. None: there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return None
    os.sched_setaffinity(0, cores[:-1])
    return cores[-1]


async def measured(wanted: Plan, target: str, runs: int, keep: Callable[[Report], None]) -> Report:
    """Measure everything *runs* times, run by run: a disturbance spoils one value of many rows, not all of a row.

    Whatever ends it early, the runs that were complete have been kept.
    """
    machine = cpu.machine()
    rows: list[Row] = []
    total_s = runs * budget.seconds(wanted)
    wanted.say(f"about {budget.minutes(total_s)} minutes")
    wanted = replace(wanted, say=budget.clocked(total_s, wanted.say))
    for run in range(runs):
        if runs > 1:
            wanted.say(f"run {run + 1} of {runs}")
        rows += [row async for row in plan.run(wanted, TARGETS[target])]
        report = Report(target, machine, run + 1, merged(rows))
        keep(report)
    return report


def main() -> int:
    """Print the report; exit status 1 when the measurement failed or a fault was found."""
    options = arguments()
    try:
        plan_of_run = planned(options, own_core())
        report = asyncio.run(measured(plan_of_run, options.target, options.runs, lambda kept: keep(kept, options)))
    except (TargetFailed, GeneratorFailed, TooFewFiles, RestRefused) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(report.text())
    print(f"\n{claims.text(report)}")
    write(report, options)
    return 1 if report.faults() else 0


def keep(report: Report, options: argparse.Namespace) -> None:
    """Write the figures, if that was asked for."""
    if options.json:
        _write(options.json, report.to_json().encode())


def write(report: Report, options: argparse.Namespace) -> None:
    """Write the page and the plots that were asked for."""
    default = None if options.full or options.only_aims or options.legs else _SHORT_PAGE
    if html := options.html or default:
        _write(html, page.page(report).encode())
        print(f"\n{html}")
    if options.png:
        try:
            _write(options.png, plots.png(report))
        except plots.NoMatplotlib as error:
            print(f"bench: {options.png} was not written: {error}", file=sys.stderr)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
