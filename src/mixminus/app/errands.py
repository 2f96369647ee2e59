"""What calls are for (see `call_session.Errand`)."""

import asyncio

from mixminus.app.call_session import CallSession, Verdict
from mixminus.app.callbacks import facts
from mixminus.app.conference_room import ConferenceRoom
from mixminus.app.line import Unreached
from mixminus.app.run_twiml import TwimlRunner
from mixminus.calls.endings import Departure
from mixminus.calls.options import Instructions
from mixminus.calls.records import CallStatus
from mixminus.twiml.parameters import voice_request


class RunInstructions:
    """Do what TwiML says."""

    def __init__(self, runner: TwimlRunner, instructions: Instructions) -> None:
        self._runner = runner
        self._instructions = instructions

    def dialling(self, session: CallSession) -> None:
        """Nobody waits for it."""

    def ringing(self, session: CallSession) -> None:
        """Nobody waits for it."""

    def early_media(self, session: CallSession) -> None:
        """Nobody listens yet."""

    def unreached(self, session: CallSession, unreached: Unreached) -> None:
        """The call's own status tells."""

    async def run(self, session: CallSession) -> None:
        await self._runner.run(session, self._instructions)


class TakeSeat:
    """Sit in a conference that called this leg (Participants API). Out of it, the call has nothing left to do."""

    def __init__(self, room: ConferenceRoom, jitter_buffer_size: str) -> None:
        self._room = room
        self._jitter_buffer_size = jitter_buffer_size

    def dialling(self, session: CallSession) -> None:
        self._room.dialling(session.sid)
        if seat := self._room.seat(session.sid):
            seat.when_dismissed(lambda: _give_up(session))
        else:
            _give_up(session)

    def ringing(self, session: CallSession) -> None:
        self._room.ringing(session.sid)

    def early_media(self, session: CallSession) -> None:
        self._room.early_media(session.sid, session.leg)

    def unreached(self, session: CallSession, unreached: Unreached) -> None:
        self._room.leave(session.sid, Departure.DIAL_FAILED, unreached.status)

    async def run(self, session: CallSession) -> None:
        seat = self._room.answered(session.sid, session.leg, voice_request(facts(session.record)))
        if seat is None:
            return
        session.size_jitter_buffer(self._jitter_buffer_size)
        try:
            await seat.dismissed()
        except asyncio.CancelledError:
            self._room.leave(session.sid, session.departure, session.call_status)
            raise


def _give_up(session: CallSession) -> None:
    """The conference has no use any more for somebody who has not answered yet."""
    if not session.is_answered:
        session.end(Verdict(CallStatus.CANCELED, "The conference let the call go before it was answered."))
