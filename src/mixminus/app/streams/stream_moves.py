"""Streams that outlive their place: an agent and its caller go to a conference, and out again.

See docs/decisions/0011-a-stream-outlives-its-place.md.
"""

from collections.abc import Callable
from dataclasses import replace

from mixminus.app.callbacks import facts
from mixminus.app.calls.application_line import ApplicationLine
from mixminus.app.calls.call_session import CallSession, CallWishes, Verdict
from mixminus.app.calls.calls import Calls
from mixminus.app.calls.errands import KeepCompany, KeepSeat
from mixminus.app.conferences.conference_room import ConferenceRoom
from mixminus.app.conferences.conference_seat import ConferenceSeat
from mixminus.app.conferences.conferences import Conferences
from mixminus.app.services import Services
from mixminus.app.streams.stream_line import StreamLine
from mixminus.app.streams.streams import Held, StreamedCall
from mixminus.base.errors import Refusal
from mixminus.base.sids import CALL
from mixminus.base.types import Sid
from mixminus.calls.call import Call
from mixminus.calls.commands import MoveStreamToCall, MoveStreamToConference
from mixminus.calls.endings import Departure
from mixminus.calls.options import HouseMusic, NoSound, ParticipantOptions
from mixminus.calls.records import CallRecord, CallStatus, Direction
from mixminus.calls.refusals import AlreadyInConference, Origin
from mixminus.calls.streams import AgentPlace
from mixminus.streams.faults import BAD_TRACKS
from mixminus.twiml.parameters import voice_request

UNSUITABLE = 16099


class StreamMoves:
    """Each move is one command and takes effect at one tick; of several at once, the last one stands."""

    def __init__(self, services: Services, calls: Calls, conferences: Conferences) -> None:
        self._services = services
        self._streams = services.streams
        self._calls = calls
        self._conferences = conferences

    # --- where they are -------------------------------------------------------------------------------------------

    def place(self, sid: str) -> AgentPlace:
        """Raises 20404 for a stream that does not live."""
        return self._place(self._streams.live(sid))

    def places(self) -> tuple[AgentPlace, ...]:
        return tuple(map(self._place, self._streams.all()))

    def _place(self, held: Held) -> AgentPlace:
        seat = self._seat(held.place)
        conference = seat.room.record.sid if seat is not None else None
        return AgentPlace(held.sid, held.stream.name, held.place.record.sid, held.call.sid, conference)

    # --- into a conference ----------------------------------------------------------------------------------------

    def to_conference(self, command: MoveStreamToConference, find_room: Callable[[], ConferenceRoom]) -> AgentPlace:
        """Raises refusals, and has changed nothing then. A room that need not be is not asked for."""
        held = self._streams.live(command.sid)
        session = self._session(held.place.record.sid)
        agent = _without_music(command.agent)
        if held.place is session:
            self._bring(held, session, replace(command, agent=agent), find_room())
        elif (seat := self._seat(held.place)) is not None:
            self._take_along(held, session, seat, agent, find_room())
        else:
            raise Refusal(UNSUITABLE, 409, f"The agent of {held.sid} is bridged with the call that dialled it.")
        return self._place(held)

    def _bring(self, held: Held, session: CallSession, command: MoveStreamToConference, room: ConferenceRoom) -> None:
        """Caller and agent come in, each with a leg; the caller first, so that the agent may be its coach."""
        services, record = self._services, self._record(held, session)
        room.require_places((session.sid, command.call), (record.sid, command.agent))
        call = Call(record)
        with services.media.together():
            line, wishes = StreamLine(services, call.record), CallWishes(command.callback)
            agent = CallSession(services, call, line, KeepSeat(room), wishes)
            self._calls.add(agent)
            stage = line.stage(agent)
            self._streams.move(held, stage)
            agent.begin_answered()
            line.follow(stage, held, agent)
            seat = room.join(session.sid, session.leg, command.call, session.about, Origin.API)
            self._streams.company.sits(session, seat)
            own = room.join(agent.sid, agent.leg, command.agent, voice_request(facts(agent.record)), Origin.API)
            own.take_leave = line.take_leave
        if command.time_limit_s is not None:
            agent.limit_time(command.time_limit_s)

    def _record(self, held: Held, caller: CallSession) -> CallRecord:
        now = self._services.clock.utc()
        return CallRecord(
            sid=self._services.sids.new(CALL),
            account_sid=self._services.account_sid,
            to=f"stream:{held.sid}",
            from_=caller.record.from_,
            direction=Direction.OUTBOUND_API,
            status=CallStatus.QUEUED,
            date_created=now,
            date_updated=now,
            parent_call_sid=caller.sid,
            queue_time_ms=0,
        )

    def _take_along(
        self,
        held: Held,
        session: CallSession,
        seat: ConferenceSeat,
        agent: ParticipantOptions,
        room: ConferenceRoom,
    ) -> None:
        """An agent that has a leg of its own goes from one conference to another with it."""
        if seat.room is room:
            raise AlreadyInConference(session.sid)
        room.require_places((session.sid, agent))
        with self._services.media.together():
            if _is_private(seat, session.sid):
                self._streams.forget(held)
            take_leave, seat.take_leave = seat.take_leave, None
            seat.room.leave(session.sid, Departure.MOVED, session.call_status)
            seat.onward = room.join(session.sid, session.leg, agent, session.about, Origin.API)
            seat.onward.take_leave = take_leave
        seat.dismiss(Departure.MOVED.reason, Departure.MOVED.sentence)

    # --- out again ------------------------------------------------------------------------------------------------

    async def to_call(self, command: MoveStreamToCall) -> AgentPlace:
        """Raises refusals, and has changed nothing then."""
        held = self._streams.live(command.sid)
        session = self._session(command.call_sid)
        before = held.place
        if before is not session:
            self._require_alone(held, session)
            self._part(held, session)
            self._end_agent(before, session)
            if not self._streams.company.keeps(session):
                self._streams.company.keep(session)
                await session.redirect(KeepCompany())
        return self._place(held)

    def _require_alone(self, held: Held, session: CallSession) -> None:
        if isinstance(session.line, ApplicationLine | StreamLine):
            raise Refusal(
                UNSUITABLE, 409, f"At the far end of {session.sid} is an agent or application: nobody is there."
            )
        if (other := self._streams.at(session)) is not None:
            raise Refusal(BAD_TRACKS, 409, f"The call {session.sid} has the stream {other.sid} already.")

    def _part(self, held: Held, session: CallSession) -> None:
        """Out of whatever room they are in, the agent first: should it end by the caller's leaving, they are out."""
        agent, own = held.place.record.sid, self._seat(held.place)
        seat = self._conferences.seat(session.sid, session.leg)
        with self._services.media.together():
            forgets = own is not None and _is_private(own, agent)
            if own is not None:
                own.take_leave = None
                own.room.leave(agent, Departure.MOVED, CallStatus.COMPLETED)
            if seat is not None:
                seat.take_leave = None
                seat.room.leave(session.sid, Departure.MOVED, session.call_status)
            self._streams.move(held, session, forgets=forgets)
        if seat is not None and self._streams.company.seat(session) is seat:
            self._streams.company.sits(session, None)
            seat.dismiss(Departure.MOVED.reason, Departure.MOVED.sentence)

    def _end_agent(self, place: StreamedCall, session: CallSession) -> None:
        """The leg that the agent had in the conference; a caller that it was alone with goes on."""
        agent = self._calls.get(place.record.sid)
        if agent is not None and agent is not place:
            agent.end(Verdict(CallStatus.COMPLETED, f"Its agent was moved to the call {session.sid}."))

    # --- inside ---------------------------------------------------------------------------------------------------

    def _session(self, sid: Sid) -> CallSession:
        session = self._calls.get(sid)
        if session is None or not session.live or not session.is_answered:
            raise Refusal(21220, 400, f"The call {sid} is not in progress.")
        return session

    def _seat(self, place: StreamedCall) -> ConferenceSeat | None:
        """Of an agent that has a leg of its own."""
        session = self._calls.get(place.record.sid)
        if session is None or session is place or session.line.leg is None:
            return None
        return self._conferences.seat(session.sid, session.line.leg)


def _is_private(seat: ConferenceSeat, call_sid: Sid) -> bool:
    """What waits there was not for everybody's ears, and is not to be heard elsewhere."""
    agent = seat.room.participant(call_sid)
    return agent.coaching or agent.muted or agent.hold


def _without_music(options: ParticipantOptions) -> ParticipantOptions:
    """A program would take it for speech; it may be asked for."""
    wait = NoSound() if isinstance(options.wait, HouseMusic) else options.wait
    return replace(options, wait=wait, usual_hold=NoSound())
