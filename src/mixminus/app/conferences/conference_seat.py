"""A call's place in a conference, as the call sees it."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from mixminus.base.types import FormPairs, Sid
from mixminus.calls.endings import Departure
from mixminus.calls.quality import VoicePolish
from mixminus.calls.records import CallStatus, ConferenceRecord, ParticipantRecord, ReasonParticipantLeft


class Room(Protocol):
    """Where the seat is."""

    def leave(
        self,
        call_sid: Sid,
        departure: Departure,
        call_status: CallStatus,
        *,
        why: str | None = None,
        by: Sid | None = None,
    ) -> None: ...

    @property
    def record(self) -> ConferenceRecord: ...

    def participant(self, call_sid_or_label: str) -> ParticipantRecord: ...


class ConferenceSeat:
    """Resolves when the conference lets the call go."""

    def __init__(self, room: Room, leg: int | None, about: FormPairs) -> None:
        self.room = room
        self.leg = leg
        """The media leg; None while the far end has no media yet."""
        self.about = about
        """What requests for this leg's wait and hold documents say of its call."""
        self.polish = VoicePolish()
        self.was_in = True
        """False when the wait audio failed: then, says Twilio, the conference was not established for this leg."""
        self.why = ""
        """For people, why it was let go."""
        self.take_leave: Callable[[], None] | None = None
        """To be done when the leg is out of the room for good, before anybody is told."""
        self.onward: ConferenceSeat | None = None
        """In the conference to which the call was moved from here."""
        self._dismissed: asyncio.Future[ReasonParticipantLeft] = asyncio.get_running_loop().create_future()

    def dismiss(self, reason: ReasonParticipantLeft, why: str) -> None:
        if not self._dismissed.done():
            self.why = why
            self._dismissed.set_result(reason)

    def when_dismissed(self, action: Callable[[], None]) -> None:
        """Do this when the conference lets the call go."""
        self._dismissed.add_done_callback(lambda _: action())

    @property
    def last(self) -> "ConferenceSeat":
        """Where the call is now."""
        return self if self.onward is None else self.onward.last

    async def dismissed(self) -> ReasonParticipantLeft:
        """Wait until the call is out of the conference, and of those that it was moved to from there."""
        reason = await asyncio.shield(self._dismissed)
        return reason if self.onward is None else await self.onward.dismissed()
