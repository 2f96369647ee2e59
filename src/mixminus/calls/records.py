"""What is written down: one frozen value per resource, as it stands now.

The store keeps them, the REST API shows them, actors replace them. Words are Twilio's. Times are aware datetimes
in UTC; durations carry their unit in the name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mixminus.base.types import FormPairs, Sid


class CallStatus(StrEnum):
    QUEUED = "queued"
    INITIATED = "initiated"
    """Dialling. REST shows `queued` for it; only webhooks say `initiated`."""
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"


FINAL_CALL_STATUSES = frozenset(
    {
        CallStatus.COMPLETED,
        CallStatus.BUSY,
        CallStatus.FAILED,
        CallStatus.NO_ANSWER,
        CallStatus.CANCELED,
    }
)


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND_API = "outbound-api"
    OUTBOUND_DIAL = "outbound-dial"


@dataclass(frozen=True, slots=True)
class CallRecord:
    sid: Sid
    account_sid: Sid
    to: str
    from_: str
    direction: Direction
    status: CallStatus
    date_created: datetime
    date_updated: datetime
    parent_call_sid: Sid | None = None
    phone_number_sid: Sid | None = None
    caller_name: str | None = None
    forwarded_from: str | None = None
    answered_by: str | None = None
    start_time: datetime | None = None
    """When it was answered; when it began, if it never was."""
    end_time: datetime | None = None
    duration_s: int | None = None
    queue_time_ms: int | None = None
    error_code: int | None = None
    end_reason: str | None = None
    """Why it ended, in a sentence for people."""
    trunk: str | None = None
    """What carries it, once it is answered."""
    price_micros: int | None = None
    """What it cost, in millionths, where its trunk has prices."""


class ConferenceStatus(StrEnum):
    INIT = "init"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"


class ReasonConferenceEnded(StrEnum):
    """Hyphens here; `ReasonParticipantLeft` has underscores. Both are Twilio's."""

    ENDED_VIA_API = "conference-ended-via-api"
    MODERATOR_LEFT = "participant-with-end-conference-on-exit-left"
    MODERATOR_KICKED = "participant-with-end-conference-on-exit-kicked"
    LAST_KICKED = "last-participant-kicked"
    LAST_LEFT = "last-participant-left"


class ReasonParticipantLeft(StrEnum):
    HUNG_UP = "participant_hung_up"
    UPDATED_VIA_API = "participant_updated_via_api"
    ADD_FAILED = "participant_add_failed"
    MODERATOR_ENDED = "moderator_ended_conference"
    ENDED_VIA_API = "conference_ended_via_api"


@dataclass(frozen=True, slots=True)
class ConferenceRecord:
    sid: Sid
    account_sid: Sid
    friendly_name: str
    status: ConferenceStatus
    date_created: datetime
    date_updated: datetime
    region: str = "us1"
    start_time: datetime | None = None
    end_time: datetime | None = None
    reason_conference_ended: ReasonConferenceEnded | None = None
    call_sid_ending_conference: Sid | None = None
    end_detail: str | None = None
    """The free text of a webhook's `Reason`."""


class ParticipantStatus(StrEnum):
    QUEUED = "queued"
    CONNECTING = "connecting"
    RINGING = "ringing"
    CONNECTED = "connected"
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ParticipantRecord:
    sid: Sid
    """`CP…`: seen only in paging tokens and in Insights."""
    account_sid: Sid
    conference_sid: Sid
    call_sid: Sid
    status: ParticipantStatus
    date_created: datetime
    date_updated: datetime
    label: str | None = None
    muted: bool = False
    hold: bool = False
    coaching: bool = False
    call_sids_to_coach: tuple[Sid, ...] = ()
    """Twilio has one; repeating `CallSidToCoach` names several."""
    moderator: bool = False
    """Ours: its agent may mute, hold, remove and add participants (see `moderating`)."""
    start_conference_on_enter: bool = True
    end_conference_on_exit: bool = False
    queue_time_ms: int | None = None
    join_time: datetime | None = None
    leave_time: datetime | None = None
    reason_left: ReasonParticipantLeft | None = None

    @property
    def live(self) -> bool:
        """Only live participants exist for Twilio's API; the others are history."""
        return self.status not in (ParticipantStatus.COMPLETE, ParticipantStatus.FAILED)


class RecordingStatus(StrEnum):
    IN_PROGRESS = "in-progress"
    PAUSED = "paused"
    STOPPED = "stopped"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ABSENT = "absent"
    DELETED = "deleted"


class RecordingSource(StrEnum):
    CONFERENCE = "Conference"
    DIAL_VERB = "DialVerb"
    RECORD_VERB = "RecordVerb"
    OUTBOUND_API = "OutboundAPI"
    START_CALL_RECORDING_API = "StartCallRecordingAPI"
    START_CONFERENCE_RECORDING_API = "StartConferenceRecordingAPI"


@dataclass(frozen=True, slots=True)
class RecordingRecord:
    sid: Sid
    account_sid: Sid
    source: RecordingSource
    status: RecordingStatus
    channels: int
    date_created: datetime
    date_updated: datetime
    start_time: datetime
    call_sid: Sid | None = None
    conference_sid: Sid | None = None
    track: str | None = None
    """`inbound`, `outbound`, `both` of a call. Of a set of tracks: `participants` or `mixed` on the recording that
    leads it, `participant` or `whisper` on its tracks."""
    duration_s: int | None = None
    size_bytes: int | None = None
    error_code: int | None = None
    """16101 too short, 16102 silent: with `absent` only."""
    file_name: str = ""
    """Inside the node's recordings folder."""
    set_sid: Sid | None = None
    """The recording that this one is a track of; it begins with the same sample."""


@dataclass(frozen=True, slots=True)
class VoiceInstructions:
    """The voice half of a number or an application: where TwiML comes from."""

    voice_url: str | None = None
    voice_method: str = "POST"
    voice_fallback_url: str | None = None
    voice_fallback_method: str = "POST"
    status_callback: str | None = None
    status_callback_method: str = "POST"
    voice_caller_id_lookup: bool = False


@dataclass(frozen=True, slots=True)
class MessageInstructions:
    """The messaging half: kept and shown, so that tools which set it are not surprised."""

    sms_url: str | None = None
    sms_method: str = "POST"
    sms_fallback_url: str | None = None
    sms_fallback_method: str = "POST"
    sms_status_callback: str | None = None
    message_status_callback: str | None = None


@dataclass(frozen=True, slots=True)
class NumberRecord:
    sid: Sid
    account_sid: Sid
    phone_number: str
    friendly_name: str
    date_created: datetime
    date_updated: datetime
    voice: VoiceInstructions = field(default_factory=VoiceInstructions)
    voice_application_sid: Sid | None = None
    messages: MessageInstructions = field(default_factory=MessageInstructions)
    sms_application_sid: Sid | None = None


@dataclass(frozen=True, slots=True)
class ApplicationRecord:
    sid: Sid
    account_sid: Sid
    friendly_name: str
    date_created: datetime
    date_updated: datetime
    voice: VoiceInstructions = field(default_factory=VoiceInstructions)
    messages: MessageInstructions = field(default_factory=MessageInstructions)
    public_application_connect_enabled: bool = False


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """An API key. The secret is shown once and kept as a hash."""

    sid: Sid
    account_sid: Sid
    friendly_name: str
    secret_hash: str
    date_created: datetime
    date_updated: datetime


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """A queue of calls. Who waits in it lives only as long as the call does, and is not kept."""

    sid: Sid
    account_sid: Sid
    friendly_name: str
    max_size: int
    date_created: datetime
    date_updated: datetime


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Something that happened to a call or a conference, numbered per subject."""

    subject_sid: Sid
    sequence_number: int
    name: str
    timestamp: datetime
    call_sid: Sid | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    number: int | None = None
    """Its place among all events of the account; None: from before they were numbered."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One entry of a conference's ledger (insights/ledger.py), as it is hashed: nothing of it is kept twice."""

    conference_sid: Sid
    number: int
    content: bytes
    """JSON in UTF-8."""
    hash: bytes


@dataclass(frozen=True, slots=True)
class RegistrationRecord:
    """Where the phones of a user are, while the node is down."""

    user: str
    date_updated: datetime
    bindings: str
    """As sip/registrar/kept_bindings.py writes them."""


@dataclass(frozen=True, slots=True)
class WebhookAttempt:
    """One request of a webhook: a try, or where a redirect led."""

    url: str
    began_ms: int
    """After the first one."""
    took_ms: int
    status: int | None
    """None: there was no answer."""
    error_code: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookRecord:
    """A webhook that was sent, and how that went."""

    sid: Sid
    """`WH…`: its first digits count, so that SIDs are in the order of writing."""
    date_created: datetime
    """When it was sent."""
    purpose: str
    """`callback`, `twiml` (a document was asked for), `guard`."""
    url: str
    method: str
    parameters: FormPairs
    call_sid: Sid | None = None
    conference_sid: Sid | None = None
    error_code: int | None = None
    """None: it arrived."""
    error: str | None = None
    attempts: tuple[WebhookAttempt, ...] = ()
    content_type: str | None = None
    response_body: str = ""
    """The beginning of the last answer."""
    replay_of: Sid | None = None


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """Something that an application, or whoever it named, got wrong (Twilio: notification, debugger)."""

    sid: Sid
    """`NO…`, counted as those of webhooks."""
    date_created: datetime
    level: str
    """`error`, `warning`."""
    code: int
    message: str
    call_sid: Sid | None = None
    conference_sid: Sid | None = None
    webhook_sid: Sid | None = None
    """The webhook or document that it is about."""
    request_url: str | None = None
    request_method: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """What a create was answered that carried an idempotency key."""

    key: str
    """Who asked, and the key."""
    fingerprint: str
    """Of what was asked, SHA-256 in hex."""
    date_created: datetime
    status: int
    body: str


Record = (
    CallRecord
    | ConferenceRecord
    | ParticipantRecord
    | RecordingRecord
    | NumberRecord
    | ApplicationRecord
    | KeyRecord
    | QueueRecord
    | EventRecord
    | LedgerEntry
    | RegistrationRecord
    | WebhookRecord
    | AlertRecord
    | AnswerRecord
)
