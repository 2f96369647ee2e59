"""What the edges (REST, console, command line) may ask of a running node."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from mixminus.app.access_tokens import AccessTokens
from mixminus.app.calls.sip_traces import SipStory
from mixminus.app.calls.unwelcome import BannedHost
from mixminus.app.conferences.moderators import ModeratorKeys
from mixminus.app.eventlog.logs import Logs
from mixminus.app.ice_servers import IceServerDesk
from mixminus.app.queues.queues import Queues
from mixminus.app.trunks.presence import RegisteredPhone, TrunkStanding
from mixminus.base.clock import Clock
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
from mixminus.calls.records import CallRecord, ConferenceRecord, ParticipantRecord, RecordingRecord
from mixminus.calls.streams import AgentPlace, StreamRecord
from mixminus.store.contract import Store


class Node(Protocol):
    """A telephone exchange. Every method raises `Refusal` when it cannot do what was asked.

    What a method returns is already in the store, so a list asked for next has it.
    """

    account_sid: Sid
    store: Store
    clock: Clock
    sids: Sids
    moderators: ModeratorKeys
    """The keys of participants who may change their conference (see `calls.moderating`)."""
    ice_servers: IceServerDesk
    queues: Queues
    logs: Logs
    """Events, webhooks and alerts: to be followed and sent again. To be listed they are in `store`."""
    access_tokens: AccessTokens

    @property
    def taking_calls(self) -> bool:
        """False while starting or draining."""

    async def place_call(self, command: PlaceCall) -> CallRecord: ...

    async def update_call(self, command: UpdateCall) -> CallRecord: ...

    async def call_quality(self, sid: Sid) -> CallQuality:
        """How the call's audio fares, now or when it ended; 20404 for a call that never had any."""

    async def sip_story(self, sid: Sid) -> SipStory:
        """The SIP messages of a call; without any when they are not kept any more."""

    async def recent_sip(self, after: int, most: int) -> SipStory:
        """Everybody's SIP messages behind that number; the last ones when there are more than *most*."""

    def registrations(self, user: str) -> Sequence[RegisteredPhone]:
        """Where a user can be reached, most preferred first; 20404 for somebody whom nobody declared."""

    def trunks(self) -> Sequence[TrunkStanding]:
        """In the order of the settings."""

    def bans(self) -> Sequence[BannedHost]:
        """Hosts that are not listened to, the newest last."""

    def lift_ban(self, address: str) -> None:
        """20404 for one that is not banned."""

    async def delete_call(self, sid: Sid) -> None:
        """Forget a finished call (20009 while it lives)."""

    async def add_participant(self, command: AddParticipant) -> ParticipantRecord: ...

    async def update_participant(self, command: UpdateParticipant) -> ParticipantRecord: ...

    async def polish_participant(self, command: PolishParticipant) -> VoicePolish:
        """Switch gain control and noise suppression; returns how they are then."""

    async def remove_participant(self, command: RemoveParticipant) -> None: ...

    async def update_conference(self, command: UpdateConference) -> ConferenceRecord: ...

    async def start_call_recording(self, command: StartCallRecording) -> RecordingRecord: ...

    async def start_conference_recording(self, command: StartConferenceRecording) -> RecordingRecord:
        """The recording that leads the set; its tracks name it."""

    async def start_stream(self, command: StartStream) -> StreamRecord:
        """Unidirectional. Whether the agent can be reached is told by its status callback."""

    async def stop_stream(self, command: StopStream) -> StreamRecord:
        """20404 for one that does not run."""

    def agent(self, stream_sid: str) -> AgentPlace:
        """Where a stream that talks both ways is; 20404 for one that does not live."""

    def agents(self) -> Sequence[AgentPlace]: ...

    async def move_stream(self, command: MoveStreamToConference | MoveStreamToCall) -> AgentPlace:
        """At one tick, and its session goes on."""

    async def update_recording(self, command: UpdateRecording) -> RecordingRecord: ...

    async def delete_recording(self, sid: Sid) -> None:
        """Remove the file; the record stays with status `deleted`."""

    def recording_file(self, recording: RecordingRecord) -> Path:
        """Where its WAV is."""
