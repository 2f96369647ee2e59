"""What the call and conference machines want done. Pulled by their owner after every command, in this order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mixminus.base.types import Sid
from mixminus.calls.options import Sound
from mixminus.calls.records import ReasonParticipantLeft


class Ear(StrEnum):
    """What reaches a participant's ear (law 1)."""

    ROOM = "room"
    WAIT = "wait"
    """Not started: its wait audio and nothing else."""
    HOLD = "hold"
    """Held: its hold audio and nothing else."""
    NOTHING = "nothing"
    """Still ringing; at most heard (early media)."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One participant's row of the audibility matrix, written against the room's bus.

    The bus is the sum of all who are `recorded`. Whoever `hears_bus` hears it minus itself, and each leg of `plus`.
    """

    call_sid: Sid
    ear: Ear
    sound: Sound | None
    """What plays to this leg alone, with WAIT and HOLD."""
    recorded: bool
    """Whether this voice is on the bus, and so in the recording (law 3)."""
    plus: frozenset[Sid] = frozenset()
    """The coaches who whisper to this leg."""

    @property
    def hears_bus(self) -> bool:
        return self.ear is Ear.ROOM


@dataclass(frozen=True, slots=True)
class Rewire:
    """Who hears whom has changed: the whole matrix, to be put in force at one tick. No seats: nobody is left."""

    seats: tuple[Seat, ...]

    def matrix(self) -> dict[Sid, frozenset[Sid]]:
        """Return for every leg the voices that reach it: for people and tests, being as large as the room squared."""
        bus = frozenset(seat.call_sid for seat in self.seats if seat.recorded)
        return {
            seat.call_sid: (bus - {seat.call_sid}) | seat.plus if seat.hears_bus else frozenset()
            for seat in self.seats
        }


@dataclass(frozen=True, slots=True)
class ConferenceHappened:
    """A numbered event of the conference, in Twilio's words, for the log and the webhooks.

    `token` is the subscription word (`join`), `name` what is sent (`participant-join`).
    """

    token: str
    name: str
    sequence_number: int
    timestamp: datetime
    call_sid: Sid | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    """Webhook parameters beyond the common ones: `Muted`, `ReasonConferenceEnded`, …"""


@dataclass(frozen=True, slots=True)
class PlayBeep:
    """Everybody in the room hears it."""

    entering: bool


@dataclass(frozen=True, slots=True)
class BeginRecording:
    """The first two are bridged: the recording of the conference begins."""


@dataclass(frozen=True, slots=True)
class Dismiss:
    """A leg is out of the conference while its call goes on (or ends, if it has nothing left to run)."""

    call_sid: Sid
    reason: ReasonParticipantLeft
    why: str = field(default="", compare=False)
    """For people."""


@dataclass(frozen=True, slots=True)
class ConferenceOver:
    """The last output of a conference."""


ConferenceOutput = Rewire | ConferenceHappened | PlayBeep | BeginRecording | Dismiss | ConferenceOver
