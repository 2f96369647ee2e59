"""What a verb may ask for, and what comes back.

A verb is a generator: it yields effects and is resumed with their results, so the whole interpreter runs without a
socket, a clock or a loop. Whoever drives it (mixminus.app) performs the effects.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mixminus.base.stream_formats import DEFAULT, StreamFormat
from mixminus.twiml.queue_effects import Dequeue, EnqueueCall, LeaveQueue
from mixminus.twiml.relay_effects import ConnectRelay as ConnectRelay
from mixminus.twiml.relay_effects import RelayAttributes as RelayAttributes
from mixminus.twiml.relay_effects import Relayed as Relayed
from mixminus.twiml.relay_effects import RelayLanguage as RelayLanguage

# --- effects ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SayText:
    text: str
    voice: str | None = None
    language: str | None = None
    loops: int = 1


@dataclass(frozen=True, slots=True)
class PlayUrl:
    """`url` is absolute (or `media:NAME`)."""

    url: str
    loops: int = 1


@dataclass(frozen=True, slots=True)
class Pause:
    duration_s: float


Prompt = SayText | PlayUrl | Pause


@dataclass(frozen=True, slots=True)
class Prompting:
    """Play prompts to the leg; resumed with None when they have been heard."""

    prompts: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True)
class SendDigits:
    """`<Play digits>`; resumed with None."""

    digits: str


@dataclass(frozen=True, slots=True)
class CollectDigits:
    """Play prompts (a key stops them) and collect. Resumed with `Collected`."""

    prompts: tuple[Prompt, ...]
    timeout_s: float
    """Without a key, counted from the end of the prompts or from the last key."""
    finish_on_key: str
    """One key, or empty for none."""
    num_digits: int | None


@dataclass(frozen=True, slots=True)
class Collected:
    digits: str


@dataclass(frozen=True, slots=True)
class Warn:
    """Something in the document was not understood; it is skipped and the rest runs. Resumed with None."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class CallbackTo:
    """Where to tell about events. `events` are Twilio's words; empty means the attribute was absent."""

    url: str
    method: str = "POST"
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DialRecording:
    """`<Dial record=…>`: `mode` is the attribute's value without `-dual`."""

    mode: str
    dual: bool
    trim_silence: bool
    track: str = "both"
    callback: CallbackTo | None = None


@dataclass(frozen=True, slots=True)
class ConferenceAttributes:
    """`<Conference>`, checked. `wait_url` None: not said; empty: silence."""

    name: str
    muted: bool = False
    beep: str = "true"
    start_conference_on_enter: bool = True
    end_conference_on_exit: bool = False
    participant_label: str | None = None
    jitter_buffer_size: str = "large"
    wait_url: str | None = None
    wait_method: str = "POST"
    max_participants: int = 250
    record: bool = False
    trim_silence: bool = True
    recording_callback: CallbackTo | None = None
    region: str | None = None
    coach: tuple[str, ...] = ()
    callback: CallbackTo | None = None
    event_callback_url: str | None = None
    moderator: bool = False
    floor_control: str = "off"


@dataclass(frozen=True, slots=True)
class JoinConference:
    """`<Dial><Conference>`: resumed with `ConferenceLeft`."""

    conference: ConferenceAttributes
    hangup_on_star: bool = False
    time_limit_s: int = 14_400
    recording: DialRecording | None = None


@dataclass(frozen=True, slots=True)
class ConferenceLeft:
    """The leg is out and its call goes on. `joined` is False when it was not admitted (full, label taken…)."""

    joined: bool = True
    recording_url: str | None = None


class TargetKind(StrEnum):
    NUMBER = "number"
    SIP = "sip"
    CLIENT = "client"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class Target:
    """A noun of `<Dial>`."""

    kind: TargetKind
    address: str
    """E.164 number, SIP URI, client identity, or application SID."""
    username: str | None = None
    password: str | None = None
    send_digits: str | None = None
    whisper_url: str | None = None
    whisper_method: str = "POST"
    parameters: tuple[tuple[str, str], ...] = ()
    callback: CallbackTo | None = None


@dataclass(frozen=True, slots=True)
class DialTargets:
    """Ring the targets; the first to answer is bridged. Resumed with `Dialled`."""

    targets: tuple[Target, ...]
    caller_id: str | None = None
    timeout_s: int = 30
    time_limit_s: int = 14_400
    hangup_on_star: bool = False
    answer_on_bridge: bool = False
    sequential: bool = False
    recording: DialRecording | None = None
    ring_tone: str | None = None
    """A country's, by Twilio's word for it; None: as the far end has it."""
    takes_refer: bool = False
    """Should the dialled party send a REFER, the document wants to know, and decides."""


@dataclass(frozen=True, slots=True)
class Referral:
    """Whom the dialled party wants the caller to be connected to (SIP REFER)."""

    target: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Dialled:
    status: str
    """`completed`, `busy`, `no-answer`, `failed`, `canceled`."""
    call_sid: str | None = None
    duration_s: int | None = None
    bridged: bool = False
    recording_url: str | None = None
    sip_response_code: int | None = None
    sip_call_id: str | None = None
    referral: Referral | None = None
    """How it ended, where the document wanted to know."""
    dequeue: Dequeue | None = None
    """How a `<Queue>` was dialled."""


@dataclass(frozen=True, slots=True)
class DialQueue:
    """`<Dial><Queue>`: be joined to whoever waits at the front. Resumed with `Dialled`."""

    queue: str
    whisper_url: str | None = None
    whisper_method: str = "POST"
    timeout_s: int = 30
    """For somebody to come."""
    time_limit_s: int = 14_400
    hangup_on_star: bool = False
    recording: DialRecording | None = None


@dataclass(frozen=True, slots=True)
class RecordCaller:
    """`<Record>`: what the caller says, after a beep. Resumed with `Recorded`, or None when nothing was said."""

    timeout_s: float = 5.0
    """Of silence; 0: however long that is."""
    max_length_s: int = 3_600
    finish_on_key: str = "1234567890*#"
    """Any of these."""
    beep: bool = True
    trim_silence: bool = True
    callback: CallbackTo | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """`digits` is the key that ended it, `hangup`, or empty."""

    url: str
    sid: str
    duration_s: int
    digits: str = ""


@dataclass(frozen=True, slots=True)
class ReferCaller:
    """`<Refer>`: tell the far end of this very leg, by SIP, to call somebody else. Resumed with `ReferOutcome`."""

    address: str
    """A SIP address without its headers."""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ReferOutcome:
    """What is None did not happen: no answer to the REFER, no NOTIFY."""

    refer_code: int | None = None
    notify_code: int | None = None
    hung_up: bool = False
    """The call ended before all was known."""


@dataclass(frozen=True, slots=True)
class StreamAttributes:
    """`<Stream>`. `url` is absolute, if it is any; `name` is unique in its call, or not said."""

    url: str
    name: str | None = None
    track: str = "inbound_track"
    parameters: tuple[tuple[str, str], ...] = ()
    callback: CallbackTo | None = None
    report_played: bool = False
    audio: StreamFormat = DEFAULT
    report_role: bool = False


@dataclass(frozen=True, slots=True)
class ConnectStream:
    """`<Connect><Stream>`: both ways. Resumed with None when the stream has ended, or did not begin."""

    stream: StreamAttributes


@dataclass(frozen=True, slots=True)
class StartStream:
    """`<Start><Stream>`: in the background. Resumed with None at once."""

    stream: StreamAttributes


@dataclass(frozen=True, slots=True)
class StopStream:
    """`<Stop><Stream>`. Resumed with None at once."""

    name: str


Effect = (
    Prompting
    | SendDigits
    | CollectDigits
    | Warn
    | JoinConference
    | DialTargets
    | DialQueue
    | EnqueueCall
    | LeaveQueue
    | RecordCaller
    | ReferCaller
    | ConnectStream
    | ConnectRelay
    | StartStream
    | StopStream
)

Result = Any
"""The type that the effect's docstring names."""

# --- outcomes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GoTo:
    """Fetch another document; it replaces this one."""

    url: str
    method: str = "POST"
    parameters: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class RanOut:
    """The document came to its end."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """`<Hangup>`."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """`<Reject>`: `rejected` or `busy`. Only as the first verb does it refuse the call unanswered."""

    reason: str


Outcome = GoTo | RanOut | HangUp | Rejected

Steps = Generator[Effect, Result, Outcome | None]
"""What running a verb or a document is. A verb that returns None lets the next one run."""
