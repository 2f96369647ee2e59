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


def row(part: str, name: str, figures: Mapping[str, float], faults: Iterable[str] = ()) -> Row:
    """Return the row of one run."""
    return Row(part, name, {key: (float(v),) for key, v in figures.items() if not math.isnan(v)}, tuple(faults))


def merged(rows: Iterable[Row]) -> list[Row]:
    """Join the rows of several runs, in the order in which they came first; a fault in one run is the row's."""
    joined: dict[tuple[str, str], Row] = {}
    for one in rows:
        key = one.part, one.name
        before = joined.get(key, Row(one.part, one.name, {}))
        names = dict.fromkeys((*before.figures, *one.figures))
        figures = {n: (*before.figures.get(n, ()), *one.figures.get(n, ())) for n in names}
        joined[key] = Row(*key, figures, tuple(dict.fromkeys((*before.faults, *one.faults))))
    return list(joined.values())


def to_values(one: Row) -> dict[str, Any]:
    """Return JSON values."""
    figures = {name: list(values) for name, values in one.figures.items()}
    return {"part": one.part, "name": one.name, "figures": figures, "faults": list(one.faults)}


def from_values(values: Mapping[str, Any]) -> Row:
    """Read what `to_values` wrote."""
    figures = {str(name): tuple(map(float, runs)) for name, runs in values["figures"].items()}
    return Row(str(values["part"]), str(values["name"]), figures, tuple(map(str, values["faults"])))
