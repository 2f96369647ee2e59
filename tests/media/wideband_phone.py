"""A wideband phone whose codecs are FFmpeg's: G.722 and Opus at the far end of a leg of the studio."""

from typing import Any, Final

import av
import numpy as np
from tests.media.studio import Phone, Samples, Studio

from mixminus.media.codec_terms import OpusMedia
from mixminus.rtp.packet import RtpPacket

RATES_HZ: Final = {"G722": 16_000, "opus": 48_000}
PAYLOAD_TYPES: Final = {"G722": 9, "opus": 111}
CLOCKS_HZ: Final = {"G722": 8000, "opus": 48_000}
_FFMPEG: Final = {"G722": "g722", "opus": "libopus"}
HUM: Final = 3000
"""A note's peak."""
HEARD: Final = HUM / 6
"""Speech codecs add a little of their own to notes."""


class WidebandPhone:
    """Hums notes, keeps what it hears at its own rate."""

    def __init__(
        self, studio: Studio, leg: int, codec: str, *hums: int, frame_ms: int = 20, opus: dict[str, str] | None = None
    ) -> None:
        self.codec, self.hums, self.frame_ms = codec, hums, frame_ms
        self.rate_hz, self.payload_type = RATES_HZ[codec], PAYLOAD_TYPES[codec]
        self.phone: Phone = studio.phone(leg, codec=codec, payload_type=self.payload_type, opus=OpusMedia())
        self.sequence, self.timestamp, self.spoken = 65_530, 2**32 - 4 * 960, 0
        self._encoder = _codec(codec, "w", self.rate_hz)
        if codec == "opus":
            self._encoder.bit_rate = 40_000
            self._encoder.options = {"application": "voip", "frame_duration": str(frame_ms)} | (opus or {})
        self._encoder.open()
        self._decoder = _codec(codec, "r", self.rate_hz)

    def hum(self) -> Samples:
        """The next frame of its notes."""
        samples = self.rate_hz * self.frame_ms // 1000
        time = (np.arange(samples) + self.spoken) / self.rate_hz
        return np.asarray(sum((HUM * np.sin(2 * np.pi * hz * time) for hz in self.hums), np.zeros(samples)), np.int16)

    def packets(self, sound: Samples) -> list[RtpPacket]:
        """A frame, encoded."""
        frame = av.AudioFrame.from_ndarray(sound[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = self.rate_hz, self.spoken
        self.spoken += len(sound)
        ready = []
        for packet in self._encoder.encode(frame):
            ready.append(self.packet(bytes(packet)))
        return ready

    def packet(self, payload: bytes, **changes: Any) -> RtpPacket:
        """The next packet of the stream."""
        fields = {"sequence": self.sequence, "timestamp": self.timestamp, "ssrc": self.phone.leg} | changes
        self.sequence = (self.sequence + 1) % 2**16
        self.timestamp = (self.timestamp + CLOCKS_HZ[self.codec] * self.frame_ms // 1000) % 2**32
        return RtpPacket(self.payload_type, payload=payload, **fields)

    def speak(self) -> None:
        for packet in self.packets(self.hum()):
            self.phone.send(packet)

    @property
    def audio(self) -> Samples:
        """All that it has heard since this was asked last."""
        payloads = [p.payload for p in self.phone.packets if p.payload_type == self.payload_type]
        self.phone.packets.clear()
        frames = [frame for payload in payloads for frame in self._decoder.decode(av.Packet(payload))]
        heard = [frame.to_ndarray().reshape(-1) for frame in frames]
        whole = np.concatenate(heard) if heard else np.zeros(0)
        return np.asarray(whole if whole.dtype == np.int16 else np.clip(32767 * whole, -32768, 32767), np.int16)

    def hears(self, *candidates: int, last_ms: int = 200) -> set[int]:
        """Which of these notes sound at its end."""
        return {hz for hz in candidates if level(self.audio_end(last_ms), hz, self.rate_hz) > HEARD}

    def audio_end(self, last_ms: int) -> Samples:
        self._end = getattr(self, "_end", np.zeros(0, np.int16))
        self._end = np.concatenate([self._end, self.audio])[-self.rate_hz * last_ms // 1000 :]
        return self._end


def level(sound: Samples, hz: int, rate_hz: int) -> float:
    """The peak of a sine of that frequency in the sound."""
    if not len(sound):
        return 0.0
    window = np.hanning(len(sound))
    turn = np.exp(-2j * np.pi * hz * np.arange(len(sound)) / rate_hz)
    return float(2 * abs(np.sum(sound * window * turn)) / window.sum())


def _codec(codec: str, mode: str, rate_hz: int) -> Any:
    create: Any = av.CodecContext.create  # PyAV's types want one of several hundred literals
    context = create(_FFMPEG[codec], mode)
    context.sample_rate, context.layout = rate_hz, "mono"
    if mode == "w":
        context.format = "s16"
    else:
        context.open()
    return context


def said(studio: Studio, phone: WidebandPhone) -> Samples:
    """The frame that the engine took from this phone in the last tick, on the plane of its codec."""
    row, planes = studio.engine.legs.slots.row(phone.phone.leg), studio.engine.legs.coded.planes
    frame = planes.said_wide[row][32:] if phone.codec == "G722" else planes.said_full[row][96:]
    return np.asarray(frame).copy()


def played(studio: Studio, phone: WidebandPhone, packets: list[list[RtpPacket]]) -> list[Samples]:
    """What is said, tick by tick, when these arrive."""
    frames = []
    for arriving in packets:
        for packet in arriving:
            phone.phone.send(packet)
        studio.tick()
        frames.append(said(studio, phone))
    return frames


def stream(phone: WidebandPhone, ticks: int) -> list[list[RtpPacket]]:
    """What the phone sends in each tick."""
    return [phone.packets(phone.hum()) for _ in range(ticks)]
