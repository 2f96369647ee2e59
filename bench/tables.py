"""Which figures a table shows, under what head, in what unit: one description for terminal and page."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.rows import Row, doubtful


@dataclass(frozen=True, slots=True)
class Column:
    """One figure. `digits` after the point; `share` is shown as a percentage."""

    head: str
    figure: str
    digits: int = 1
    share: bool = False

    def show(self, value: float) -> str:
        """Return the value as people read it."""
        return f"{value:.{self.digits}%}" if self.share else f"{value:,.{self.digits}f}"

    def cell(self, row: Row) -> str:
        """Return the median, with the extremes when there were several runs; in brackets what is doubtful."""
        median = row.median(self.figure)
        if median is None:
            doubted = row.median(doubtful(self.figure))
            return "-" if doubted is None else f"[{self.show(doubted)}]"
        low, high = map(self.show, row.extremes(self.figure))
        return self.show(median) if low == high else f"{self.show(median)} ({low} to {high})"


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one part."""

    part: str
    title: str
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table, ready to be written."""

    cells: tuple[str, ...]
    faults: tuple[str, ...]


TABLES: Final = (
    Table(
        "floor",
        "floor, bare system calls",
        (Column("µs per packet in and out", "us_per_pair", 2), Column("µs CPU per leg-s", "cpu_us", 0)),
    ),
    Table("kernel", "engine without system calls", (Column("µs CPU per leg-s", "cpu_us"),)),
    Table(
        "load",
        "cost",
        (
            Column("legs", "legs", 0),
            Column("µs CPU per leg-s", "cpu_us", 0),
            Column("media µs", "cpu_us_of_mixminus-media", 0),
            Column("cores", "cores", 3),
            Column("idle cores", "idle_cores", 3),
            Column("filled in s", "setup_seconds", 0),
            Column("kB per leg", "kb_per_leg", 0),
            Column("set-up p99 ms", "setup_p99_ms"),
            Column("generator cores", "generator_cores", 2),
            Column("late p99 ms", "generator_late_p99_ms"),
            Column("others' cores", "others_cores", 2),
        ),
    ),
    Table(
        "load",
        "sound",
        (
            Column("delay min ms", "delay_min_ms"),
            Column("p50 ms", "delay_p50_ms"),
            Column("p99 ms", "delay_p99_ms"),
            Column("max ms", "delay_max_ms"),
            Column("markers missed", "markers_missed", 2, share=True),
            Column("unreadable", "markers_unreadable", 0),
            Column("wrong room", "wrong_room", 0),
            Column("echo", "echoes", 0),
            Column("leaked", "whispers_leaked", 0),
            Column("packets lost", "packets_lost", 0),
            Column("sent per leg-s", "sent_per_leg_s"),
            Column("heard per leg-s", "heard_per_leg_s"),
            Column("server's packets per s", "server_packets_per_s", 0),
            Column("jitter ms", "jitter_ms", 2),
            Column("spacing p99 ms", "spacing_p99_ms"),
            Column("calls made anew", "churned_calls", 0),
            Column("their set-up p99 ms", "churn_p99_ms"),
        ),
    ),
    Table(
        "set-up",
        "call set-up",
        (
            Column("calls", "calls", 0),
            Column("reached per s", "reached_per_s"),
            Column("p50 ms", "setup_p50_ms"),
            Column("p99 ms", "setup_p99_ms"),
            Column("ms CPU per call", "cpu_ms_per_call", 2),
        ),
    ),
    Table(
        "soak",
        "soak",
        (
            Column("seconds", "seconds", 0),
            Column("resident MB", "resident_mb"),
            Column("growth kB per min", "growth_kb_per_min", 0),
            Column("calls made anew", "churned_calls", 0),
        ),
    ),
    Table(
        "reach",
        "REST to wire",
        (
            Column("changes", "changes", 0),
            Column("p50 ms", "reach_p50_ms"),
            Column("p99 ms", "reach_p99_ms"),
            Column("max ms", "reach_max_ms"),
            Column("p99 from request ms", "request_p99_ms"),
        ),
    ),
    Table(
        "streams",
        "Media Streams",
        (
            Column("pacing error p50 ms", "pacing_p50_ms", 2),
            Column("p99 ms", "pacing_p99_ms", 2),
            Column("max ms", "pacing_max_ms", 1),
            Column("spacing p99 ms", "spacing_p99_ms", 2),
            Column("µs CPU per stream-s", "cpu_us", 0),
            Column("control µs", "control_us", 0),
            Column("media µs", "media_us", 0),
            Column("cores", "cores", 2),
            Column("gaps", "gaps", 0),
            Column("frames read two at once", "frames_merged", 2, share=True),
            Column("generator cores", "generator_cores", 2),
            Column("late p99 ms", "generator_late_p99_ms", 2),
        ),
    ),
)


def filled(rows: Sequence[Row]) -> Iterator[tuple[Table, list[Line]]]:
    """Yield every table that has rows; columns that no row has a figure for are left out."""
    for table in TABLES:
        of_part = [row for row in rows if row.part == table.part]
        used = tuple(c for c in table.columns if any(c.cell(row) != "-" for row in of_part))
        if used:
            lines = [Line((row.name, *(c.cell(row) for c in used)), row.faults) for row in of_part]
            yield Table(table.part, table.title, used), lines


def heads(table: Table) -> tuple[str, ...]:
    """Return the head line."""
    return (table.title, *(column.head for column in table.columns))


def described(machine: dict[str, str], join: Callable[[list[str]], str] = " · ".join) -> str:
    """Return the machine in words."""
    return join([f"{name.replace('_', ' ')} {value}" for name, value in machine.items()])
