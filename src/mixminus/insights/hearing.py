"""From a ledger to what people ask of it: who heard whom from when to when, who waited, held, whispered. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from mixminus.base.types import Sid
from mixminus.insights.ledger import Ledger, Row, Sound

WAIT: Final = "wait"
HOLD: Final = "hold"


@dataclass(frozen=True, slots=True)
class HeardSpan:
    """One listener, one stretch in which nothing changed for its ear. `to_tick` is not in it any more."""

    call_sid: Sid
    from_tick: int
    to_tick: int
    ear: str
    hears: tuple[Sid, ...]
    """Whose voices reach it, were they to speak."""
    sounds: tuple[Sound, ...]
    """What else plays: for it alone, or to the room that it hears."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From a tick until before another. `other`: whom it is shared with, if with anybody."""

    from_tick: int
    to_tick: int
    other: Sid | None = None


def listeners(ledger: Ledger) -> tuple[Sid, ...]:
    """Everybody who was ever in the room, in the order in which they came."""
    return tuple(dict.fromkeys(run.call_sid for run in ledger.runs if run.call_sid is not None))


def heard(ledger: Ledger, only: Iterable[Sid] | None = None) -> Iterator[HeardSpan]:
    """Listener by listener, each from its first tick to its last; nothing is empty, neighbours differ."""
    bus_ticks, buses = _buses(ledger)
    sound_ticks, sounds = _room_sounds(ledger)
    for listener in listeners(ledger) if only is None else only:
        last: HeardSpan | None = None
        for begin, end, row in _rows(ledger, listener):
            cuts = sorted({begin, end, *_between(bus_ticks, begin, end), *_between(sound_ticks, begin, end)})
            for at, to in pairwise(cuts):
                bus = buses[bisect_right(bus_ticks, at) - 1]
                common = sounds[bisect_right(sound_ticks, at) - 1]
                now = _span(listener, at, to, row, bus, common)
                if last is not None and replace(last, from_tick=at, to_tick=to) == now and last.to_tick == at:
                    last = replace(last, to_tick=to)
                    continue
                if last is not None:
                    yield last
                last = now
        if last is not None:
            yield last


def waits(ledger: Ledger, call_sid: Sid) -> tuple[Stretch, ...]:
    """When it was in the room of a conference that had not started."""
    return _with_ear(ledger, call_sid, WAIT)


def holds(ledger: Ledger, call_sid: Sid) -> tuple[Stretch, ...]:
    """When it was on hold."""
    return _with_ear(ledger, call_sid, HOLD)


def whispers(ledger: Ledger, call_sid: Sid) -> tuple[Stretch, ...]:
    """When what it said reached one listener alone, and whom."""
    found = []
    for listener in listeners(ledger):
        reached = ((begin, end) for begin, end, row in _rows(ledger, listener) if call_sid in row.plus)
        found += [Stretch(begin, end, listener) for begin, end in _joined(reached)]
    return tuple(sorted(found, key=lambda stretch: (stretch.from_tick, stretch.other or "")))


def audible(ledger: Ledger, call_sid: Sid) -> tuple[Stretch, ...]:
    """When its voice was for everybody. Cut with talkspurts (`overlap_ticks`), this is talk time that was heard."""
    return tuple(
        Stretch(begin, end)
        for begin, end in _joined((begin, end) for begin, end, row in _rows(ledger, call_sid) if row.on_bus)
    )


def overlap_ticks(some: Iterable[Stretch], others: Sequence[Stretch]) -> int:
    """For how many ticks both were the case. Neither's stretches overlap among themselves."""
    return sum(
        max(0, min(one.to_tick, other.to_tick) - max(one.from_tick, other.from_tick))
        for one in some
        for other in others
    )


def _span(listener: Sid, begin: int, end: int, row: Row, bus: frozenset[Sid], common: tuple[Sound, ...]) -> HeardSpan:
    """The law, multiplied out: the bus less oneself, plus whoever whispers (`calls.hearing`)."""
    voices = (bus - {listener} if row.hears_bus else frozenset()) | set(row.plus)
    sounds = (*row.sounds, *(common if row.hears_bus else ()))
    return HeardSpan(listener, begin, end, row.ear, tuple(sorted(voices - set(row.minus))), sounds)


def _rows(ledger: Ledger, call_sid: Sid) -> Iterator[tuple[int, int, Row]]:
    """The rows of one listener, each from its first tick until before the next one's."""
    mine = [run for run in ledger.runs if run.call_sid == call_sid]
    ends = [*(run.tick for run in mine[1:]), ledger.end_tick]
    for run, end in zip(mine, ends, strict=True):
        if run.row is not None and run.tick < end:
            yield run.tick, end, run.row


def _buses(ledger: Ledger) -> tuple[list[int], list[frozenset[Sid]]]:
    """Who is on the bus, from which tick on."""
    on_bus: set[Sid] = set()
    course: dict[int, frozenset[Sid]] = {ledger.head.first_tick: frozenset()}
    for run in ledger.runs:
        if run.call_sid is None:
            continue
        was = run.call_sid in on_bus
        if was != (run.row is not None and run.row.on_bus):
            on_bus ^= {run.call_sid}
            course[run.tick] = frozenset(on_bus)
    return list(course), list(course.values())


def _room_sounds(ledger: Ledger) -> tuple[list[int], list[tuple[Sound, ...]]]:
    """What plays to the room, from which tick on."""
    course: Mapping[int, tuple[Sound, ...]] = {ledger.head.first_tick: ()} | {
        run.tick: run.sounds for run in ledger.runs if run.call_sid is None
    }
    return list(course), list(course.values())


def _with_ear(ledger: Ledger, call_sid: Sid, ear: str) -> tuple[Stretch, ...]:
    stretches = _joined((begin, end) for begin, end, row in _rows(ledger, call_sid) if row.ear == ear)
    return tuple(Stretch(begin, end) for begin, end in stretches)


def _joined(stretches: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Those that touch become one."""
    last: tuple[int, int] | None = None
    for begin, end in stretches:
        if last is not None and last[1] == begin:
            last = last[0], end
            continue
        if last is not None:
            yield last
        last = begin, end
    if last is not None:
        yield last


def _between(ticks: Sequence[int], begin: int, end: int) -> Sequence[int]:
    """Those after *begin* and before *end*."""
    return ticks[bisect_right(ticks, begin) : bisect_right(ticks, end - 1)]
