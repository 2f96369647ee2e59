"""The errand of a call that is to take another's place."""

import asyncio
from collections.abc import Callable
from typing import Final

from mixminus.app.calls.call_session import CallSession, Verdict
from mixminus.app.calls.line import Unreached
from mixminus.app.transfers.place import Place
from mixminus.base.errors import Refusal
from mixminus.calls.records import CallStatus

TRANSFERRED: Final = "The call was transferred: another has its place."
STATUSES: Final = {CallStatus.BUSY: 486, CallStatus.NO_ANSWER: 480, CallStatus.CANCELED: 487}
"""What a transferor is told of a call that met no SIP answer."""


class ComeInstead:
    """Rings, or is somewhere else, until it takes the place; then those who are not needed any more are let go."""

    def __init__(self, place: Place, given_up: tuple[Place, ...], report: Callable[[int], None]) -> None:
        """*given_up*: places of the same transferor from which somebody goes to *place*."""
        self._place = place
        self._places = (place, *given_up)
        self._report = report
        self.left = asyncio.Event()
        self.decided = asyncio.Event()
        """It came, or will not come."""

    def begin(self) -> None:
        for place in self._places:
            place.await_another()

    def dialling(self, session: CallSession) -> None:
        """Nobody is told before it rings."""

    def ringing(self, session: CallSession) -> None:
        self._report(180)
        self._place.ringing()

    def early_media(self, session: CallSession) -> None:
        self._place.early_media(session.leg)

    def unreached(self, session: CallSession, unreached: Unreached) -> None:
        self._fail(unreached.sip_code or STATUSES.get(unreached.status, 500))

    async def run(self, session: CallSession) -> None:
        try:
            if self._takes_place(session):
                await self._place.remain()
        finally:
            self.left.set()

    def _takes_place(self, session: CallSession) -> bool:
        try:
            self._place.take(session, self.left)
        except Refusal as refusal:
            session.warn(refusal.code, refusal.message)
            self._fail(STATUSES[CallStatus.CANCELED])
            return False
        self.decided.set()
        self._report(200)
        for place in self._places:
            place.holder.end(Verdict(CallStatus.COMPLETED, TRANSFERRED))
        return True

    def _fail(self, status: int) -> None:
        self.decided.set()
        self._report(status)
        for place in self._places:
            place.nobody_came()
