"""The figures that the engine tells when it is asked: of its legs, and of itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from mixminus.audio.frames import FRAME_MS, RATE_HZ, duration_ms_of
from mixminus.media.contract import AskStatistics, Statistics
from mixminus.media.figures import LegQuality, WorkerHealth
from mixminus.media.legs import Legs
from mixminus.media.reports import Conversation, Reports
from mixminus.rtp.quality import mos

if TYPE_CHECKING:
    from mixminus.media.engine import Engine

LATE_S: Final = 0.005
"""A quarter of a tick: then phones with small jitter buffers may notice."""

_SAMPLES_PER_MS: Final = RATE_HZ // 1000


@dataclass(slots=True)
class Punctuality:
    """How well a shell keeps time; it writes, the engine tells."""

    ticks: int = 0
    late_ticks: int = 0
    missed_ticks: int = 0
    max_lateness_s: float = 0.0

    def note(self, lateness_s: float) -> None:
        self.ticks += 1
        self.late_ticks += lateness_s > LATE_S
        self.max_lateness_s = max(self.max_lateness_s, lateness_s)


def statistics(engine: "Engine", asked: AskStatistics) -> Statistics:
    """The answer, now."""
    legs, kept, totals = engine.legs, engine.punctuality, engine.legs.totals()
    worker = WorkerHealth(
        legs=legs.slots.count,
        rooms=engine.rooms.slots.count,
        ticks=engine.ticks,
        late_ticks=kept.late_ticks,
        missed_ticks=kept.missed_ticks,
        max_lateness_ms=1000 * kept.max_lateness_s,
        refused_packets=sum(lane.refused for lane in engine.lanes),
        inbox_overflows=engine.inbox_overflows,
        lost_flushes=engine.recorders.lost_flushes,
        overdue_syncs=engine.recorders.overdue_syncs,
        left_out_frames=engine.streaming.left_out,
        lost_happenings=sum(int(lane.happenings.totals[1]) for lane in engine.lanes),
        received=totals.received,
        sent=totals.sent,
        lost=totals.lost,
        late=totals.late,
        concealed_ms=duration_ms_of(totals.concealed_samples),
        forged=totals.forged,
        replayed=totals.replayed,
        stray=totals.stray,
        refused_checks=engine.handshakes.refusals.datagrams,
        failed_handshakes=engine.handshakes.refusals.handshakes,
    )
    qualities = (leg_quality(legs, engine.reports, leg) for leg in asked.legs)
    return Statistics(asked.query, worker, tuple(quality for quality in qualities if quality is not None))


def leg_quality(legs: Legs, reports: Reports, leg: int) -> LegQuality | None:
    """How one leg fares; None when there is none of that number."""
    row, counts = legs.slots.row(leg), legs.statistics(leg)
    if row is None or counts is None:
        return None
    codec = legs.codec(row)
    told = reports.told(leg)
    trip_ms = None if told is None or told.round_trip_s is None else 1000 * told.round_trip_s
    # One way: half of the way and back, the buffer, and the packet that had to be filled first.
    delay_ms = legs.playout_delay(row) / _SAMPLES_PER_MS + (trip_ms or 0.0) / 2 + FRAME_MS
    missing = max(0, counts.lost) + counts.late
    quality = LegQuality(
        leg=leg,
        codec=codec,
        received=counts.received,
        sent=counts.sent,
        lost=max(0, counts.lost),
        late=counts.late,
        duplicate=counts.duplicate,
        stray=counts.stray,
        malformed=counts.malformed,
        unwanted=counts.unwanted,
        resynced=counts.resynced,
        concealed_ms=counts.concealed_samples // _SAMPLES_PER_MS,
        jitter_ms=(int(legs.reception.jitter[row]) >> 4) / _SAMPLES_PER_MS,
        playout_delay_ms=legs.playout_delay(row) / _SAMPLES_PER_MS,
        mos=mos(missing / max(1, counts.received + max(0, counts.lost)), delay_ms, codec),
        round_trip_ms=trip_ms,
        forged=counts.forged,
        replayed=counts.replayed,
    )
    return quality if told is None else _as_they_hear_it(quality, told, codec, legs.clock_ratio(row))


def _as_they_hear_it(quality: LegQuality, told: Conversation, codec: str, clock_ratio: int) -> LegQuality:
    """With what the far end reported of our stream. Its loss is of its last interval: what people hear now."""
    block = told.told
    if block is None:
        return quality
    jitter_ms = block.jitter / (clock_ratio * _SAMPLES_PER_MS)
    # Their buffer is not told; one of twice the jitter is usual.
    delay_ms = 2 * jitter_ms + (quality.round_trip_ms or 0.0) / 2 + FRAME_MS
    return msgspec.structs.replace(
        quality,
        far_lost=max(0, block.lost),
        far_jitter_ms=jitter_ms,
        far_mos=mos(block.fraction_lost / 256, delay_ms, codec),
    )
