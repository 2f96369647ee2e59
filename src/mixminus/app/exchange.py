"""The running node as the edges see it (see `contract.Node`): each command finds its actor."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mixminus.app.access_tokens import AccessTokens
from mixminus.app.calls.addresses import ApplicationAddress, PhoneNumber, check_destination, parse_address, trunks_for
from mixminus.app.calls.call_session import CallSession, Verdict
from mixminus.app.calls.calls import Calls
from mixminus.app.calls.errands import RunInstructions, TakeSeat
from mixminus.app.calls.incoming_calls import IncomingCalls
from mixminus.app.calls.lines import application_instructions
from mixminus.app.calls.place_call import PlacedCall, Placing, wishes_of
from mixminus.app.calls.sip_traces import SipStory
from mixminus.app.calls.unwelcome import BannedHost, Unwelcome
from mixminus.app.conferences.conference_room import ConferenceRoom
from mixminus.app.conferences.conferences import Conferences
from mixminus.app.conferences.moderators import ModeratorKeys
from mixminus.app.documents.run_twiml import TwimlRunner
from mixminus.app.eventlog.logs import Logs
from mixminus.app.ice_servers import IceServerDesk
from mixminus.app.queues.queues import Queues
from mixminus.app.services import Services
from mixminus.app.streams.stream_moves import StreamMoves
from mixminus.app.trunks.presence import Presence, RegisteredPhone, TrunkStanding
from mixminus.base.clock import Clock
from mixminus.base.errors import Refusal, not_found
from mixminus.base.sids import CALL, CONFERENCE, Sids, is_sid
from mixminus.base.types import Sid
from mixminus.calls.commands import (
    AddParticipant,
    MoveStreamToCall,
    MoveStreamToConference,
    PlaceCall,
    PolishParticipant,
    RemoveParticipant,
    StartCallRecording,
    StartConferenceRecording,
    StartStream,
    StopStream,
    UpdateCall,
    UpdateConference,
    UpdateParticipant,
    UpdateRecording,
)
from mixminus.calls.endings import Departure
from mixminus.calls.moderating import check_addition, is_moderator
from mixminus.calls.options import (
    Callback,
    ConferenceOptions,
    DialOptions,
    HouseMusic,
    Instructions,
    NoSound,
    ParticipantOptions,
)
from mixminus.calls.quality import CallQuality, VoicePolish
from mixminus.calls.records import (
    FINAL_CALL_STATUSES,
    CallRecord,
    CallStatus,
    ConferenceRecord,
    Direction,
    ParticipantRecord,
    RecordingRecord,
    RecordingSource,
)
from mixminus.calls.streams import AgentPlace, StreamRecord
from mixminus.store.contract import Store
from mixminus.streams.contract import StreamError


class Exchange:
    """Implements `contract.Node`."""

    def __init__(
        self,
        services: Services,
        calls: Calls,
        conferences: Conferences,
        placing: Placing,
        incoming: IncomingCalls,
        runner: TwimlRunner,
        moderators: ModeratorKeys,
        presence: Presence,
        unwelcome: Unwelcome,
        queues: Queues,
        logs: Logs,
        access_tokens: AccessTokens,
    ) -> None:
        self._services = services
        self._calls = calls
        self._conferences = conferences
        self._placing = placing
        self._incoming = incoming
        self._runner = runner
        self._presence = presence
        self._unwelcome = unwelcome
        self._moves = StreamMoves(services, calls, conferences)
        self.account_sid: Sid = services.account_sid
        self.store: Store = services.store
        self.clock: Clock = services.clock
        self.sids: Sids = services.sids
        self.moderators = moderators
        self.queues = queues
        queues.redirect = self._redirect_live
        self.logs = logs
        self.access_tokens = access_tokens
        self.ice_servers = IceServerDesk(services.settings, services.clock, services.sids)

    @property
    def taking_calls(self) -> bool:
        return self._incoming.taking_calls

    @property
    def live_calls(self) -> Sequence[CallSession]:
        return self._calls.all()

    @property
    def ended_calls(self) -> Mapping[tuple[Direction, CallStatus], int]:
        """How many calls there were since the start, by direction and by how they ended."""
        return self._calls.ended

    @property
    def live_conferences(self) -> Sequence[ConferenceRoom]:
        return self._conferences.all()

    # --- calls ----------------------------------------------------------------------------------------------------

    async def place_call(self, command: PlaceCall) -> CallRecord:
        self._require_open()
        instructions = await self._instructions_of(command)
        await self._check_reachable(command.dial)
        errand = RunInstructions(self._runner, instructions)
        session = self._placing.place(PlacedCall(command.dial, errand, wishes_of(command.dial)))
        await self._placing.write_down(session)
        return session.record

    async def update_call(self, command: UpdateCall) -> CallRecord:
        session = self._calls.get(command.sid)
        if session is None or not session.live:
            return await self._update_finished_call(command)
        if command.status_callback is not None:
            events = session.wishes.callback.events if session.wishes.callback else frozenset({"completed"})
            session.set_status_callback(Callback(command.status_callback, events))
        if command.time_limit_s is not None:
            session.limit_time(command.time_limit_s)
        if command.status is not None:
            await self._end_call(session, command.status)
        elif command.instructions is not None:
            await self._redirect(session, command.instructions)
        await self.store.flush()
        return session.record

    async def call_quality(self, sid: Sid) -> CallQuality:
        session, qualities = self._calls.get(sid), self._services.qualities
        leg = session.line.leg if session is not None else None
        quality = await qualities.of_leg(leg) if leg is not None else None
        quality = quality or qualities.of_ended(sid)
        if quality is None:
            raise not_found(f"/mixminus/v1/Calls/{sid}/Quality")
        return quality

    async def sip_story(self, sid: Sid) -> SipStory:
        session, traces = self._calls.get(sid), self._services.sip_traces
        return traces.of_calls(session.line.sip_call_ids if session is not None else traces.of_ended(sid))

    async def recent_sip(self, after: int, most: int) -> SipStory:
        return self._services.sip_traces.since(after, most)

    def registrations(self, user: str) -> Sequence[RegisteredPhone]:
        return self._presence.phones(user)

    def trunks(self) -> Sequence[TrunkStanding]:
        return self._presence.trunks()

    def bans(self) -> Sequence[BannedHost]:
        return self._unwelcome.all()

    def lift_ban(self, address: str) -> None:
        self._unwelcome.lift(address)

    async def delete_call(self, sid: Sid) -> None:
        record = await self._call(sid)
        if record.status not in FINAL_CALL_STATUSES:
            raise Refusal(20009, 409, "Cannot delete this call because it is still in progress. End it first.")
        await self.store.delete(CallRecord, sid)

    # --- participants ---------------------------------------------------------------------------------------------

    async def add_participant(self, command: AddParticipant) -> ParticipantRecord:
        self._require_open()
        await self._check_reachable(command.dial)
        options = _options_of(command)
        if is_moderator(command.by):
            check_addition(command.dial, command.participant)
        room = self._room_to_join(command.conference, command.options)
        call_sid = self.sids.new(CALL)
        invited = room.invite(call_sid, options, command.by)
        try:
            errand = TakeSeat(room, command.participant.jitter_buffer_size)
            placed = PlacedCall(command.dial, errand, wishes_of(command.dial), sid=call_sid)
            session = self._placing.place(placed)
        except Refusal:
            room.leave(call_sid, Departure.DIAL_FAILED, CallStatus.FAILED)
            raise
        await self._placing.write_down(session)
        return invited

    async def update_participant(self, command: UpdateParticipant) -> ParticipantRecord:
        room = self._room(command.conference_sid)
        updated = room.update(command)
        await self.store.flush()
        await room.in_force()
        return updated

    async def polish_participant(self, command: PolishParticipant) -> VoicePolish:
        return self._room(command.conference_sid).polish(command)

    async def remove_participant(self, command: RemoveParticipant) -> None:
        room = self._room(command.conference_sid)
        participant = room.participant(command.participant)
        session = self._calls.get(participant.call_sid)
        status = session.record.status if session else CallStatus.COMPLETED
        room.leave(participant.call_sid, Departure.REMOVED, status, by=command.by)
        await self.store.flush()
        await room.in_force()

    async def update_conference(self, command: UpdateConference) -> ConferenceRecord:
        room = await self._live_conference(command.sid)
        if command.announce is not None:
            room.announce(command.announce)
        if command.floor is not None:
            room.keep_floor(command.floor)
        if command.completed:
            room.end()
        await self.store.flush()
        await room.in_force()
        return room.record

    # --- recordings -----------------------------------------------------------------------------------------------

    async def start_call_recording(self, command: StartCallRecording) -> RecordingRecord:
        session = self._calls.get(command.call_sid)
        if session is None or not session.live or not session.is_answered:
            raise Refusal(21220, 400, "Call is not in-progress. Only a live call can be recorded.")
        recordings, source = self._services.recordings, RecordingSource.START_CALL_RECORDING_API
        record = recordings.start_for_call(session, command.recording, source)
        await self.store.flush()
        return record

    async def start_conference_recording(self, command: StartConferenceRecording) -> RecordingRecord:
        record = (await self._live_conference(command.conference_sid)).record_tracks(command)
        await self._services.store.flush()
        return record

    async def update_recording(self, command: UpdateRecording) -> RecordingRecord:
        return await self._services.recordings.update(command)

    async def delete_recording(self, sid: Sid) -> None:
        await self._services.recordings.delete(sid)

    def recording_file(self, recording: RecordingRecord) -> Path:
        return self._services.recordings.file(recording)

    # --- streams --------------------------------------------------------------------------------------------------

    async def start_stream(self, command: StartStream) -> StreamRecord:
        session = self._calls.get(command.call_sid)
        if session is None or not session.live or not session.is_answered:
            raise Refusal(21220, 400, "Call is not in-progress. Only a live call can be streamed.")
        try:
            return self._services.streams.start(session, command.stream)
        except StreamError as error:
            raise Refusal(error.code, 400, error.message) from error

    async def stop_stream(self, command: StopStream) -> StreamRecord:
        stopped = self._services.streams.stop(command.call_sid, command.stream)
        if stopped is None:
            path = f"/2010-04-01/Accounts/{self.account_sid}/Calls/{command.call_sid}/Streams/{command.stream}.json"
            raise not_found(path)
        return stopped

    def agent(self, stream_sid: str) -> AgentPlace:
        return self._moves.place(stream_sid)

    def agents(self) -> Sequence[AgentPlace]:
        return self._moves.places()

    async def move_stream(self, command: MoveStreamToConference | MoveStreamToCall) -> AgentPlace:
        if isinstance(command, MoveStreamToCall):
            place = await self._moves.to_call(command)
        else:
            self._require_open()
            place = self._moves.to_conference(
                command, lambda: self._room_to_join(command.conference, command.options)
            )
        await self.store.flush()
        return place

    # --- inside: calls --------------------------------------------------------------------------------------------

    def _require_open(self) -> None:
        """A node that starts, drains, or has no media begins nothing new."""
        if not self.taking_calls:
            raise Refusal(20503, 503, "This node takes no new calls: it is starting or stopping. Try again later.")

    async def _instructions_of(self, command: PlaceCall) -> Instructions:
        if command.application_sid is None:
            assert command.instructions is not None, "the edge lets no call pass that has nothing to do"
            return command.instructions
        application = ApplicationAddress(command.application_sid)
        instructions = await application_instructions(self.store, application)
        if instructions is None:
            raise Refusal(21218, 400, f"There is no application {command.application_sid} with a VoiceUrl.")
        return instructions

    async def _check_reachable(self, dial: DialOptions) -> None:
        """Refuse what can be known to lead nowhere before anything exists."""
        match parse_address(dial.to):
            case ApplicationAddress() as application:
                if await application_instructions(self.store, application) is None:
                    raise Refusal(21218, 400, f"There is no application {application.sid} with a VoiceUrl.")
            case PhoneNumber(number):
                check_destination(number, self._services.settings)
                trunks_for(number, self._services.settings.trunks)
            case _:
                return

    async def _end_call(self, session: CallSession, status: str) -> None:
        if status == "canceled" and session.is_answered:
            raise Refusal(21220, 400, "Call is in-progress and cannot be canceled: set Status=completed instead.")
        final = CallStatus.COMPLETED if session.is_answered else CallStatus.CANCELED
        session.end(Verdict(final, "Ended through the API."), Departure.REDIRECTED)
        await session.ended.wait()

    async def _redirect(self, session: CallSession, instructions: Instructions) -> None:
        if not session.is_answered:
            raise Refusal(21220, 400, "Call is not in-progress. Cannot redirect.")
        await session.redirect(RunInstructions(self._runner, instructions))

    async def _redirect_live(self, sid: Sid, instructions: Instructions) -> None:
        if (session := self._calls.get(sid)) is not None and session.live:
            await self._redirect(session, instructions)

    async def _update_finished_call(self, command: UpdateCall) -> CallRecord:
        """Ending an ended call is fine; anything else comes too late."""
        record = await self._call(command.sid)
        if command.status == "completed":
            return record
        raise Refusal(21220, 400, "Call is not in-progress. Cannot redirect.")

    async def _call(self, sid: Sid) -> CallRecord:
        record = await self.store.fetch(CallRecord, sid)
        if record is None:
            raise not_found(f"/2010-04-01/Accounts/{self.account_sid}/Calls/{sid}.json")
        return record

    # --- inside: conferences --------------------------------------------------------------------------------------

    def _room(self, sid: Sid) -> ConferenceRoom:
        return self._conferences.live(sid)

    def _room_to_join(self, conference: str, options: ConferenceOptions) -> ConferenceRoom:
        """By name a new one, if need be; a SID is that of a live conference (16022)."""
        try:
            return self._conferences.named(conference, options)
        except Refusal as refusal:
            if not is_sid(CONFERENCE, conference):
                raise
            sentence = f"Conference {conference} has ended or never was. Use its name to begin a new one."
            raise Refusal(16022, 404, sentence) from refusal

    async def _live_conference(self, sid: Sid) -> ConferenceRoom:
        """Raises 20404 for one that never was and 16022 for one that is over."""
        if is_sid(CONFERENCE, sid) and await self.store.fetch(ConferenceRecord, sid) is not None:
            try:
                return self._conferences.live(sid)
            except Refusal:
                raise Refusal(16022, 404, f"Conference {sid} has already completed.") from None
        return self._conferences.live(sid)


def _options_of(command: AddParticipant) -> ParticipantOptions:
    """Music is for people: a program would take it for speech (ai-and-desk.md 3.2). It may be asked for."""
    options = command.participant
    if not isinstance(parse_address(command.dial.to), ApplicationAddress):
        return options
    wait = NoSound() if isinstance(options.wait, HouseMusic) else options.wait
    return replace(options, wait=wait, usual_hold=NoSound())
