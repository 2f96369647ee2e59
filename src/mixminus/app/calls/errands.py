"""What calls are for (see `call_session.Errand`)."""

from mixminus.app.callbacks import facts
from mixminus.app.calls.call_session import CallSession, Verdict
from mixminus.app.calls.line import Unreached
from mixminus.app.conferences.conference_room import ConferenceRoom
from mixminus.app.conferences.sitting import leave, sit
from mixminus.app.documents.run_twiml import TwimlRunner
from mixminus.app.streams.connect_stream import converse, forsake
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
            seat.take_leave = session.line.take_leave
        else:
            _give_up(session)

    def ringing(self, session: CallSession) -> None:
        self._room.ringing(session.sid)

    def early_media(self, session: CallSession) -> None:
        self._room.early_media(session.sid, session.leg)

    def unreached(self, session: CallSession, unreached: Unreached) -> None:
        self._room.leave(session.sid, Departure.DIAL_FAILED, unreached.status, why=_why(unreached))

    async def run(self, session: CallSession) -> None:
        seat = self._room.answered(session.sid, session.leg, voice_request(facts(session.record)))
        if seat is None:
            return
        session.size_jitter_buffer(self._jitter_buffer_size)
        session.end(Verdict(CallStatus.COMPLETED, await sit(session, seat)))


class KeepSeat:
    """Stay in a conference where the leg sits already. Out of it, the call has nothing left to do."""

    def __init__(self, room: ConferenceRoom) -> None:
        self._room = room

    def dialling(self, session: CallSession) -> None:
        """It was there before it was a call."""

    def ringing(self, session: CallSession) -> None:
        """It never rings."""

    def early_media(self, session: CallSession) -> None:
        """It is heard already."""

    def unreached(self, session: CallSession, unreached: Unreached) -> None:
        """It ended before it could run."""
        if seat := self._room.seat(session.sid):
            leave(session, seat)

    async def run(self, session: CallSession) -> None:
        if seat := self._room.seat(session.sid):
            session.end(Verdict(CallStatus.COMPLETED, await sit(session, seat)))


class KeepCompany:
    """Be alone with an agent that was brought to the call. Without it, the call has nothing left to do."""

    def dialling(self, session: CallSession) -> None:
        """It is answered."""

    def ringing(self, session: CallSession) -> None:
        """It is answered."""

    def early_media(self, session: CallSession) -> None:
        """It is answered."""

    def unreached(self, session: CallSession, unreached: Unreached) -> None:
        """The call ended, or was redirected once more, before this could begin."""
        forsake(session)

    async def run(self, session: CallSession) -> None:
        await converse(session)


def _why(unreached: Unreached) -> str:
    return unreached.reason if unreached.error_code is None else f"{unreached.error_code}: {unreached.reason}"


def _give_up(session: CallSession) -> None:
    """The conference has no use any more for somebody who has not answered yet."""
    if not session.is_answered:
        session.end(Verdict(CallStatus.CANCELED, "The conference let the call go before it was answered."))
