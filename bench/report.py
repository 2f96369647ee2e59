"""What was measured, for people (tables) and for programs (JSON)."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.density import Step, process_names
from bench.floor import Floor
from bench.reach import Reach, percentiles


@dataclass(frozen=True, slots=True)
class Report:
    """One run."""

    target: str
    machine: dict[str, str]
    floors: list[Floor]
    steps: list[Step]
    reaches: list[Reach]

    def to_values(self) -> dict[str, Any]:
        """Return the raw figures as JSON values, for later comparison and plots."""
        return dataclasses.asdict(self)

    def faults(self) -> list[str]:
        """Return what no conference server may ever do, and what makes this run worth nothing."""
        found = []
        for step in self.steps:
            wrong = step.total(lambda w: w.wrong_room)
            echoes = step.total(lambda w: w.echoes)
            skipped = step.total(lambda w: w.generator_skipped_slots)
            if wrong:
                found.append(f"{step.legs} legs: {wrong} markers of another room were heard")
            if echoes:
                found.append(f"{step.legs} legs: {echoes} markers came back to their own speaker")
            if step.set_up.failures or step.dropped:
                found.append(f"{step.legs} legs: failed calls {step.set_up.failures}, dropped calls {step.dropped}")
            heard, sent = step.median(lambda w: w.in_per_leg_s), step.median(lambda w: w.out_per_leg_s)
            if min(heard, sent) < _ENOUGH_PER_LEG_S:
                found.append(
                    f"{step.legs} legs: {sent:.1f} packets out and {heard:.1f} in per leg-second instead of 50: "
                    "the cost is that of less work"
                )
            if skipped:
                found.append(f"{step.legs} legs: the generator stood still for {skipped} ms, do not trust this row")
        found += [f"{reach.name}: {reach.never} changes were never heard" for reach in self.reaches if reach.never]
        return found

    def text(self) -> str:
        """Return the tables."""
        parts = [f"target {self.target}", *(f"{key} {value}" for key, value in self.machine.items())]
        blocks = [" · ".join(parts)]
        if self.floors:
            blocks.append(
                _table(_FLOOR, ([str(f.sockets), _2(f.us_per_pair), _0(f.us_per_leg_second)] for f in self.floors))
            )
        if self.steps:
            blocks += [_table(_COST, map(_cost_row, self.steps)), _by_process(self.steps)]
            blocks.append(_table(_SOUND, map(_sound_row, self.steps)))
        if self.reaches:
            blocks.append(
                _table(_REACH, [*(_reach_row(r.name, [r]) for r in self.reaches), _reach_row("all", self.reaches)])
            )
        return "\n\n".join(blocks + [f"FAULT  {fault}" for fault in self.faults()])


# A hundredth short of 50: clocks and the edges of a window cost less.
_ENOUGH_PER_LEG_S: Final = 49.5
_FLOOR = ("floor: sockets", "µs per recvfrom+sendto", "µs per leg-second")
_COST = (
    "legs",
    "µs CPU per leg-s",
    "windows",
    "idle CPU",
    "kB per leg",
    "set-up p50/p99 ms",
    "generator CPU",
    "late p99 ms",
)
_SOUND = (
    "legs",
    "delay min ms",
    "p50",
    "p99",
    "max",
    "markers lost",
    "unreadable",
    "wrong room",
    "echo",
    "packets lost",
    "out/in per leg-s",
    "jitter ms",
    "spacing p99 ms",
)
_REACH = ("REST to wire", "changes", "p50 ms", "p99 ms", "max ms", "p99 from request ms")


def _cost_row(step: Step) -> list[str]:
    costs = step.costs_us()
    return [
        str(step.legs),
        _0(costs[len(costs) // 2]),
        f"{_0(costs[0])}-{_0(costs[-1])}",
        f"{step.idle_cpu:.1%}",
        _0(step.bytes_per_leg / 1e3),
        f"{_1(step.set_up.setup_p50_ms)}/{_1(step.set_up.setup_p99_ms)}",
        f"{step.generator_cpu:.0%}",
        _1(step.median(lambda w: w.generator_late_p99_ms)),
    ]


def _by_process(steps: Sequence[Step]) -> str:
    names = process_names(steps)
    rows = ([str(step.legs), *(_0(step.cost_us_of(name)) for name in names)] for step in steps)
    return _table(("legs", *(f"{name} µs" for name in names)), rows)


def _sound_row(step: Step) -> list[str]:
    expected = step.total(lambda w: w.markers_expected)
    return [
        str(step.legs),
        _1(min(w.delay_min_ms for w in step.windows)),
        _1(step.median(lambda w: w.delay_p50_ms)),
        _1(step.median(lambda w: w.delay_p99_ms)),
        _1(max(w.delay_max_ms for w in step.windows)),
        f"{1 - step.total(lambda w: w.markers_heard) / expected:.2%}" if expected else "-",
        str(step.total(lambda w: w.markers_damaged)),
        str(step.total(lambda w: w.wrong_room)),
        str(step.total(lambda w: w.echoes)),
        str(step.total(lambda w: w.lost)),
        f"{_1(step.median(lambda w: w.out_per_leg_s))}/{_1(step.median(lambda w: w.in_per_leg_s))}",
        _2(step.median(lambda w: w.jitter_ms)),
        _1(step.median(lambda w: w.spacing_p99_ms)),
    ]


def _reach_row(name: str, reaches: list[Reach]) -> list[str]:
    return [name, str(sum(len(r.after_answer_ms) for r in reaches)), *(_1(ms) for ms in percentiles(reaches))]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def _0(value: float) -> str:
    return f"{value:,.0f}"


def _1(value: float) -> str:
    return f"{value:.1f}"


def _2(value: float) -> str:
    return f"{value:.2f}"
