"""A conference in which people have names, a second passes between commands, and one may ask who hears whom."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mixminus.base.sids import Sids
from mixminus.base.types import Sid
from mixminus.calls.commands import UpdateParticipant
from mixminus.calls.conference import Conference
from mixminus.calls.endings import Departure
from mixminus.calls.options import ConferenceOptions, ParticipantOptions
from mixminus.calls.outputs import ConferenceHappened, ConferenceOutput, Rewire, Seat
from mixminus.calls.records import CallStatus, ParticipantRecord

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CONFERENCE = Sid("CF" + "0" * 32)
ACCOUNT = Sid("AC" + "0" * 32)


class Room:
    """Call SIDs are names here: the machine does not look into them."""

    def __init__(self, options: ConferenceOptions) -> None:
        counter = itertools.count(1)
        sids = Sids(lambda size: next(counter).to_bytes(size, "big"))
        self.at = START
        self.conference = Conference(CONFERENCE, ACCOUNT, "support", options, sids, self.at)
        self.outputs: list[ConferenceOutput] = []
        """Everything that was ever said."""
        self.latest: tuple[ConferenceOutput, ...] = ()
        """What the latest command led to."""

    def join(self, name: str, **options: Any) -> None:
        """By `<Dial><Conference>`."""
        self._do(lambda: self.conference.join(Sid(name), ParticipantOptions(**options), self.at))

    def invite(self, name: str, **options: Any) -> None:
        """By POST to Participants."""
        self._do(lambda: self.conference.invite(Sid(name), ParticipantOptions(**options), self.at))

    def ring(self, name: str) -> None:
        self._do(lambda: self.conference.ringing(Sid(name), self.at))

    def early_media(self, name: str) -> None:
        self._do(lambda: self.conference.early_media(Sid(name), self.at))

    def answer(self, name: str) -> None:
        self._do(lambda: self.conference.joined(Sid(name), self.at))

    def update(self, name: str, **wish: Any) -> None:
        self._do(lambda: self.conference.update(UpdateParticipant(CONFERENCE, name, **wish), self.at))

    def leave(self, name: str, how: Departure = Departure.HUNG_UP, status: CallStatus = CallStatus.COMPLETED) -> None:
        self._do(lambda: self.conference.leave(Sid(name), how, self.at, status))

    def end(self) -> None:
        self._do(lambda: self.conference.end(self.at))

    def say(self, command: Callable[[Conference, datetime], object]) -> None:
        """Any other command."""
        self._do(lambda: command(self.conference, self.at))

    def _do(self, command: Callable[[], object]) -> None:
        self.at += timedelta(seconds=1)
        self.latest = ()
        command()
        self.latest = self.conference.drain()
        self.outputs.extend(self.latest)

    def record_of(self, name: str) -> ParticipantRecord:
        """The newest record of somebody, live or gone."""
        return next(record for record in reversed(self.conference.participants()) if record.call_sid == name)

    @property
    def happened(self) -> list[ConferenceHappened]:
        """The events of the latest command."""
        return [output for output in self.latest if isinstance(output, ConferenceHappened)]

    @property
    def events(self) -> list[str]:
        """Their names."""
        return [event.name for event in self.happened]

    @property
    def matrix(self) -> dict[Sid, frozenset[Sid]]:
        """Who hears whom, as last ordered."""
        return next((output for output in reversed(self.outputs) if isinstance(output, Rewire)), Rewire(())).matrix()

    def hears(self, name: str) -> frozenset[Sid]:
        return self.matrix[Sid(name)]

    def heard_by(self, name: str) -> frozenset[Sid]:
        return frozenset(listener for listener, voices in self.matrix.items() if name in voices)

    def seat(self, name: str) -> Seat:
        rewire = next(output for output in reversed(self.outputs) if isinstance(output, Rewire))
        return next(seat for seat in rewire.seats if seat.call_sid == name)

    @property
    def recorded(self) -> set[Sid]:
        """Whom the recording hears."""
        rewire = next(output for output in reversed(self.outputs) if isinstance(output, Rewire))
        return {seat.call_sid for seat in rewire.seats if seat.recorded}


@pytest.fixture
def make_room() -> Callable[..., Room]:
    return lambda **options: Room(ConferenceOptions(**options))


@pytest.fixture
def room() -> Room:
    """Nobody has come yet."""
    return Room(ConferenceOptions())


@pytest.fixture
def call(room: Room) -> Room:
    """A caller and an agent talk."""
    room.join("caller")
    room.join("agent")
    return room
