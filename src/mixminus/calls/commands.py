"""What may be asked of calls and conferences from outside. None means: not said, leave it."""

from dataclasses import dataclass

from mixminus.base.types import Sid
from mixminus.calls.options import (
    Callback,
    ConferenceOptions,
    DialOptions,
    FloorPolicy,
    Instructions,
    ParticipantOptions,
    RecordingOptions,
    Sound,
    Webhook,
)
from mixminus.calls.streams import StreamWish


@dataclass(frozen=True, slots=True)
class PlaceCall:
    dial: DialOptions
    instructions: Instructions | None = None
    application_sid: Sid | None = None


@dataclass(frozen=True, slots=True)
class UpdateCall:
    sid: Sid
    status: str | None = None
    """`completed` or `canceled`."""
    instructions: Instructions | None = None
    """A redirect: takes the call out of whatever it is in."""
    status_callback: Webhook | None = None
    time_limit_s: int | None = None


@dataclass(frozen=True, slots=True)
class AddParticipant:
    conference: str
    """A conference SID or a friendly name."""
    dial: DialOptions
    participant: ParticipantOptions
    options: ConferenceOptions
    by: Sid | None = None
    """Who asked, as in `UpdateParticipant`."""


@dataclass(frozen=True, slots=True)
class UpdateParticipant:
    conference_sid: Sid
    participant: str
    """A call SID or a label."""
    muted: bool | None = None
    hold: bool | None = None
    hold_sound: Sound | None = None
    announce: Webhook | None = None
    wait: Sound | None = None
    beep_on_exit: bool | None = None
    end_conference_on_exit: bool | None = None
    coaching: bool | None = None
    call_sids_to_coach: tuple[Sid, ...] | None = None
    moderator: bool | None = None
    by: Sid | None = None
    """Who asked: the account, a key, or a call: that of a moderator. None: the node itself."""


@dataclass(frozen=True, slots=True)
class PolishParticipant:
    """Make a participant easier to hear. What is None stays as it is."""

    conference_sid: Sid
    participant: str
    gain_control: bool | None = None
    noise_suppression: bool | None = None


@dataclass(frozen=True, slots=True)
class RemoveParticipant:
    conference_sid: Sid
    participant: str
    by: Sid | None = None
    """Who asked, as in `UpdateParticipant`."""


@dataclass(frozen=True, slots=True)
class UpdateConference:
    sid: Sid
    completed: bool = False
    announce: Webhook | None = None
    floor: FloorPolicy | None = None


@dataclass(frozen=True, slots=True)
class StartCallRecording:
    call_sid: Sid
    recording: RecordingOptions


@dataclass(frozen=True, slots=True)
class StartConferenceRecording:
    """Record a running conference: what Twilio cannot be asked for."""

    conference_sid: Sid
    participants: bool
    """A track of each participant as well."""
    whisper: bool = False
    """And one of what coaches whisper."""
    callback: Callback | None = None


@dataclass(frozen=True, slots=True)
class StartStream:
    call_sid: Sid
    stream: StreamWish


@dataclass(frozen=True, slots=True)
class StopStream:
    call_sid: Sid
    stream: str
    """Its SID or its name."""


@dataclass(frozen=True, slots=True)
class MoveStreamToConference:
    """Bring an agent and the call that it is alone with, or an agent that is in another conference."""

    sid: Sid
    conference: str
    """A SID or a friendly name."""
    agent: ParticipantOptions
    call: ParticipantOptions
    """Of the call that comes along."""
    options: ConferenceOptions
    """Should the conference begin with it."""
    callback: Callback | None = None
    """About the agent's leg."""
    time_limit_s: int | None = None


@dataclass(frozen=True, slots=True)
class MoveStreamToCall:
    """Leave the agent alone with a call."""

    sid: Sid
    call_sid: Sid


@dataclass(frozen=True, slots=True)
class UpdateRecording:
    """Of a call or of a conference. `recording` may be `Twilio.CURRENT`."""

    recording: str
    status: str
    """`paused`, `in-progress`, `stopped`."""
    skip_pause: bool = False
    call_sid: Sid | None = None
    conference_sid: Sid | None = None
