"""What is claimed: the rows of the design's table, each a figure or a ratio, with its aim beside it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from bench import floor, kernel_loads, reach, set_up, shapes, soak, streams
from bench.report import Report
from bench.rows import Row, doubtful
from bench.shapes import rooms_of
from bench.tables import Column

_NOT_MEASURED: Final = "not measured yet"
_IDLE_CORES: Final = 0.05
_FLAT: Final = 1.1

Limit = Callable[[float], bool]


@dataclass(frozen=True, slots=True)
class Claim:
    """One line: a figure, or its ratio to that of another row of the same runs."""

    what: str
    part: str
    name: str
    column: Column
    aim: str = ""
    met: Limit | None = None
    over: str = ""
    """The name of the row that the figure is divided by."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A claim, answered from a report, in words."""

    what: str
    measured: str
    aim: str
    met: str


def answers(report: Report) -> list[Answer]:
    """Answer every claim."""
    return [Answer(c.what, _measured(report, c), c.aim, _met(report, c)) for c in claims()]


def measured(report: Report) -> list[Answer]:
    """Answer those claims that the report tells something about."""
    return [answer for answer in answers(report) if answer.measured != _NOT_MEASURED]


def text(report: Report) -> str:
    """Return them for a terminal."""
    lines = [("aims", "measured", "aim", "met")]
    lines += [(a.what, a.measured, a.aim, a.met) for a in measured(report)]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def claims() -> Iterator[Claim]:
    """Yield the rows of the design's table that concern media, and what explains them."""
    yield from _density()
    yield from _ratios()
    yield from _shapes()
    yield from _delay()
    yield from _signalling()
    yield from _streams()


def _density() -> Iterator[Claim]:
    for legs in shapes.FULL_LEGS:
        name = rooms_of(3, legs).name
        yield _us(f"CPU per leg-second, {name}", name, aim_us=250)
    yield _us("the floor: bare recvfrom and sendto on 1,000 sockets, a leg-second", floor.name(1_000), floor.PART)
    yield _us("the same with arrival times, as we do it", floor.name(1_000, "with arrival times"), floor.PART)
    for load in kernel_loads.LOADS:
        yield _us(f"the engine without system calls, {load.name}", load.name, "kernel")


def _ratios() -> Iterator[Claim]:
    plain = {legs: rooms_of(3, legs).name for legs in shapes.FULL_LEGS}
    for legs in (500, 1_000, 3_000):
        yield _times(f"the cost of {plain[legs]}", plain[legs], plain[100], _FLAT)
    yield _times("one coach in every room", shapes.coached(500).name, plain[500], 1.15)
    yield _times("one room of 250", rooms_of(250, 250).name, plain[250], 1.1)
    yield _times("one room of 1,000", rooms_of(1_000, 1_000).name, plain[1_000], 1.1)


def _shapes() -> Iterator[Claim]:
    for shape in (rooms_of(10, 500), shapes.webinar(), *shapes.WAYS, *shapes.CODECS):
        yield _us(f"CPU per leg-second, {shape.name}", shape.name)
    most = max(shape.rooms for shape in shapes.IDLE)
    for shape in shapes.IDLE:
        column = Column("", "added_cores", 3)
        aim, met = ("no measurable load", lambda cores: cores <= _IDLE_CORES) if shape.rooms == most else ("", None)
        yield Claim(f"{shape.name}, cores more than with none", "load", shape.name, column, aim, met)
        packets = Column("", "server_packets_per_s", 0)
        yield Claim(f"{shape.name}, packets a second from the server", "load", shape.name, packets)


def _delay() -> Iterator[Claim]:
    for legs in (100, 500, 1_000, 3_000):
        for percent, limit in ((50, 12), (99, 25)):
            column, name = Column("", f"delay_p{percent}_ms"), rooms_of(3, legs).name
            yield _at_most(f"added delay, {name}, p{percent}, ms", "load", name, column, limit)


def _signalling() -> Iterator[Claim]:
    reached = Column("", "reach_p99_ms")
    yield _at_most("REST change to first changed packet, p99, ms", reach.PART, reach.ALL, reached, 60)
    per_leg = Column("", "kb_per_leg", 0)
    yield _at_most("memory per leg, 1,000 legs, kB", "load", rooms_of(3, 1_000).name, per_leg, 300)
    growth = Column("", "growth_kb_per_min", 0)
    yield Claim("growth of memory, kB a minute", soak.PART, soak.soaked().name, growth, "none")
    wait = Column("", "setup_p99_ms")
    yield _at_most("call set-up at 50 calls a second, p99, ms", set_up.PART, set_up.name(50), wait, 100)
    rate = Column("", "reached_per_s", 0)
    yield Claim("calls a second, 160 offered", set_up.PART, set_up.name(160), rate, "≥ 150", lambda r: r >= 150)


def _streams() -> Iterator[Claim]:
    error = Column("", "pacing_p99_ms", 2)
    for number in streams.KNEE:
        name = streams.name(number)
        what = f"pacing error of frames to agents, {name}, one core, p99, ms"
        limit = (f"≤ {streams.AIM_MS:g}", lambda ms: ms <= streams.AIM_MS) if number == streams.AIM else ("", None)
        yield Claim(what, streams.PART, name, error, *limit)
        yield Claim(f"cores in use, {name}", streams.PART, name, Column("", "cores", 2))
    bare = streams.floor_name(streams.AIM)
    yield Claim(f"the floor of that: {bare}, p99, ms", streams.PART, bare, error)


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


def _measured(report: Report, claim: Claim) -> str:
    row, over = report.find(claim.part, claim.name), report.find(claim.part, claim.over)
    if row is None or (claim.over and over is None):
        return _NOT_MEASURED
    if not row.valid or (over is not None and not over.valid):
        return "invalid, see below"
    if over is None:
        return _cell(row, claim.column)
    value = _value(report, claim)
    return _NOT_MEASURED if value is None else claim.column.show(value)


def _cell(row: Row, column: Column) -> str:
    if row.median(column.figure) is None and row.median(doubtful(column.figure)) is not None:
        return "doubtful, see below"
    cell = column.cell(row)
    return _NOT_MEASURED if cell == "-" else cell


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
