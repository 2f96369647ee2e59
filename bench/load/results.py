"""From the kernels' counters and logs to what is reported: a window is the difference of two snapshots."""

import time
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.load import arrays, tape
from bench.load.arrays import Legs
from bench.load.scenario import Scenario

_NS_PER_MS: Final = 1e6


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counters at one moment, `at_ns` since 1970."""

    at_ns: int
    counters: dict[str, int]
    deviation: NDArray[np.int64]
    lateness: NDArray[np.int64]
    skipped_slots: int


@dataclass(frozen=True, slots=True)
class Window:
    """What the phones heard in `seconds`. Delays are those of markers sent in the window, baseline taken off."""

    seconds: float
    legs: float
    """In their calls, on average."""
    delay_min_ms: float
    delay_p50_ms: float
    delay_p99_ms: float
    delay_max_ms: float
    markers_expected: int
    """With calls coming and going a guess: by who is there at the end."""
    markers_heard: int
    markers_damaged: int
    wrong_room: int
    """Markers of another room: the gravest fault there is."""
    echoes: int
    """Markers that came back to their own speaker: not a mix-minus."""
    leaked_whispers: int
    """Markers of a coach that somebody else than the coachee heard: as grave."""
    packets_out: int
    withheld: int
    """Packets that were lost on purpose."""
    packets_in: int
    lost: int
    late: int
    strange: int
    send_failed: int
    jitter_ms: float
    """RFC 3550's estimate at the end of the window, the median of all legs."""
    spacing_p99_ms: float
    """How far an inter-arrival time is from what the timestamps say."""
    generator_late_p99_ms: float
    """The instrument's own health: slots of the generator that began late."""
    generator_skipped_slots: int

    @property
    def out_per_leg_s(self) -> float:
        """Packets a phone sent in a second: 50, or the server had less to do than the figure claims."""
        return self.packets_out / self.legs / self.seconds

    @property
    def in_per_leg_s(self) -> float:
        """Packets a phone got in a second: with fewer than 50, a server left work undone and looks cheap for it."""
        return self.packets_in / self.legs / self.seconds


def snapshot(legs: Legs) -> Snapshot:
    """Copy the counters."""
    return Snapshot(
        time.time_ns(),
        {name: int(legs.phones[name].sum()) for name in arrays.COUNTERS},
        legs.deviation.copy(),
        legs.lateness.copy(),
        int(legs.tally[arrays.SKIPPED_SLOTS]),
    )


def window(
    legs: Legs, scenario: Scenario, before: Snapshot, after: Snapshot, baseline_ns: int, present: float
) -> Window:
    """Say what happened between two snapshots; call it half a second after the second, when all markers are home."""
    spoken = recent(legs.spoken, int(legs.tally[arrays.SPOKEN]))
    heard, unknown, foreign = recent(legs.heard, int(legs.tally[arrays.HEARD])), 0, 0
    if scenario.taped:
        heard, unknown, foreign = tape.heard(legs, scenario, spoken)
    heard = heard[_within(heard[:, arrays.ARRIVAL_NS] - heard[:, arrays.DELAY_NS], before, after)]
    spoken = spoken[_within(spoken[:, arrays.SPOKEN_NS], before, after)]
    room_size = scenario.room_size
    listener, speaker = heard[:, arrays.LISTENER], heard[:, arrays.SPEAKER]
    same_room = listener // room_size == speaker // room_size
    others = same_room & (listener != speaker)
    allowed = scenario.hears(listener, speaker)
    right = heard[others & allowed]
    delay_ms = (right[:, arrays.DELAY_NS] - baseline_ns) / _NS_PER_MS
    live = legs.phones["live"].astype(bool)
    audience = _audience(scenario, live)[spoken[:, arrays.SPOKEN_BY]]
    count = {name: after.counters[name] - before.counters[name] for name in arrays.COUNTERS}
    return Window(
        seconds=(after.at_ns - before.at_ns) / 1e9,
        legs=present,
        delay_min_ms=percentile(delay_ms, 0),
        delay_p50_ms=percentile(delay_ms, 50),
        delay_p99_ms=percentile(delay_ms, 99),
        delay_max_ms=percentile(delay_ms, 100),
        markers_expected=int(audience.sum()),
        markers_heard=len(right),
        markers_damaged=count["damaged"] + unknown,
        wrong_room=int((~same_room).sum()) + foreign,
        echoes=int((listener == speaker).sum()),
        leaked_whispers=int((others & ~allowed).sum()),
        packets_out=count["packets_out"],
        withheld=count["withheld"],
        packets_in=count["packets_in"],
        lost=count["lost"],
        late=count["late"],
        strange=count["strange"],
        send_failed=count["send_failed"],
        jitter_ms=percentile(legs.phones["jitter_ns"][live] / _NS_PER_MS, 50),
        spacing_p99_ms=_bin_ms(after.deviation - before.deviation, 99, arrays.DEVIATION_BIN_NS),
        generator_late_p99_ms=_bin_ms(after.lateness - before.lateness, 99, arrays.LATENESS_BIN_NS),
        generator_skipped_slots=after.skipped_slots - before.skipped_slots,
    )


def _audience(scenario: Scenario, live: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for each phone how many others should hear what it says."""
    leg = np.arange(len(live))
    if scenario.taped:
        taped = np.zeros(len(live))
        taped[scenario.taped] = live[scenario.taped]
        in_room = np.bincount(leg // scenario.room_size, weights=taped)[leg // scenario.room_size]
        return (in_room - taped).astype(np.int64)
    others: NDArray[np.int64] = np.bincount(leg // scenario.room_size, weights=live)[leg // scenario.room_size] - 1
    if scenario.coach is None or scenario.coachee is None:
        return others.astype(np.int64)
    coachee = leg // scenario.room_size * scenario.room_size + scenario.coachee
    return np.where(leg % scenario.room_size == scenario.coach, live[coachee], others).astype(np.int64)


def recent(log: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return what a ring still holds, oldest first."""
    if count <= len(log):
        return log[:count].copy()
    return np.roll(log, -(count % len(log)), axis=0)


def percentile(values: NDArray[np.float64], percent: float) -> float:
    """Return a percentile; NaN when there is nothing to rank."""
    return float(np.percentile(values, percent)) if len(values) else float("nan")


def _within(moments_ns: NDArray[np.int64], before: Snapshot, after: Snapshot) -> NDArray[np.bool_]:
    return (moments_ns >= before.at_ns) & (moments_ns < after.at_ns)


def _bin_ms(histogram: NDArray[np.int64], percent: float, bin_ns: int) -> float:
    """Return the upper edge of the bin that holds the percentile."""
    if not histogram.any():
        return float("nan")
    share = np.cumsum(histogram) / histogram.sum()
    return float((np.searchsorted(share, percent / 100) + 1) * bin_ns / _NS_PER_MS)
