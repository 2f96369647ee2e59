"""How a call sounds, in figures and wishes: what the media plane counts and does, in the words of a call."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VoicePolish:
    """What is done to make a participant easier to hear."""

    gain_control: bool = False
    noise_suppression: bool = False


@dataclass(frozen=True, slots=True)
class CallQuality:
    """From the first packet until now, or until the end. Counts are packets; `far_…` is what the phone says of us."""

    codec: str
    received: int
    sent: int
    lost: int
    late: int
    duplicate: int
    concealed_ms: int
    jitter_ms: float
    playout_delay_ms: float
    mos: float
    round_trip_ms: float | None = None
    far_lost: int | None = None
    far_jitter_ms: float | None = None
    far_mos: float | None = None
