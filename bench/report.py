"""One run of the benchmark, or several: kept as JSON, shown as tables."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench import rows, tables
from bench.rows import Row


class UnreadableReport(Exception):
    """The file holds no report of this benchmark."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured, where, and how often."""

    target: str
    machine: dict[str, str]
    runs: int
    rows: Sequence[Row]

    def to_json(self) -> str:
        """Return every figure of every run, for later comparison and plots."""
        values: dict[str, Any] = {"target": self.target, "machine": self.machine, "runs": self.runs}
        return json.dumps({**values, "rows": [rows.to_values(row) for row in self.rows]}, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Report":
        """Read what `to_json` wrote; raises `UnreadableReport`."""
        try:
            values = json.loads(text)
            found = [rows.from_values(row) for row in values["rows"]]
            machine = {str(key): str(value) for key, value in values["machine"].items()}
            return cls(str(values["target"]), machine, int(values["runs"]), found)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnreadableReport(f"this is no report of python -m bench --json: {error!r}") from error

    @classmethod
    def joined(cls, reports: Sequence["Report"]) -> "Report":
        """Make one of several; raises `UnreadableReport` when they are not of the same server and machine."""
        first, *others = reports
        for other in others:
            if (other.target, other._of_machine()) != (first.target, first._of_machine()):
                raise UnreadableReport(f"results of another server or machine cannot be joined: {other.headline()}")
        every = [row for report in reports for row in report.rows]
        return cls(first.target, first.machine, sum(report.runs for report in reports), rows.merged(every))

    def _of_machine(self) -> dict[str, str]:
        return {name: value for name, value in self.machine.items() if name != "load_before"}

    def find(self, part: str, name: str) -> Row | None:
        """Return a row, None when it was not measured."""
        return next((row for row in self.rows if (row.part, row.name) == (part, name)), None)

    def faults(self) -> list[str]:
        """Return what makes rows invalid, each with its row's name."""
        return [f"{row.name}: {fault}" for row in self.rows for fault in row.faults]

    def doubts(self) -> list[str]:
        """Return what makes the delays of rows nothing to go by, each with its row's name."""
        return [f"{row.name}: {doubt}" for row in self.rows for doubt in row.doubts]

    def headline(self) -> str:
        """Say what was measured on what."""
        spread = "one run" if self.runs == 1 else f"medians of {self.runs} runs (least to most)"
        return f"target {self.target} · {tables.described(self.machine)} · {spread}"

    def text(self) -> str:
        """Return the tables for a terminal."""
        blocks = [self.headline(), *(_aligned(table, lines) for table, lines in tables.filled(self.rows))]
        blocks += [f"INVALID  {fault}" for fault in self.faults()]
        return "\n\n".join([*blocks, *(f"DOUBTFUL  {doubt}" for doubt in self.doubts())])


def _aligned(table: tables.Table, lines: Sequence[tables.Line]) -> str:
    cells = [tables.heads(table), *(_marked(line) for line in lines)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join(map("  ".join, _padded(cells, widths)))


def _marked(line: tables.Line) -> tuple[str, ...]:
    name, *figures = line.cells
    return (f"{name} INVALID" if line.faults else name, *figures)


def _padded(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[list[str]]:
    for name, *figures in cells:
        yield [name.ljust(widths[0]), *(f.rjust(width) for f, width in zip(figures, widths[1:], strict=True))]
