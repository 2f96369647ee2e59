"""Everybody's row of the audibility matrix, worked out anew only for those whom something has changed for."""

from collections.abc import Iterable
from dataclasses import dataclass

from mixminus.base.types import Sid
from mixminus.calls.hearing import NOBODY, coaches_of, seat, speaks_up
from mixminus.calls.outputs import Seat
from mixminus.calls.participant import Participant


@dataclass(frozen=True, slots=True)
class _Seated:
    """A row, and all that it depends on."""

    participant: Participant
    started: bool
    coaches: frozenset[Sid]
    seat: Seat | None


class Seating:
    """Remembers the rows of one conference: a join into a room of 1,000 is the work of one row, not of 1,000.

    A row that says what it said before is the very same value, so that whoever carries it out sees what is new.
    """

    def __init__(self) -> None:
        self._seated: dict[Sid, _Seated] = {}

    def seats(self, roster: Iterable[Participant], started: bool) -> tuple[Seat, ...]:
        """What `hearing.seats` says of everybody who has a place in the room, in the order of *roster*."""
        people = {participant.record.call_sid: participant for participant in roster}
        coaching = (person.place(started) for person in people.values() if person.record.coaching)
        coaches = coaches_of(place for place in coaching if place is not None)
        before, self._seated = self._seated, {}
        for sid, person in people.items():
            known, whisperers = before.get(sid), coaches.get(sid, NOBODY)
            if (
                known is None
                or known.participant is not person
                or known.started is not started
                or known.coaches != whisperers
            ):
                known = _seated(person, started, whisperers, known)
            self._seated[sid] = known
        return tuple(known.seat for known in self._seated.values() if known.seat is not None)


def _seated(participant: Participant, started: bool, coaches: frozenset[Sid], before: _Seated | None) -> _Seated:
    place = participant.place(started)
    now = None if place is None else seat(place, coaches)
    if before is not None and before.seat == now:
        now = before.seat
    return _Seated(participant, started, coaches, now)


def voices(roster: Iterable[Participant], started: bool) -> frozenset[Sid]:
    """Whose voice is for everybody, or would be with the floor."""
    places = (one.place(started) for one in roster)
    return frozenset(place.call_sid for place in places if place is not None and speaks_up(place))
