"""How a call sounds, in figures and wishes: what the media plane counts and does, in the words of a call."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VoicePolish:
    """What is done to make a participant easier to hear."""

    gain_control: bool = False
    noise_suppression: bool = False

    def changed(self, gain_control: bool | None, noise_suppression: bool | None) -> "VoicePolish":
        """What is None stays as it is."""
        return VoicePolish(
            self.gain_control if gain_control is None else gain_control,
            self.noise_suppression if noise_suppression is None else noise_suppression,
        )


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
