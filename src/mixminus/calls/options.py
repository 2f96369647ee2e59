"""What somebody may say about a leg or a conference when it begins. Defaults are Twilio's."""

from dataclasses import dataclass, field
from enum import StrEnum

from mixminus.base.types import Sid


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to call back, and how."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Callback:
    """A webhook and the events that it subscribed to."""

    webhook: Webhook
    events: frozenset[str]


@dataclass(frozen=True, slots=True)
class HouseMusic:
    """Nothing was said: the music that comes with the server."""


@dataclass(frozen=True, slots=True)
class NoSound:
    """An empty URL: silence."""


@dataclass(frozen=True, slots=True)
class AudioDocument:
    """An audio file or a document of `Play`, `Say`, `Pause`, `Redirect`. `media:NAME` is a file of the node."""

    url: str
    method: str = "POST"


Sound = HouseMusic | NoSound | AudioDocument


class FloorPolicy(StrEnum):
    """Which agents speak when several want to (see `floor`)."""

    OFF = "off"
    """All of them."""
    QUEUE = "queue"
    """One, and the others after it."""
    DROP = "drop"
    """One, and what the others say meanwhile is heard by nobody."""


class Beep(StrEnum):
    TRUE = "true"
    FALSE = "false"
    ON_ENTER = "onEnter"
    ON_EXIT = "onExit"

    @property
    def on_enter(self) -> bool:
        return self in (Beep.TRUE, Beep.ON_ENTER)

    @property
    def on_exit(self) -> bool:
        return self in (Beep.TRUE, Beep.ON_EXIT)


@dataclass(frozen=True, slots=True)
class ParticipantOptions:
    """One leg's own wishes."""

    label: str | None = None
    muted: bool = False
    beep: Beep = Beep.TRUE
    start_conference_on_enter: bool = True
    end_conference_on_exit: bool = False
    wait: Sound = field(default_factory=HouseMusic)
    usual_hold: Sound = field(default_factory=HouseMusic)
    """What is heard on hold when nobody says what."""
    coaching: bool = False
    call_sids_to_coach: tuple[Sid, ...] = ()
    jitter_buffer_size: str = "large"
    early_media: bool = True
    moderator: bool = False


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    """How to record, and whom to tell."""

    trim_silence: bool = True
    callback: Callback | None = None
    channels: int = 1
    track: str = "both"


@dataclass(frozen=True, slots=True)
class ConferenceOptions:
    """What the first participant decides for the whole conference; later ones are not heard on it."""

    max_participants: int = 250
    recording: RecordingOptions | None = None
    """None: not recorded."""
    callback: Callback | None = None
    record_end_webhook: Webhook | None = None
    """The deprecated `eventCallbackUrl`."""
    region: str | None = None
    floor: FloorPolicy = FloorPolicy.OFF


@dataclass(frozen=True, slots=True)
class Instructions:
    """Where a call's TwiML comes from: a URL or a document."""

    url: str | None = None
    method: str = "POST"
    fallback_url: str | None = None
    fallback_method: str = "POST"
    twiml: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    """Extra pairs for the first request: the query of an `app:` address."""


@dataclass(frozen=True, slots=True)
class DialOptions:
    """How to reach somebody. `to` and `from_` are as REST or TwiML said them."""

    to: str
    from_: str
    caller_id: str | None = None
    caller_display_name: str | None = None
    timeout_s: int = 60
    time_limit_s: int | None = None
    send_digits: str | None = None
    sip_auth_username: str | None = None
    sip_auth_password: str | None = None
    callback: Callback | None = None
    recording: RecordingOptions | None = None
