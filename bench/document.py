"""`python -m bench.document RESULTS.json`: write the figures of docs/performance.md from a run's results.

Only the section between two marks is replaced. An invalid row gives no figure, and the document says why.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import floor, reach, set_up, shapes, soak
from bench.report import Report, UnreadableReport
from bench.rows import Row
from bench.shapes import rooms_of
from bench.tables import Column

BEGIN: Final = "<!-- figures: written by python -m bench.document -->"
END: Final = "<!-- end of figures -->"
_DOCUMENT: Final = Path("docs/performance.md")
_NOT_MEASURED: Final = "not measured yet"
_QUIET_CORES: Final = 0.1

Limit = Callable[[float], bool]


class NoSection(Exception):
    """The document has no section for figures."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One line of the document: a figure, or its ratio to that of another row of the same run."""

    what: str
    part: str
    name: str
    column: Column
    aim: str = ""
    met: Limit | None = None
    over: str = ""
    """The name of the row that the figure is divided by."""


def _us(what: str, name: str, part: str = "load", aim_us: float | None = None) -> Claim:
    column = Column("", "cpu_us", 0)
    if aim_us is None:
        return Claim(f"{what}, µs", part, name, column)
    return Claim(f"{what}, µs", part, name, column, f"≤ {aim_us:g}", lambda us: us <= aim_us)


def _at_most(what: str, part: str, name: str, column: Column, limit: float) -> Claim:
    return Claim(what, part, name, column, f"≤ {limit:g}", lambda value: value <= limit)


def _times(what: str, name: str, over: str, limit: float) -> Claim:
    what = f"{what}, times that of {over}"
    return Claim(what, "load", name, Column("", "cpu_us", 2), f"≤ {limit:g}", lambda ratio: ratio <= limit, over)


def claims() -> Iterator[Claim]:
    """Yield the rows of the design's table that concern media, and what explains them."""
    plain = {legs: rooms_of(3, legs).name for legs in shapes.FULL_LEGS}
    for name in plain.values():
        yield _us(f"CPU per leg-second, {name}", name, aim_us=250)
    yield _us("the floor: bare recvfrom and sendto on 1,000 sockets, a leg-second", floor.name(1_000), floor.PART)
    for name in ("501 legs, rooms of 3", "2,001 legs, rooms of 3", "999 legs, one room"):
        yield _us(f"the engine without system calls, {name}", name, "kernel")
    yield _times("one coach in every room", shapes.coached(500).name, plain[500], 1.15)
    yield _times("one room of 250", rooms_of(250, 250).name, plain[250], 1.1)
    yield _times("one room of 1,000", rooms_of(1_000, 1_000).name, plain[1_000], 1.1)
    for shape in (rooms_of(10, 500), shapes.webinar(), *shapes.WAYS):
        yield _us(f"CPU per leg-second, {shape.name}", shape.name)
    for shape in shapes.IDLE:
        yield Claim(f"{shape.name}, cores", "load", shape.name, Column("", "cores", 3), _idle_aim(shape.rooms))
    for percent, limit in ((50, 12), (99, 25)):
        column = Column("", f"delay_p{percent}_ms", 1)
        yield _at_most(f"added delay, 500 legs, p{percent}, ms", "load", plain[500], column, limit)
    yield _at_most(
        "REST change to first changed packet, p99, ms", reach.PART, reach.ALL, Column("", "reach_p99_ms"), 60
    )
    per_leg = Column("", "kb_per_leg", 0)
    yield _at_most("memory per leg, 1,000 legs, kB", "load", plain[1_000], per_leg, 300)
    growth = Column("", "growth_kb_per_min", 0)
    yield Claim("growth of memory, kB a minute", soak.PART, soak.soaked().name, growth, "none")
    wait = Column("", "setup_p99_ms")
    yield _at_most("call set-up at 50 calls a second, p99, ms", set_up.PART, set_up.name(50), wait, 100)
    rate = Column("", "reached_per_s", 0)
    yield Claim("calls a second, 160 offered", set_up.PART, set_up.name(160), rate, "≥ 150", lambda r: r >= 150)


def _idle_aim(rooms: int) -> str:
    return "no measurable load" if rooms == max(shape.rooms for shape in shapes.IDLE) else ""


def section(report: Report) -> str:
    """Return the section's text."""
    lines = ["| what | measured | aim | met |", "|---|---|---|---|"]
    for claim in claims():
        lines.append(f"| {claim.what} | {_measured(report, claim)} | {claim.aim} | {_met(report, claim)} |")
    notes = [f"Measured: {report.headline()}.", *_invalid_rows(report), *_disturbance(report)]
    return "\n".join([*lines, "", *notes])


def _measured(report: Report, claim: Claim) -> str:
    row, over = report.find(claim.part, claim.name), report.find(claim.part, claim.over)
    if row is None or (claim.over and over is None):
        return _NOT_MEASURED
    if not row.valid or (over is not None and not over.valid):
        return "invalid, see below"
    if over is None:
        cell = claim.column.cell(row)
        return _NOT_MEASURED if cell == "-" else cell
    value = _value(report, claim)
    return _NOT_MEASURED if value is None else claim.column.show(value)


def _met(report: Report, claim: Claim) -> str:
    value = _value(report, claim)
    if value is None or claim.met is None:
        return ""
    return "yes" if claim.met(value) else "no"


def _value(report: Report, claim: Claim) -> float | None:
    """Return the median, or the ratio of the medians; None when it is not there or not valid."""
    value = _valid_median(report.find(claim.part, claim.name), claim.column.figure)
    if not claim.over:
        return value
    base = _valid_median(report.find(claim.part, claim.over), claim.column.figure)
    return value / base if value is not None and base else None


def _valid_median(row: Row | None, figure: str) -> float | None:
    return row.median(figure) if row is not None and row.valid else None


def _invalid_rows(report: Report) -> list[str]:
    return ["", "Invalid:", "", *(f"- {fault}" for fault in report.faults())] if report.faults() else []


def _disturbance(report: Report) -> list[str]:
    others = [max(row.figures["others_cores"]) for row in report.rows if "others_cores" in row.figures]
    if not others or max(others) < _QUIET_CORES:
        return []
    return ["", f"The machine was not quiet: other programs used up to {max(others):.1f} cores meanwhile."]


def replaced(document: str, text: str, first: str = BEGIN, last: str = END) -> str:
    """Return the document with the section between two lines exchanged; raises `NoSection`."""
    head, begin, rest = document.partition(first)
    _, end, tail = rest.partition(last)
    if not begin or not end:
        raise NoSection(f"the document has no lines {first!r} and {last!r}")
    return f"{head}{begin}\n\n{text}\n\n{end}{tail}"


def main(words: Sequence[str] | None = None) -> int:
    """Exit status 1, and nothing written, when the results or the document are not what they should be."""
    parser = argparse.ArgumentParser(prog="python -m bench.document", description=__doc__)
    parser.add_argument("results", type=Path, help="what python -m bench --json wrote")
    parser.add_argument("--into", type=Path, default=_DOCUMENT)
    options = parser.parse_args(words)
    try:
        report = Report.from_json(options.results.read_text())
        document = replaced(options.into.read_text(), section(report))
    except (OSError, UnreadableReport, NoSection) as error:
        print(f"bench.document: {error}", file=sys.stderr)
        return 1
    options.into.write_text(document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
