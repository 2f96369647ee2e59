"""What a measured load says, as a row: its figures, and the faults that make it worth nothing."""

from collections.abc import Callable, Iterator
from typing import Final

from bench.density import Measured, Step
from bench.load.generator import Ending, SetUp
from bench.load.results import Window
from bench.rows import Row, doubtful, row

# A hundredth short: clocks and the edges of a window cost less.
_ENOUGH: Final = 0.99
_PACKETS_PER_S: Final = 50
_LATE_MS: Final = 5.0
"""A quarter of a packet: later phones are jitter, which the server answers with delay that is not its own."""


def density_row(step: Step, part: str = "load") -> Row:
    """Return all that one step has to tell."""
    late_ms = step.median(lambda m: m.window.generator_late_p99_ms)
    doubts = [f"the generator was {late_ms:.1f} ms late (p99): its delays do not count"] if late_ms > _LATE_MS else []
    delays = {doubtful(name) if doubts else name: value for name, value in _delays(step).items()}
    figures = {**_cost(step), **delays, **_sound(step)}
    if step.shape.churn_per_s:
        figures |= {"churned_calls": step.ending.replaced.up, "churn_p99_ms": step.ending.replaced.setup_p99_ms}
    return row(part, step.shape.name, figures, faults(step), doubts)


def faults(step: Step) -> list[str]:
    """Return what no conference server may ever do, and what makes the figures those of something else."""
    return [
        *_wrong_sound(step),
        *(f"the first calls: {fault}" for fault in call_faults(step.set_up)),
        *ending_faults(step.ending),
        *_missing_work(step),
    ]


def call_faults(set_up: SetUp) -> Iterator[str]:
    """Say which calls failed."""
    if set_up.failures:
        yield f"failed calls, SIP status and count {set_up.failures}"


def ending_faults(ending: Ending) -> Iterator[str]:
    """Say which calls did not live as long as they should have."""
    if ending.dropped:
        yield f"the server dropped {ending.dropped} calls"
    yield from (f"calls that came later: {fault}" for fault in call_faults(ending.replaced))


def _wrong_sound(step: Step) -> Iterator[str]:
    kinds: tuple[tuple[str, Callable[[Window], int]], ...] = (
        ("markers of another room were heard", lambda w: w.wrong_room),
        ("markers came back to their own speaker", lambda w: w.echoes),
        ("markers of a coach were heard by somebody else than the coachee", lambda w: w.leaked_whispers),
    )
    for words, count in kinds:
        if found := step.total(count):
            yield f"{found} {words}"


def _missing_work(step: Step) -> Iterator[str]:
    sent, owed = step.median(lambda m: m.window.out_per_leg_s), step.shape.packets_per_leg_s
    heard = step.median(lambda m: m.window.in_per_leg_s)
    if sent < _ENOUGH * owed:
        yield f"the phones sent {sent:.1f} packets per leg-second, not {owed:.1f}: the cost is that of less work"
    if owed and heard < _ENOUGH * _PACKETS_PER_S:
        yield f"the server sent {heard:.1f} packets per leg-second, not 50: the cost is that of less work"
    if skipped := step.total(lambda w: w.generator_skipped_slots):
        yield f"the generator stood still for {skipped} ms"


def _cost(step: Step) -> dict[str, float]:
    def us(m: Measured, name: str) -> float:
        return m.spent.by_name.get(name, 0.0) * 1e6 / m.window.legs / m.spent.elapsed_s

    names = sorted({name for m in step.measured for name in m.spent.by_name})
    by_process = {f"cpu_us_of_{n}": step.median(lambda m, n=n: us(m, n)) for n in names}  # type: ignore[misc]
    return {
        "legs": step.set_up.up,
        "cpu_us": step.median(lambda m: m.spent.us_per(m.window.legs)),
        **by_process,
        "cores": step.median(lambda m: m.spent.cpu_s / m.spent.elapsed_s),
        "idle_cores": step.idle_cpu,
        "added_cores": step.median(lambda m: m.spent.cpu_s / m.spent.elapsed_s) - step.idle_cpu,
        "setup_seconds": step.set_up.seconds,
        "setup_p99_ms": step.set_up.setup_p99_ms,
        "kb_per_leg": step.bytes_per_leg / 1e3,
        "generator_cores": step.median(lambda m: m.generator_cpu),
        "generator_late_p99_ms": step.median(lambda m: m.window.generator_late_p99_ms),
        "others_cores": step.median(lambda m: m.others_cpu),
    }


def _delays(step: Step) -> dict[str, float]:
    return {
        "delay_min_ms": min(m.window.delay_min_ms for m in step.measured),
        "delay_p50_ms": step.median(lambda m: m.window.delay_p50_ms),
        "delay_p99_ms": step.median(lambda m: m.window.delay_p99_ms),
        "delay_max_ms": max(m.window.delay_max_ms for m in step.measured),
    }


def _sound(step: Step) -> dict[str, float]:
    # While calls come and go nobody knows who should have heard a marker.
    expected = 0 if step.shape.churn_per_s else step.total(lambda w: w.markers_expected)
    missed = 1 - step.total(lambda w: w.markers_heard) / expected if expected else float("nan")
    return {
        "markers_missed": missed,
        "markers_unreadable": step.total(lambda w: w.markers_damaged),
        "wrong_room": step.total(lambda w: w.wrong_room),
        "echoes": step.total(lambda w: w.echoes),
        "whispers_leaked": step.total(lambda w: w.leaked_whispers),
        "packets_lost": step.total(lambda w: w.lost),
        "sent_per_leg_s": step.median(lambda m: m.window.out_per_leg_s),
        "server_packets_per_s": step.median(lambda m: m.window.packets_in / m.window.seconds),
        "heard_per_leg_s": step.median(lambda m: m.window.in_per_leg_s),
        "jitter_ms": step.median(lambda m: m.window.jitter_ms),
        "spacing_p99_ms": step.median(lambda m: m.window.spacing_p99_ms),
    }
