"""The figures as plots. Matplotlib is optional: who has it not gets the tables alone."""

import io
from collections.abc import Sequence
from typing import Any, Final

from bench import floor, reach, set_up
from bench.report import Report
from bench.rows import Row

_AIM_US: Final = 250.0  # docs/performance.md
_PLAIN: Final = "rooms of 3"


class NoMatplotlib(Exception):
    """Matplotlib is not installed: pip install matplotlib."""

    def __init__(self) -> None:
        super().__init__("matplotlib is not installed (pip install matplotlib)")


def svg(report: Report) -> str:
    """Return the plots as an element for a page; raises `NoMatplotlib`."""
    out = io.StringIO()
    _figure(report).savefig(out, format="svg")
    return out.getvalue()[out.getvalue().index("<svg") :]


def png(report: Report) -> bytes:
    """Return the plots as a picture; raises `NoMatplotlib`."""
    out = io.BytesIO()
    _figure(report).savefig(out, format="png", dpi=120)
    return out.getvalue()


def _figure(report: Report) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise NoMatplotlib from None
    figure = Figure(figsize=(12, 9), layout="constrained")
    cost, delay, by_shape, signalling = figure.subplots(2, 2).flat
    loads = [row for row in report.rows if row.part == "load"]
    plain = sorted((row for row in loads if row.name.endswith(_PLAIN)), key=lambda row: row.median("legs") or 0)
    _cost(cost, report, plain)
    _delay(delay, plain)
    _by_shape(by_shape, loads)
    _signalling(signalling, report)
    return figure


def _cost(axes: Any, report: Report, plain: Sequence[Row]) -> None:
    axes.set(title="CPU per leg-second, rooms of 3", xlabel="legs", ylabel="µs")
    _over_legs(axes, plain, "cpu_us", "server")
    axes.axhline(_AIM_US, linestyle=":", color="gray", label="aim")
    bare = next((row for row in report.rows if row.part == floor.PART and row.name != floor.name(1)), None)
    if bare is not None:
        axes.axhline(bare.median("cpu_us"), linestyle="--", color="black", label=f"floor, {bare.name}")
    engine = [row for row in report.rows if row.part == "kernel" and row.name.endswith(_PLAIN)]
    _over_legs(axes, engine, "cpu_us", "engine without system calls")
    axes.set_ylim(bottom=0)
    axes.legend()


def _delay(axes: Any, plain: Sequence[Row]) -> None:
    axes.set(title="added delay, rooms of 3", xlabel="legs", ylabel="ms")
    for figure, label in (("delay_p50_ms", "p50"), ("delay_p99_ms", "p99")):
        _over_legs(axes, plain, figure, label)
    axes.set_ylim(bottom=0)
    axes.legend()


def _over_legs(axes: Any, rows: Sequence[Row], figure: str, label: str) -> None:
    """Valid rows are joined by a line with their extremes; invalid ones are crosses of their own."""
    known = [row for row in rows if figure in row.figures and "legs" in row.figures]
    valid = [row for row in known if row.valid]
    medians, spread = [row.median(figure) for row in valid], [row.extremes(figure) for row in valid]
    below = [median - low for median, (low, _) in zip(medians, spread, strict=True) if median is not None]
    above = [high - median for median, (_, high) in zip(medians, spread, strict=True) if median is not None]
    legs = [row.median("legs") for row in valid]
    axes.errorbar(legs, medians, yerr=[below, above], marker="o", capsize=3, label=label)
    if invalid := [row for row in known if not row.valid]:
        x, y = [row.median("legs") for row in invalid], [row.median(figure) for row in invalid]
        axes.plot(x, y, "rx", markersize=10, label=f"{label}, invalid")


def _by_shape(axes: Any, loads: Sequence[Row]) -> None:
    axes.set(title="CPU per leg-second by shape (red: invalid)", xlabel="µs")
    shown = [row for row in loads if "cpu_us" in row.figures]
    colors = ["tab:blue" if row.valid else "tab:red" for row in shown]
    axes.barh([row.name for row in shown], [row.median("cpu_us") for row in shown], color=colors)
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelsize=8)


def _signalling(axes: Any, report: Report) -> None:
    axes.set(title="call set-up, and REST to wire: p50 dark, p99 light", ylabel="ms")
    axes.set_yscale("symlog", linthresh=10)  # some changes are heard before their answer: below zero
    parts = (set_up.PART, "setup_p50_ms", "setup_p99_ms"), (reach.PART, "reach_p50_ms", "reach_p99_ms")
    rows = [(row, p50, p99) for part, p50, p99 in parts for row in report.rows if row.part == part]
    for at, (row, p50, p99) in enumerate(rows):
        color = "tab:blue" if row.valid else "tab:red"
        for figure, shift, alpha in ((p50, -0.2, 1.0), (p99, 0.2, 0.5)):
            if figure in row.figures:
                axes.bar(at + shift, row.median(figure), width=0.4, color=color, alpha=alpha)
    axes.set_xticks(range(len(rows)), [row.name for row, _, _ in rows], rotation=30, ha="right", fontsize=8)
