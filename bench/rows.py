"""The figures, all in one form: a row is what was measured in one way, with one value for each run.

Rows are what is kept in JSON, and what tables, plots and the documentation are made of.
"""

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """`part` and `name` together are unique. A row with a fault is invalid: it is shown, but as nothing to go by."""

    part: str
    name: str
    figures: Mapping[str, tuple[float, ...]]
    """By name with its unit; what could not be measured is absent."""
    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    """What makes its delays alone nothing to go by, in some run: these are kept under the name `doubtful` gives."""

    @property
    def valid(self) -> bool:
        return not self.faults

    @property
    def runs(self) -> int:
        """How many runs stand behind the median."""
        return max((len(values) for values in self.figures.values()), default=0)

    def median(self, figure: str) -> float | None:
        """Return the median over the runs; None: not measured."""
        values = self.figures.get(figure)
        return statistics.median(values) if values else None

    def extremes(self, figure: str) -> tuple[float, float]:
        """Return the least and the most of the runs."""
        return min(self.figures[figure]), max(self.figures[figure])


def row(
    part: str, name: str, figures: Mapping[str, float], faults: Iterable[str] = (), doubts: Iterable[str] = ()
) -> Row:
    """Return the row of one run."""
    known = {key: (float(value),) for key, value in figures.items() if not math.isnan(value)}
    return Row(part, name, known, tuple(faults), tuple(doubts))


def doubtful(figure: str) -> str:
    """Return the name under which a figure is kept that is nothing to go by."""
    return f"doubtful_{figure}"


def merged(rows: Iterable[Row]) -> list[Row]:
    """Join the rows of several runs, in the order in which they came first; a fault in one run is the row's."""
    joined: dict[tuple[str, str], Row] = {}
    for one in rows:
        key = one.part, one.name
        before = joined.get(key, Row(one.part, one.name, {}))
        names = dict.fromkeys((*before.figures, *one.figures))
        figures = {n: (*before.figures.get(n, ()), *one.figures.get(n, ())) for n in names}
        faults, doubts = (*before.faults, *one.faults), (*before.doubts, *one.doubts)
        joined[key] = Row(*key, figures, tuple(dict.fromkeys(faults)), tuple(dict.fromkeys(doubts)))
    return list(joined.values())


def to_values(one: Row) -> dict[str, Any]:
    """Return JSON values."""
    figures = {name: list(values) for name, values in one.figures.items()}
    faults, doubts = list(one.faults), list(one.doubts)
    return {"part": one.part, "name": one.name, "figures": figures, "faults": faults, "doubts": doubts}


def from_values(values: Mapping[str, Any]) -> Row:
    """Read what `to_values` wrote."""
    figures = {str(name): tuple(map(float, runs)) for name, runs in values["figures"].items()}
    faults, doubts = (tuple(map(str, values.get(kind, ()))) for kind in ("faults", "doubts"))
    return Row(str(values["part"]), str(values["name"]), figures, faults, doubts)
