"""A call's place in a conference, as the call sees it."""

import asyncio
from collections.abc import Callable

from mixminus.base.types import FormPairs
from mixminus.calls.quality import VoicePolish
from mixminus.calls.records import ReasonParticipantLeft


class ConferenceSeat:
    """Resolves when the conference lets the call go."""

    def __init__(self, leg: int | None, about: FormPairs) -> None:
        self.leg = leg
        """The media leg; None while the far end has no media yet."""
        self.about = about
        """What requests for this leg's wait and hold documents say of its call."""
        self.polish = VoicePolish()
        self.was_in = True
        """False when the wait audio failed: then, says Twilio, the conference was not established for this leg."""
        self._dismissed: asyncio.Future[ReasonParticipantLeft] = asyncio.get_running_loop().create_future()

    def dismiss(self, reason: ReasonParticipantLeft) -> None:
        if not self._dismissed.done():
            self._dismissed.set_result(reason)

    def when_dismissed(self, action: Callable[[], None]) -> None:
        """Do this when the conference lets the call go."""
        self._dismissed.add_done_callback(lambda _: action())

    async def dismissed(self) -> ReasonParticipantLeft:
        """Wait until the call is out of the conference."""
        return await asyncio.shield(self._dismissed)
