"""What the control plane may ask of the media plane, and what it hears back.

Both directions are values, so that the engine can run in this process (tests, virtual time) or in a worker process
(production) behind the same `MediaPlane`. Audio is 8 kHz mono, 20 ms frames of 160 samples, unless a name says
otherwise. Ids of legs, rooms and players are integers that the control plane draws and never uses twice.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from mixminus.media.codec_terms import OpusMedia
from mixminus.media.figures import LegQuality, WorkerHealth
from mixminus.media.plans import Applied as Applied
from mixminus.media.plans import AppliedRow as AppliedRow
from mixminus.media.plans import ChangeRoom as ChangeRoom
from mixminus.media.plans import LegRow as LegRow
from mixminus.media.plans import SetRoom as SetRoom
from mixminus.media.plans import Ticked as Ticked
from mixminus.media.plans import WatchRoom as WatchRoom
from mixminus.media.srtp_terms import DtlsTerms, IceTerms, SrtpKeys
from mixminus.media.stream_terms import AddTrack as AddTrack
from mixminus.media.stream_terms import ClearStream as ClearStream
from mixminus.media.stream_terms import CloseStream as CloseStream
from mixminus.media.stream_terms import DropTrack as DropTrack
from mixminus.media.stream_terms import MoveStream as MoveStream
from mixminus.media.stream_terms import OpenFormatted as OpenFormatted
from mixminus.media.stream_terms import OpenStream as OpenStream
from mixminus.media.stream_terms import SayFormatted as SayFormatted
from mixminus.media.stream_terms import StreamsHeard as StreamsHeard
from mixminus.media.stream_terms import StreamsSay as StreamsSay
from mixminus.media.tap import Tap as Tap

# --- commands --------------------------------------------------------------------------------------------------


class OpenLeg(msgspec.Struct, frozen=True, tag=True):
    """Reserve a leg and bind its RTP port. Answered by `LegOpened` or `LegRefused`."""

    leg: int


class OpenPipe(msgspec.Struct, frozen=True, tag=True):
    """Two legs without sockets, joined back to back: what one is sent, the other one's far end says, a tick later.

    A TwiML application in a conference is such a pair: one leg sits in the room, the other one runs the document.
    """

    leg: int
    other: int


class SetLegMedia(msgspec.Struct, frozen=True, tag=True):
    """What SDP agreed on for a leg. May be sent again at any time (re-INVITE)."""

    leg: int
    remote_host: str
    remote_port: int
    codec: str
    """What we send: `PCMU`, `PCMA`, `G722` or `opus`. The first two are always understood when they arrive."""
    telephone_event_payload_type: int | None
    sends: bool
    """False: nothing goes out (the phone said `sendonly` or `inactive`)."""
    receives: bool
    """False: what arrives is dropped (the phone said `recvonly` or `inactive`)."""
    jitter_buffer: str = "large"
    """`off`, `small`, `medium`, `large`: the ceiling of the playout delay (20, 40, 60 ms)."""
    rtp_timeout_ms: int = 0
    """After that long without a packet, `RtpTimedOut` is reported once. 0: never."""
    rtcp_mux: bool = False
    """RTCP shares the port of RTP (RFC 5761); otherwise it is the next one on either side."""
    rtcp_port: int | None = None
    """Where SDP says to send RTCP, when that is neither (RFC 3605)."""
    payload_type: int | None = None
    """Of what we send; None: the codec's own (RFC 3551). Opus has none."""
    understood: tuple[tuple[int, str], ...] = ()
    """What else may arrive: payload types and codecs. The codec that we send is, with the same payload type."""
    opus: OpusMedia = OpusMedia()
    telephone_event_clock_hz: int = 8000
    """48000 beside Opus (RFC 4733 section 2.1)."""
    latch: str = "announced"
    """Whose packets are the leg's. `announced`: those of hosts that SDP and `signalled_from` name at once, others
    when they have gone on for a while. `first`: whoever speaks first ("comedia")."""
    signalled_from: str | None = None
    """The host where its SIP comes from: behind a NAT its media does, too."""
    srtp: SrtpKeys | None = None
    """Both directions are SRTP and SRTCP with these keys; None: plain, unless `dtls` says otherwise."""
    ice: IceTerms | None = None
    """The far end is where its checks come from, whatever `remote_host` says."""
    dtls: DtlsTerms | None = None
    """Keys come from a handshake; until then nothing is sent and what arrives is dropped."""


class UseCertificate(msgspec.Struct, frozen=True, tag=True):
    """Show this one in handshakes. Told once, before any leg that has `IceTerms` or `DtlsTerms`.

    Both are DER; the key is in PKCS 8.
    """

    certificate: bytes
    key: bytes


class PolishVoice(msgspec.Struct, frozen=True, tag=True):
    """Make what the leg says easier to hear, for everybody. Both are off until asked for."""

    leg: int
    gain_control: bool
    """Bring the voice to the usual level, by up to 12 dB either way, slowly."""
    noise_suppression: bool
    """Take steady noise down by up to 15 dB; the leg is heard 20 ms later."""


class WatchSpeech(msgspec.Struct, frozen=True, tag=True):
    """Tell when the leg's far end speaks (`SpeechStarted`, `SpeechStopped`), until it is closed or `on` is False."""

    leg: int
    on: bool


class WatchKeys(msgspec.Struct, frozen=True, tag=True):
    """Tell of keys that sound as tones, too: `DigitPressed`, once for a key that also comes as an event.

    A leg whose SDP names no telephone events is watched without being asked for.
    """

    leg: int
    on: bool
    muted: bool = False
    """The room does not hear the tones."""


class AskStatistics(msgspec.Struct, frozen=True, tag=True):
    """How is it going? Answered by `Statistics` with the same `query`."""

    query: int
    legs: tuple[int, ...] = ()
    """Those to tell of, as far as they exist: about 30 µs of the worker's time each."""


class CloseLeg(msgspec.Struct, frozen=True, tag=True):
    """Free the leg and its port. Players on it stop, without an event; it leaves its room."""

    leg: int


class Pcm(msgspec.Struct, frozen=True, tag=True):
    """A decoded file: raw signed 16-bit little-endian samples, mono, at `rate_hz` (8000)."""

    path: str
    rate_hz: int = 8000


class Silence(msgspec.Struct, frozen=True, tag=True):
    """Nothing, for a while."""

    duration_ms: int


class Tone(msgspec.Struct, frozen=True, tag=True):
    """Sines added up: a beep, ringback."""

    frequencies_hz: tuple[float, ...]
    duration_ms: int
    level_dbfs: float = -12.0
    """Of the sum's peak; full scale is 0."""


Clip = Pcm | Silence | Tone


class Play(msgspec.Struct, frozen=True, tag=True):
    """Play clips back to back, `loops` times (0: until stopped). Answered by `PlayerFinished` at the end.

    To a leg: added to what that leg hears. To a room: added to the bus, so that all who hear it, and its
    recording, hear the player.
    """

    player: int
    clips: tuple[Clip, ...]
    loops: int = 1
    leg: int | None = None
    room: int | None = None


class StopPlayer(msgspec.Struct, frozen=True, tag=True):
    """End a player at the tick boundary. No event follows. An unknown player is ignored."""

    player: int


class SendDigits(msgspec.Struct, frozen=True, tag=True):
    """Send digits (`0-9 A-D * #`; `w` waits 0.5 s, `W` 1 s). Answered by `DigitsSent`.

    As telephone events (RFC 4733), or as tones to a far end that knows none.
    """

    leg: int
    digits: str


class StartRecording(msgspec.Struct, frozen=True, tag=True):
    """Write a WAV file, one channel per inner tuple, each the sum of its taps. Answered by `RecordingStopped` later.

    The header is kept right while recording, so that a crash loses at most a second.
    """

    recording: str
    path: str
    channels: tuple[tuple[Tap, ...], ...]
    trim_silence: bool = False
    """Drop silence at the start and at the end."""
    aligned_with: str | None = None
    """A running recording: the file begins with as much silence as that one holds already, and is paused if it is."""


class SetTaps(msgspec.Struct, frozen=True, tag=True):
    """Record from other places from the next tick on. As many channels as at the start; an unknown one is ignored."""

    recording: str
    channels: tuple[tuple[Tap, ...], ...]


class PauseRecording(msgspec.Struct, frozen=True, tag=True):
    """Stop taking samples; `skip` leaves no gap in the file, otherwise silence is written."""

    recording: str
    skip: bool


class ResumeRecording(msgspec.Struct, frozen=True, tag=True):
    recording: str


class StopRecording(msgspec.Struct, frozen=True, tag=True):
    recording: str


Command = (
    OpenLeg
    | OpenPipe
    | SetLegMedia
    | UseCertificate
    | PolishVoice
    | WatchSpeech
    | WatchKeys
    | AskStatistics
    | CloseLeg
    | SetRoom
    | ChangeRoom
    | WatchRoom
    | Play
    | StopPlayer
    | SendDigits
    | StartRecording
    | SetTaps
    | PauseRecording
    | ResumeRecording
    | StopRecording
    | OpenStream
    | MoveStream
    | OpenFormatted
    | AddTrack
    | DropTrack
    | SayFormatted
    | StreamsSay
    | ClearStream
    | CloseStream
)

# --- events ----------------------------------------------------------------------------------------------------


class LegOpened(msgspec.Struct, frozen=True, tag=True):
    leg: int
    host: str
    port: int


class LegRefused(msgspec.Struct, frozen=True, tag=True):
    """No port or no room for another leg; `reason` says which."""

    leg: int
    reason: str


class DigitPressed(msgspec.Struct, frozen=True, tag=True):
    """One key, reported once however many packets told of it."""

    leg: int
    digit: str


class DigitsSent(msgspec.Struct, frozen=True, tag=True):
    leg: int


class RtpTimedOut(msgspec.Struct, frozen=True, tag=True):
    leg: int


class SecuringFailed(msgspec.Struct, frozen=True, tag=True):
    """The handshake of the leg's `DtlsTerms` came to nothing: there will be no audio."""

    leg: int
    reason: str


class PlayerFinished(msgspec.Struct, frozen=True, tag=True):
    """The player came to its end. `error` is set when a clip could not be played."""

    player: int
    error: str | None = None


class RecordingStopped(msgspec.Struct, frozen=True, tag=True):
    """The file is complete. `error` is set when it could not be written; `silent` when nobody was ever heard."""

    recording: str
    duration_ms: int
    size_bytes: int
    silent: bool
    error: str | None = None


class SpeechStarted(msgspec.Struct, frozen=True, tag=True):
    """About 0.2 s after the first word."""

    leg: int


class SpeechStopped(msgspec.Struct, frozen=True, tag=True):
    """0.6 s after the last word."""

    leg: int


class Statistics(msgspec.Struct, frozen=True, tag=True):
    """The answer to `AskStatistics`."""

    query: int
    worker: WorkerHealth
    legs: tuple[LegQuality, ...] = ()


class WorkerLost(msgspec.Struct, frozen=True, tag=True):
    """The engine is gone, and with it all its legs."""

    reason: str


Event = (
    LegOpened
    | LegRefused
    | DigitPressed
    | DigitsSent
    | RtpTimedOut
    | SecuringFailed
    | PlayerFinished
    | RecordingStopped
    | Applied
    | Ticked
    | SpeechStarted
    | SpeechStopped
    | Statistics
    | StreamsHeard
    | WorkerLost
)

EventHandler = Callable[[Event], None]


class MediaPlane(Protocol):
    """The control plane's end of the seam."""

    def apply(self, *commands: Command) -> None:
        """Carry out these commands together: all of them between the same two ticks (law 2)."""

    def listen(self, handler: EventHandler) -> None:
        """Deliver every event to *handler*, in order, on the control plane's own thread. One listener."""
