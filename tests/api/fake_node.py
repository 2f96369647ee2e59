"""A node for the API to talk to: it writes down what it was asked and keeps records in a real store."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from mixminus.app.access_tokens import AccessTokens
from mixminus.app.calls.sip_traces import SipStory
from mixminus.app.calls.unwelcome import BannedHost
from mixminus.app.conferences.moderators import ModeratorKeys
from mixminus.app.eventlog.alert_log import AlertLog
from mixminus.app.eventlog.event_log import EventLog
from mixminus.app.eventlog.logs import Logs
from mixminus.app.eventlog.webhook_log import WebhookLog
from mixminus.app.ice_servers import IceServerDesk
from mixminus.app.queues.queues import Queues
from mixminus.app.trunks.presence import RegisteredPhone, TrunkStanding
from mixminus.base import sids as prefixes
from mixminus.base.clock import Clock
from mixminus.base.errors import Refusal
from mixminus.base.settings import Settings
from mixminus.base.sids import Sids
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
from mixminus.calls.quality import CallQuality, VoicePolish
from mixminus.calls.records import (
    CallRecord,
    CallStatus,
    ConferenceRecord,
    ConferenceStatus,
    Direction,
    ParticipantRecord,
    ParticipantStatus,
    Record,
    RecordingRecord,
    RecordingSource,
    RecordingStatus,
)
from mixminus.calls.streams import AgentPlace, StreamRecord, StreamStatus
from mixminus.sip.tracing.trace import Traced
from mixminus.store.contract import Store
from mixminus.store.runner import InlineRunner
from mixminus.store.sql import SqlStore
from mixminus.webhooks.fetching import Courier
from mixminus.webhooks.io.asgi import AsgiFetch

TOKEN = "0123456789abcdef0123456789abcdef"
START = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)

R = TypeVar("R", bound=Record)


class FakeNode:
    """Implements `Node`. `asked` is every command; `refuse` makes the next one fail."""

    def __init__(self, folder: Path) -> None:
        self._random = random.Random(4)
        self._ticks = 0
        self.folder = folder
        self.account_sid = Sid("AC" + "a" * 32)
        self.database = SqlStore("sqlite://", run=InlineRunner())
        self.store: Store = self.database
        self.clock = Clock(now=lambda: float(self._ticks), utc=self._utc)
        self.sids = Sids(self._random.randbytes)
        self.moderators = ModeratorKeys(self.sids, self._random.randbytes)
        self.queues = Queues(self.account_sid, self.store, self.clock, self.sids)
        self.ice_servers = IceServerDesk(Settings(data=folder), self.clock, self.sids)
        self.access_tokens = AccessTokens(self.account_sid, TOKEN, self.clock)
        self.taking_calls = True
        self.logs = self._logs()
        self.asked: list[Any] = []
        self.refuse: Exception | None = None
        self.sip_messages: list[Traced] = []

    def _logs(self) -> Logs:
        """The events are over from the beginning: who follows them is told what there is, and let go."""
        courier = Courier("token", AsgiFetch({}), self.clock.now, lambda: "once")
        events = EventLog(self.store)
        webhooks = WebhookLog(courier, self.store, self.clock, self.sids, 100)
        events.close()
        return Logs(events, webhooks, AlertLog(webhooks, self.store, self.clock, self.sids, 100))

    def _utc(self) -> datetime:
        """A clock that goes on by a second whenever somebody looks."""
        self._ticks += 1
        return START + timedelta(seconds=self._ticks)

    def _take(self, command: object) -> None:
        self.asked.append(command)
        if self.refuse is not None:
            refusal, self.refuse = self.refuse, None
            raise refusal

    def keep(self, record: R, **changes: Any) -> R:
        """Put a record into the store, as the node would."""
        record = replace(record, **changes)
        asyncio.run(self.store.save(record))
        return record

    def call(self, **changes: Any) -> CallRecord:
        return self.keep(self._call("+15005550006", "+15005550001"), **changes)

    def conference(self, **changes: Any) -> ConferenceRecord:
        return self.keep(self._conference("Support"), **changes)

    def participant(self, conference: ConferenceRecord, **changes: Any) -> ParticipantRecord:
        call = self.call(status=CallStatus.IN_PROGRESS)
        return self.keep(self._participant(conference, call), **changes)

    def recording(self, **changes: Any) -> RecordingRecord:
        return self.keep(self._recording(), **changes)

    def _call(self, to: str, from_: str) -> CallRecord:
        now = self.clock.utc()
        sid = self.sids.new(prefixes.CALL)
        return CallRecord(sid, self.account_sid, to, from_, Direction.OUTBOUND_API, CallStatus.INITIATED, now, now)

    def _conference(self, name: str) -> ConferenceRecord:
        now = self.clock.utc()
        sid = self.sids.new(prefixes.CONFERENCE)
        return ConferenceRecord(sid, self.account_sid, name, ConferenceStatus.INIT, now, now)

    def _participant(self, conference: ConferenceRecord, call: CallRecord) -> ParticipantRecord:
        now = self.clock.utc()
        sid = self.sids.new(prefixes.PARTICIPANT)
        status = ParticipantStatus.CONNECTED
        return ParticipantRecord(sid, self.account_sid, conference.sid, call.sid, status, now, now)

    def _recording(self) -> RecordingRecord:
        now = self.clock.utc()
        sid = self.sids.new(prefixes.RECORDING)
        source, status = RecordingSource.CONFERENCE, RecordingStatus.COMPLETED
        return RecordingRecord(sid, self.account_sid, source, status, 1, now, now, now, file_name=f"{sid}.wav")

    async def _saved(self, record: R) -> R:
        await self.store.save(record)
        return record

    async def _found(self, kind: type[R], sid: str) -> R:
        record = await self.store.fetch(kind, sid)
        if record is None:
            raise Refusal(20404, 404, f"{sid} is not here")
        return record

    async def place_call(self, command: PlaceCall) -> CallRecord:
        self._take(command)
        return await self._saved(self._call(command.dial.to, command.dial.from_))

    async def update_call(self, command: UpdateCall) -> CallRecord:
        self._take(command)
        call = await self._found(CallRecord, command.sid)
        return await self._saved(replace(call, status=CallStatus(command.status)) if command.status else call)

    async def polish_participant(self, command: PolishParticipant) -> VoicePolish:
        self._take(command)
        return VoicePolish(bool(command.gain_control), bool(command.noise_suppression))

    async def call_quality(self, sid: Sid) -> CallQuality:
        self._take(sid)
        return CallQuality("PCMU", 50, 50, 1, 0, 0, 20, 0.5, 20.0, 4.3)

    async def sip_story(self, sid: Sid) -> SipStory:
        self._take(sid)
        return SipStory(self.sip_messages, ("127.0.0.1", 5060), 100.0, START)

    async def recent_sip(self, after: int, most: int) -> SipStory:
        self._take((after, most))
        return SipStory(self.sip_messages[after:][-most:], ("127.0.0.1", 5060), 100.0, START)

    def registrations(self, user: str) -> list[RegisteredPhone]:
        self._take(("registrations", user))
        return [RegisteredPhone("sip:ann@192.0.2.7:5060", "udp:203.0.113.7:40000", 0.5, START)]

    def trunks(self) -> list[TrunkStanding]:
        self._take("trunks")
        return [TrunkStanding("carrier", 2, None, True, 200, {"sip:carrier.example.com": False})]

    def bans(self) -> list[BannedHost]:
        self._take("bans")
        return [BannedHost("2001:db8::", "2001:db8::/64", "passwords", START, START, 2, 7)]

    def lift_ban(self, address: str) -> None:
        self._take(("lift_ban", address))

    async def delete_call(self, sid: Sid) -> None:
        self._take(("delete_call", sid))
        await self.store.delete(CallRecord, sid)

    async def add_participant(self, command: AddParticipant) -> ParticipantRecord:
        self._take(command)
        conference = await self._saved(self._conference(command.conference))
        call = await self._saved(self._call(command.dial.to, command.dial.from_))
        participant = self._participant(conference, call)
        return await self._saved(
            replace(
                participant,
                status=ParticipantStatus.QUEUED,
                label=command.participant.label,
                muted=command.participant.muted,
                queue_time_ms=1000,
            )
        )

    async def update_participant(self, command: UpdateParticipant) -> ParticipantRecord:
        self._take(command)
        (participant,) = [
            each for each in await self.store.query(ParticipantRecord) if each.call_sid == command.participant
        ]
        muted = participant.muted if command.muted is None else command.muted
        return await self._saved(replace(participant, muted=muted))

    async def remove_participant(self, command: RemoveParticipant) -> None:
        self._take(command)

    async def update_conference(self, command: UpdateConference) -> ConferenceRecord:
        self._take(command)
        conference = await self._found(ConferenceRecord, command.sid)
        status = ConferenceStatus.COMPLETED if command.completed else conference.status
        return await self._saved(replace(conference, status=status))

    async def start_call_recording(self, command: StartCallRecording) -> RecordingRecord:
        self._take(command)
        recording = replace(self._recording(), call_sid=command.call_sid, status=RecordingStatus.IN_PROGRESS)
        return await self._saved(recording)

    async def start_conference_recording(self, command: StartConferenceRecording) -> RecordingRecord:
        self._take(command)
        track = "participants" if command.participants else "mixed"
        leader = replace(self._recording(), conference_sid=command.conference_sid, channels=2, track=track)
        return await self._saved(replace(leader, status=RecordingStatus.IN_PROGRESS))

    async def start_stream(self, command: StartStream) -> StreamRecord:
        self._take(command)
        return self._stream(command.call_sid, command.stream.name, StreamStatus.IN_PROGRESS)

    async def stop_stream(self, command: StopStream) -> StreamRecord:
        self._take(command)
        return self._stream(command.call_sid, command.stream, StreamStatus.STOPPED)

    def agent(self, stream_sid: str) -> AgentPlace:
        self._take(("agent", stream_sid))
        return AgentPlace(Sid(stream_sid), "ai", Sid("CA" + "1" * 32), Sid("CA" + "2" * 32), None)

    def agents(self) -> list[AgentPlace]:
        return [self.agent("MZ" + "3" * 32)]

    async def move_stream(self, command: MoveStreamToConference | MoveStreamToCall) -> AgentPlace:
        self._take(command)
        return AgentPlace(command.sid, "ai", Sid("CA" + "1" * 32), Sid("CA" + "2" * 32), Sid("CF" + "4" * 32))

    def _stream(self, call_sid: Sid, name: str | None, status: StreamStatus) -> StreamRecord:
        return StreamRecord(self.sids.new(prefixes.STREAM), self.account_sid, call_sid, name, status, self._utc())

    async def update_recording(self, command: UpdateRecording) -> RecordingRecord:
        self._take(command)
        recordings = await self.store.query(RecordingRecord)
        return await self._saved(replace(recordings[-1], status=RecordingStatus(command.status)))

    async def delete_recording(self, sid: Sid) -> None:
        self._take(("delete_recording", sid))
        recording = await self._found(RecordingRecord, sid)
        await self.store.save(replace(recording, status=RecordingStatus.DELETED))

    def recording_file(self, recording: RecordingRecord) -> Path:
        return self.folder / recording.file_name
