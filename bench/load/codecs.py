"""The codecs that phones speak, with packets of one size each.

Whatever is not G.711 is encoded before the run and decoded after it, by FFmpeg's codecs and not by the server's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from bench.load import alaw, chirp, sounds, ulaw

if TYPE_CHECKING:
    import av

Samples = NDArray[np.int16]

_OPUS_BPS: Final = 32_000
_FRAMES_PER_S: Final = 50
_FFMPEG: Final[dict[str, Literal["libopus", "g722"]]] = {"opus": "libopus", "G722": "g722"}


@dataclass(frozen=True, slots=True)
class Codec:
    """One codec in 20 ms packets: `rate_hz` of its sound, `clock_hz` of its timestamps, which may differ."""

    name: str
    payload_type: int
    rate_hz: int
    clock_hz: int
    payload_bytes: int
    encoding: str
    fmtp: str = ""

    @property
    def frame_ticks(self) -> int:
        return self.clock_hz // _FRAMES_PER_S

    @property
    def is_g711(self) -> bool:
        """Its markers can be written and read while the load runs."""
        return self.name in ("PCMU", "PCMA")

    def encode(self, samples: Samples) -> NDArray[np.uint8]:
        """Return uint8 (frame, `payload_bytes`) of whole frames at `rate_hz`."""
        if self.is_g711:
            codes = ulaw.encode(samples) if self.name == "PCMU" else alaw.encode(samples)
            return codes.reshape(-1, self.payload_bytes)
        packets = _encoded(self, samples)
        assert all(len(packet) == self.payload_bytes for packet in packets), {len(packet) for packet in packets}
        return np.frombuffer(b"".join(packets), np.uint8).reshape(-1, self.payload_bytes)

    def decode(self, payloads: Iterable[bytes]) -> list[Samples]:
        """Return what a phone hears of a stream, payload by payload, at `rate_hz`."""
        if not self.is_g711:
            return _decoded(self, payloads)
        law = ulaw if self.name == "PCMU" else alaw
        return [law.decode(np.frombuffer(payload, np.uint8)) for payload in payloads]

    @property
    def encoder_delay_s(self) -> float:
        """How much later the far end's decoder says what was put in: no server's doing."""
        return _delay_s(self) * (1.0 - _DECODERS_SHARE.get(self.name, 0.0))

    @property
    def decoder_delay_s(self) -> float:
        """The phone's share of it."""
        return _delay_s(self) * _DECODERS_SHARE.get(self.name, 0.0)


# Half of G.722's filter bank is in the decoder; Opus looks ahead in the encoder alone (RFC 6716, 4.2 and 5).
_DECODERS_SHARE: Final = {"G722": 0.5}

CODECS: Final = {
    codec.name: codec
    for codec in (
        # RFC 3551, table 4 and section 4.5.2: G.722 has 16 kHz sound and, by an old mistake, a clock of 8 kHz.
        Codec("PCMU", 0, 8_000, 8_000, 160, "PCMU/8000"),
        Codec("PCMA", 8, 8_000, 8_000, 160, "PCMA/8000"),
        Codec("G722", 9, 16_000, 8_000, 160, "G722/8000"),
        # RFC 7587: a dynamic type, always 48 kHz and two channels in its name.
        Codec("opus", 111, 48_000, 48_000, _OPUS_BPS // 8 // _FRAMES_PER_S, "opus/48000/2", "useinbandfec=1"),
    )
}


@cache
def _delay_s(codec: Codec) -> float:
    """Encode and decode a marker without any server, and see how much later it is."""
    if codec.is_g711:
        return 0.0
    second = sounds.linear(1, codec.rate_hz)[sounds.MARKED[0]]
    heard = np.concatenate(codec.decode(payload.tobytes() for payload in codec.encode(np.tile(second, 2))))
    places = chirp.find(heard, codec.rate_hz, 0)
    return min((place - codec.rate_hz for place in places if place >= codec.rate_hz), default=0) / codec.rate_hz


def _encoded(codec: Codec, samples: Samples) -> list[bytes]:
    import av

    encoder = _context(codec, "w")
    if codec.name == "opus":
        encoder.bit_rate = _OPUS_BPS
        encoder.options = {"application": "voip", "vbr": "off", "frame_duration": "20"}
    packets = []
    for at in range(0, len(samples), codec.rate_hz // _FRAMES_PER_S):
        part = samples[None, at : at + codec.rate_hz // _FRAMES_PER_S]
        frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
        frame.sample_rate, frame.pts = codec.rate_hz, at
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


def _decoded(codec: Codec, payloads: Iterable[bytes]) -> list[Samples]:
    import av

    decoder = _context(codec, "r")
    parts: list[Samples] = []
    for payload in payloads:
        try:
            frames = [frame.to_ndarray().reshape(-1).astype(np.int16) for frame in decoder.decode(av.Packet(payload))]
        except av.FFmpegError:
            frames = []  # nothing that can be heard: markers in it will be missed
        parts.append(np.concatenate([np.zeros(0, np.int16), *frames]))
    return parts


def _context(codec: Codec, mode: Literal["r", "w"]) -> "av.AudioCodecContext":
    import av

    context = av.CodecContext.create(_FFMPEG[codec.name], mode)
    context.sample_rate, context.layout, context.format = codec.rate_hz, av.AudioLayout("mono"), av.AudioFormat("s16")
    return context
