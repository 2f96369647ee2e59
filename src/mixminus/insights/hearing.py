"""From a ledger to what people ask of it: who heard whom from when to when, who waited, held, whispered. Pure."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from mixminus.base.types import Sid
from mixminus.insights.ledger import Ledger, Row, Run, Sound

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


def heard(ledger: Ledger, only: Iterable[Sid] | None = None) -> Iterator[HeardSpan]:
    """Listener by listener, each from its first tick to its last; nothing is empty, neighbours differ."""
    bus_ticks, buses = _buses(ledger)
    sound_ticks, sounds = _room_sounds(ledger)
    rows = _rows_of_all(ledger)
    for listener in rows if only is None else only:
        last: HeardSpan | None = None
        for begin, end, row in rows.get(listener, ()):
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
    return _stretches(ledger, call_sid, lambda row: row.ear == WAIT)


def holds(ledger: Ledger, call_sid: Sid) -> tuple[Stretch, ...]:
    """When it was on hold."""
    return _stretches(ledger, call_sid, lambda row: row.ear == HOLD)


def whispers(ledger: Ledger, call_sid: Sid) -> tuple[Stretch, ...]:
    """When what it said reached one listener alone, and whom."""
    found = []
    for listener, rows in _rows_of_all(ledger).items():
        reached = ((begin, end) for begin, end, row in rows if call_sid in row.plus)
        found += [Stretch(begin, end, listener) for begin, end in _joined(reached)]
    return tuple(sorted(found, key=lambda stretch: (stretch.from_tick, stretch.other or "")))


def audible(ledger: Ledger, call_sid: Sid) -> tuple[Stretch, ...]:
    """When its voice was for everybody. Cut with talkspurts (`overlap_ticks`), this is talk time that was heard."""
    return _stretches(ledger, call_sid, lambda row: row.on_bus)


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


def _rows_of_all(ledger: Ledger) -> dict[Sid, list[tuple[int, int, Row]]]:
    """The rows of every listener, in the order in which they came; each row until the next one's first tick."""
    runs: dict[Sid, list[Run]] = {}
    for run in ledger.runs:
        if run.call_sid is not None:
            runs.setdefault(run.call_sid, []).append(run)
    return {
        listener: [
            (run.tick, end, run.row)
            for run, end in zip(mine, [*(later.tick for later in mine[1:]), ledger.end_tick], strict=True)
            if run.row is not None and run.tick < end
        ]
        for listener, mine in runs.items()
    }


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


def _stretches(ledger: Ledger, call_sid: Sid, when: Callable[[Row], bool]) -> tuple[Stretch, ...]:
    rows = _rows_of_all(ledger).get(call_sid, ())
    return tuple(Stretch(begin, end) for begin, end in _joined((begin, end) for begin, end, row in rows if when(row)))


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
