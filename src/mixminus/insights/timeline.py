"""What everybody in a conference did, as lanes of spans: folded from its records and events. Pure.

A conference is read from what the store keeps of it: the record, its participants with their history, its numbered
events. The states are those that the audibility law knows (DESIGN.md, law 1).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby, pairwise
from typing import Final

from mixminus.base.types import Sid
from mixminus.calls.records import ConferenceRecord, EventRecord, ParticipantRecord


class State(StrEnum):
    """What a participant is doing, in the words of a legend."""

    RINGING = "ringing"
    WAITING = "waiting"
    """In a conference that has not started."""
    TALKING = "talking"
    MUTED = "muted"
    HELD = "on hold"
    COACHING = "coaching"


class Mark(StrEnum):
    """What a marker on a lane tells."""

    JOIN = "joins"
    LEAVE = "leaves"
    CHANGE = "is changed"


MARKS: Final[Mapping[str, Mark]] = {
    "participant-join": Mark.JOIN,
    "participant-leave": Mark.LEAVE,
    "participant-mute": Mark.CHANGE,
    "participant-unmute": Mark.CHANGE,
    "participant-hold": Mark.CHANGE,
    "participant-unhold": Mark.CHANGE,
    "participant-modify": Mark.CHANGE,
}
"""The events that are drawn on a lane. Speech begins and ends too often to be."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one state. Times are seconds since the timeline begins."""

    state: State
    begins_s: float
    ends_s: float


@dataclass(frozen=True, slots=True)
class Marker:
    mark: Mark
    at_s: float
    event: str
    sequence_number: int


@dataclass(frozen=True, slots=True)
class Lane:
    """One participant, from the first ring to the end."""

    call_sid: Sid
    name: str
    spans: tuple[Span, ...]
    markers: tuple[Marker, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of events."""

    sequence_number: int
    at_s: float
    event: str
    who: str
    """Empty when it is about the conference."""
    about: str
    """`ReasonParticipantLeft`, …: what only this event says."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """`starts_s` is when the conference started (None: never), `duration_s` when it ended, or was last seen."""

    title: str
    begins_at: datetime
    duration_s: float
    starts_s: float | None
    lanes: tuple[Lane, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a participant stands, as the last event told."""

    joined: bool = False
    held: bool = False
    muted: bool = False
    coaching: bool = False

    def state(self, started: bool) -> State:
        """Hold wins over waiting, as in `calls.hearing`; a muted coach is muted."""
        if not self.joined:
            return State.RINGING
        if self.held:
            return State.HELD
        if not started:
            return State.WAITING
        if self.muted:
            return State.MUTED
        return State.COACHING if self.coaching else State.TALKING


def timeline(
    conference: ConferenceRecord, participants: Iterable[ParticipantRecord], events: Iterable[EventRecord]
) -> Timeline:
    """Fold a conference, live or over, into lanes in the order in which people came."""
    people = sorted(participants, key=lambda participant: participant.date_created)
    happened = sorted(events, key=lambda event: event.sequence_number)
    begins_at = min([conference.date_created, *(person.date_created for person in people)])
    ends_at = max([conference.date_created, *(event.timestamp for event in happened)])
    clock = _Clock(begins_at, max(ends_at, conference.end_time or ends_at))
    names = {person.call_sid: person.label or _short(person.call_sid) for person in people}
    return Timeline(
        conference.friendly_name,
        begins_at,
        clock.end_s,
        next((clock.seconds(event.timestamp) for event in happened if event.name == "conference-start"), None),
        tuple(_lane(person, names[person.call_sid], happened, clock) for person in people),
        tuple(_entry(event, names, clock) for event in happened),
    )


@dataclass(frozen=True, slots=True)
class _Clock:
    begins_at: datetime
    ends_at: datetime

    def seconds(self, moment: datetime) -> float:
        return (moment - self.begins_at) / timedelta(seconds=1)

    @property
    def end_s(self) -> float:
        return self.seconds(self.ends_at)


def _lane(person: ParticipantRecord, name: str, events: Sequence[EventRecord], clock: _Clock) -> Lane:
    mine = [event for event in events if event.call_sid == person.call_sid]
    markers = tuple(
        Marker(MARKS[event.name], clock.seconds(event.timestamp), event.name, event.sequence_number)
        for event in mine
        if event.name in MARKS
    )
    return Lane(person.call_sid, name, tuple(_spans(person, events, clock)), markers)


def _spans(person: ParticipantRecord, events: Sequence[EventRecord], clock: _Clock) -> Iterator[Span]:
    """The time of one participant, cut wherever its state changes: no span is empty, neighbours differ."""
    states = dict(_states(person, events, clock))  # of several at one moment, the last holds
    runs = [(state, next(run)[0]) for state, run in groupby(states.items(), key=lambda change: change[1])]
    for (state, begins_s), (_, ends_s) in pairwise(runs):
        if state is not None:
            yield Span(state, begins_s, ends_s)


def _states(
    person: ParticipantRecord, events: Sequence[EventRecord], clock: _Clock
) -> Iterator[tuple[float, State | None]]:
    """How one participant stands from which moment on; None when it is gone."""
    standing, started, born_s = _Standing(), False, clock.seconds(person.date_created)
    yield born_s, standing.state(started)
    for event in events:
        mine = event.call_sid == person.call_sid
        started = started or event.name == "conference-start"
        if mine:
            standing = _after(standing, event)
        leaves = mine and event.name == "participant-leave"
        yield max(born_s, clock.seconds(event.timestamp)), None if leaves else standing.state(started)
        if leaves:
            return
    yield clock.end_s, None


def _after(standing: _Standing, event: EventRecord) -> _Standing:
    """Every event about a participant tells how it stands (reference, section 4.2)."""
    said = event.details
    return replace(
        standing,
        joined=standing.joined or event.name == "participant-join",
        held=said.get("Hold", "false") == "true",
        muted=said.get("Muted", "false") == "true",
        coaching=said.get("Coaching", "false") == "true",
    )


_COMMON: Final = frozenset({
    "Muted", "Hold", "Coaching", "StartConferenceOnEnter", "EndConferenceOnExit", "ParticipantLabel"
})  # fmt: skip
"""What every event about a participant says."""


def _entry(event: EventRecord, names: Mapping[Sid, str], clock: _Clock) -> Entry:
    who = "" if event.call_sid is None else names.get(event.call_sid, _short(event.call_sid))
    about = ", ".join(f"{name}: {value}" for name, value in event.details.items() if name not in _COMMON and value)
    return Entry(event.sequence_number, clock.seconds(event.timestamp), event.name, who, about)


def _short(call_sid: Sid) -> str:
    """A call that has no label, in few characters."""
    return f"{call_sid[:2]}…{call_sid[-4:]}"
