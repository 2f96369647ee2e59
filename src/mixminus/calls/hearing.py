"""Who hears whom: laws 1 and 3 of the design, and nothing else.

The matrix of a room of *n* has *n* rows of up to *n* voices. It is never built: every row is the room's bus, minus
the listener, plus whoever whispers to that listener. The bus is the same for all, so a room of 1,000 costs 1,000
small rows, and it is also exactly what a recording hears.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from mixminus.base.types import Sid
from mixminus.calls.options import HouseMusic, Sound
from mixminus.calls.outputs import Ear, Rewire, Seat

NOBODY: Final[frozenset[Sid]] = frozenset()


class Presence(Enum):
    """How far somebody has come into the room."""

    WAITING = "waiting"
    """Connected to a conference that has not started."""
    EARLY = "early"
    """Still ringing, and already sending sound: ringback, an announcement of its network."""
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class Place:
    """What the law looks at, for one participant."""

    call_sid: Sid
    presence: Presence
    held: bool = False
    muted: bool = False
    coaching: bool = False
    coachees: frozenset[Sid] = NOBODY
    waits_for_floor: bool = False
    """An agent among agents of whom one speaks at a time: it may whisper, but not speak up."""
    wait: Sound = field(default_factory=HouseMusic)
    hold: Sound = field(default_factory=HouseMusic)


def ear(place: Place) -> Ear:
    """What reaches this participant's ear.

    Hold wins over waiting: somebody said it about this one participant.
    """
    if place.presence is Presence.EARLY:
        return Ear.NOTHING
    if place.held:
        return Ear.HOLD
    return Ear.WAIT if place.presence is Presence.WAITING else Ear.ROOM


def on_bus(place: Place) -> bool:
    """Whether this voice is for everybody, and so for the recording (law 3)."""
    return speaks_up(place) and not place.waits_for_floor


def speaks_up(place: Place) -> bool:
    """The same, but for the floor."""
    return _has_voice(place) and not place.coaching


def seats(places: Sequence[Place]) -> tuple[Seat, ...]:
    """Return everybody's row of the matrix, in the order of *places*: laws 1 and 3 against the bus.

    A coach is nobody's background: another coach does not hear it either, only its coachees do.
    """
    coaches = coaches_of(places)
    return tuple(seat(place, coaches.get(place.call_sid, NOBODY)) for place in places)


def audibility(places: Sequence[Place]) -> dict[Sid, frozenset[Sid]]:
    """Return for every participant the voices that reach its ear: law 1, multiplied out."""
    return Rewire(seats(places)).matrix()


def _has_voice(place: Place) -> bool:
    return place.presence is not Presence.WAITING and not place.held and not place.muted


def coaches_of(places: Iterable[Place]) -> Mapping[Sid, frozenset[Sid]]:
    """Return for every coachee the coaches who have a voice."""
    coaches: defaultdict[Sid, set[Sid]] = defaultdict(set)
    for place in places:
        if place.coaching and _has_voice(place):
            for coachee in place.coachees - {place.call_sid}:
                coaches[coachee].add(place.call_sid)
    return {coachee: frozenset(who) for coachee, who in coaches.items()}


def seat(place: Place, coaches: frozenset[Sid]) -> Seat:
    """One row; *coaches* are those who whisper to it."""
    match ear(place):
        case Ear.ROOM:
            return Seat(place.call_sid, Ear.ROOM, None, on_bus(place), coaches)
        case Ear.WAIT:
            return Seat(place.call_sid, Ear.WAIT, place.wait, on_bus(place))
        case Ear.HOLD:
            return Seat(place.call_sid, Ear.HOLD, place.hold, on_bus(place))
        case Ear.NOTHING:
            return Seat(place.call_sid, Ear.NOTHING, None, on_bus(place))
