"""Ledgers: what is written is what is read, tick by tick, and what was changed shows."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.base.types import Sid
from mixminus.calls.records import LedgerEntry
from mixminus.insights.hearing import Stretch, audible, heard, holds, overlap_ticks, waits, whispers
from mixminus.insights.ledger import Bookkeeper, Ledger, Row, Sound, read

CONFERENCE = Sid("CF" + "1" * 32)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
PEOPLE = tuple(Sid("CA" + letter * 32) for letter in "abcd")
ALICE, BOB, CAROL, DAVE = PEOPLE
MUSIC = Sound("hold", "house music")

TALKS = Row("room", on_bus=True, hears_bus=True)
MUTED = Row("room", on_bus=False, hears_bus=True)
HELD = Row("hold", on_bus=False, hears_bus=False, sounds=(MUSIC,))
WAITS = Row("wait", on_bus=False, hears_bus=False)

Snapshot = tuple[int, dict[Sid, Row], tuple[Sound, ...]]

ROWS = st.builds(
    Row,
    ear=st.sampled_from(["room", "wait", "hold", "nothing"]),
    on_bus=st.booleans(),
    hears_bus=st.booleans(),
    plus=st.lists(st.sampled_from(PEOPLE), max_size=2, unique=True).map(lambda sids: tuple(sorted(sids))),
    sounds=st.lists(st.builds(Sound, st.just("hold"), st.text(max_size=3)), max_size=1).map(tuple),
)
COURSES = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.dictionaries(st.sampled_from(PEOPLE), ROWS),
        st.sampled_from([(), (Sound("beep", "enter"),)]),
    ),
    min_size=1,
    max_size=12,
)


def written(*snapshots: Snapshot, until: int | None = None, ended: bool = False) -> list[LedgerEntry]:
    """What the store holds in the end: the last version of each entry."""
    book = Bookkeeper(CONFERENCE)
    kept: dict[int, LedgerEntry] = {}
    before: Iterable[Sid] = ()
    for tick, rows, sounds in snapshots:
        gone = set(before) - rows.keys()
        kept |= {entry.number: entry for entry in book.applied(tick, rows, gone, sounds, NOON)}
        before = rows
    if until is not None:
        kept |= {entry.number: entry for entry in book.reached(until)}
    if ended:
        kept |= {entry.number: entry for entry in book.ended()}
    return list(kept.values())


def ledger(*snapshots: Snapshot, until: int | None = None) -> Ledger:
    found = read(CONFERENCE, written(*snapshots, until=until))
    assert found is not None
    assert found.fault is None
    return found


def naive(rows: dict[Sid, Row], listener: Sid, sounds: tuple[Sound, ...]) -> tuple[set[Sid], tuple[Sound, ...]]:
    """The row of one listener, multiplied out without thinking."""
    row = rows[listener]
    voices = {sid for sid in rows if rows[sid].on_bus and sid != listener} if row.hears_bus else set()
    return voices | set(row.plus), row.sounds + (sounds if row.hears_bus else ())


@given(COURSES, st.integers(0, 5))
def test_every_tick_reads_back_as_it_was_in_force(course: list[Snapshot], after: int) -> None:
    ticks = [sum(step for step, _, _ in course[: n + 1]) for n in range(len(course))]
    snapshots = [(tick, rows, sounds) for tick, (_, rows, sounds) in zip(ticks, course, strict=True)]
    found = ledger(*snapshots, until=ticks[-1] + after)
    spans = list(heard(found))
    for tick in range(ticks[0], ticks[-1] + after + 1):
        _, rows, sounds = max((s for s in snapshots if s[0] <= tick), key=lambda s: s[0])
        now = {span.call_sid: span for span in spans if span.from_tick <= tick < span.to_tick}
        assert now.keys() == rows.keys()
        for sid, span in now.items():
            assert (set(span.hears), span.sounds) == naive(rows, sid, sounds)
            assert span.ear == rows[sid].ear


@given(COURSES)
def test_neighbouring_spans_differ_and_none_is_empty(course: list[Snapshot]) -> None:
    ticks = [sum(step for step, _, _ in course[: n + 1]) for n in range(len(course))]
    found = ledger(*((tick, rows, sounds) for tick, (_, rows, sounds) in zip(ticks, course, strict=True)))
    spans = list(heard(found))
    assert all(span.from_tick < span.to_tick for span in spans)
    for one, other in pairwise(spans):
        if one.call_sid == other.call_sid and one.to_tick == other.from_tick:
            assert replace(one, from_tick=0, to_tick=0) != replace(other, from_tick=0, to_tick=0)


def test_what_does_not_change_is_written_once() -> None:
    rows = {ALICE: TALKS, BOB: TALKS}
    entries = written((5, rows, ()), (6, rows, ()), (9, rows | {BOB: MUTED}, ()), until=400)
    assert [entry.number for entry in entries] == [1, 2, 0, 3]


STORY: tuple[Snapshot, ...] = (
    (5, {ALICE: TALKS}, ()),
    (9, {ALICE: HELD, BOB: TALKS}, (Sound("beep", "enter"),)),
    (30, {}, ()),
)


@given(st.data())
def test_a_flipped_bit_anywhere_is_found(data: st.DataObject) -> None:
    entries = written(*STORY, ended=True)
    at = data.draw(st.integers(0, len(entries) - 1))
    part = data.draw(st.sampled_from(["content", "hash"]))
    value = bytearray(getattr(entries[at], part))
    value[data.draw(st.integers(0, len(value) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    entries[at] = replace(entries[at], **{part: bytes(value)})  # type: ignore[arg-type]
    found = read(CONFERENCE, entries)
    assert found is not None
    assert f"entry {entries[at].number}" in (found.fault or "")


@pytest.mark.parametrize("number", range(8))
def test_a_missing_entry_is_found(number: int) -> None:
    entries = written(*STORY, ended=True)
    assert {entry.number for entry in entries} == set(range(8))
    found = read(CONFERENCE, [entry for entry in entries if entry.number != number])
    assert found is not None
    assert found.fault is not None


def test_entries_cannot_change_places_or_conferences() -> None:
    entries = sorted(written(*STORY), key=lambda entry: entry.number)
    swapped = [replace(entries[2], number=1), replace(entries[1], number=2)]
    found = read(CONFERENCE, [entries[0], *swapped, *entries[3:]])
    assert found is not None
    assert found.fault == "entry 1 does not match its hash"
    other = read(Sid("CF" + "2" * 32), entries)
    assert other is not None
    assert other.fault is not None


def test_what_was_before_a_fault_can_still_be_read() -> None:
    entries = sorted(written(*STORY), key=lambda entry: entry.number)
    entries[3] = replace(entries[3], content=b"{}")
    found = read(CONFERENCE, entries)
    assert found is not None
    assert [run.number for run in found.runs] == [1, 2]


def test_a_conference_that_never_was_has_no_ledger() -> None:
    assert read(CONFERENCE, []) is None
    assert Bookkeeper(CONFERENCE).reached(5) == Bookkeeper(CONFERENCE).ended() == ()


def test_time_is_counted_from_the_first_tick() -> None:
    found = ledger((105, {ALICE: TALKS}, ()), until=154)
    assert (found.ms(105), found.ms(found.end_tick)) == (0, 1_000)
    assert found.head.begins_at == NOON
    assert not found.head.ended


def test_who_waited_held_and_whispered_and_to_whom() -> None:
    coached = replace(TALKS, plus=(CAROL,))
    found = ledger(
        (1, {ALICE: WAITS}, ()),
        (5, {ALICE: WAITS, BOB: WAITS}, ()),
        (10, {ALICE: TALKS, BOB: TALKS}, ()),
        (20, {ALICE: TALKS, BOB: coached, CAROL: MUTED}, ()),
        (25, {ALICE: HELD, BOB: coached, CAROL: MUTED}, ()),
        (28, {ALICE: replace(HELD, sounds=()), BOB: coached, CAROL: MUTED}, ()),
        (30, {ALICE: TALKS, BOB: TALKS, CAROL: TALKS}, ()),
        until=39,
    )
    assert waits(found, ALICE) == (Stretch(1, 10),)
    assert waits(found, BOB) == (Stretch(5, 10),)
    assert holds(found, ALICE) == (Stretch(25, 30),)
    assert whispers(found, CAROL) == (Stretch(20, 30, BOB),)
    assert whispers(found, BOB) == holds(found, BOB) == ()
    assert audible(found, ALICE) == (Stretch(10, 25), Stretch(30, 40))
    assert audible(found, CAROL) == (Stretch(30, 40),)


def test_talkspurts_are_cut_with_the_time_in_which_they_could_be_heard() -> None:
    heard_at, spoke_at = (Stretch(10, 25), Stretch(30, 40)), (Stretch(0, 12), Stretch(20, 35))
    assert overlap_ticks(heard_at, spoke_at) == 2 + 5 + 5
    assert overlap_ticks(heard_at, ()) == 0
