"""Legs that speak a codec with a memory: their coders, what waits to be decoded, and the planes that they hear on."""

from typing import Final

import numpy as np

from mixminus.audio import g722
from mixminus.audio.frames import RATE_HZ, Samples
from mixminus.audio.resampling import NARROW_TO_FULL, NARROW_TO_WIDE, TAIL_MS, raise_rate
from mixminus.media.bundles import clear_row, copy_rows, zeroed
from mixminus.media.codec_terms import OpusMedia
from mixminus.media.coded_state import (
    FULL,
    NARROW,
    WIDE,
    Coders,
    Packets,
    Planes,
)
from mixminus.media.contract import SetLegMedia
from mixminus.media.opus_library import OpusLibrary, OpusTerms
from mixminus.media.state import AUDIO, EVENTS, G722, NOISE, OPUS, PCMA, PCMU, U8, Line
from mixminus.rtp.packet import COMFORT_NOISE, FIRST_RTCP, LAST_RTCP

CODECS: Final = {"PCMU": PCMU, "PCMA": PCMA, "G722": G722, "opus": OPUS}
"""By `SetLegMedia.codec`."""
CODEC_NAMES: Final = {codec: name for name, codec in CODECS.items()}
OWN_PAYLOAD_TYPES: Final = {PCMU: 0, PCMA: 8, G722: 9}
"""RFC 3551 table 4."""
RTP_CLOCKS_HZ: Final = {PCMU: 8000, PCMA: 8000, G722: 8000, OPUS: 48000}
"""G.722's is 8000, by a mistake that everybody keeps to (RFC 3551 section 4.5.2)."""

TAIL_SAMPLES: Final = TAIL_MS * RATE_HZ // 1000

PLANES: Final = {8_000: NARROW, 16_000: WIDE, 48_000: FULL}
OPUS_BITRATES_BPS: Final = {8_000: 16_000, 16_000: 24_000, 48_000: 32_000}
"""Of mono speech: the middle of RFC 7587's ranges (section 3.1.1)."""
OPUS_BITRATE_LIMITS_BPS: Final = (6_000, 64_000)
"""libopus's least, and as much as G.711: so no packet of ours is longer than one of that."""


def codec_of(name: str, opus: OpusLibrary | None) -> int:
    """What is not known, or cannot be had here, is PCMU: everybody speaks it."""
    codec = CODECS.get(name, PCMU)
    return PCMU if codec == OPUS and opus is None else codec


def payload_type_of(codec: int, wanted: int | None) -> int | None:
    """The one that was agreed on, if it can be one at all; else the codec's own."""
    if wanted is not None and 0 <= wanted < 128 and not FIRST_RTCP <= wanted <= LAST_RTCP:
        return wanted
    return OWN_PAYLOAD_TYPES.get(codec)


class CodedLegs:
    """The rows of `Packets`, `Coders` and `Planes`; zero, and without memory, for legs of G.711."""

    def __init__(self, capacity: int, opus: OpusLibrary | None) -> None:
        self.packets = zeroed(Packets, capacity)
        self.coders = zeroed(Coders, capacity)
        self.planes = zeroed(Planes, capacity)
        self.opus = opus
        self.rows: set[int] = set()
        """Legs that speak such a codec, or may."""
        self._encoders: dict[int, tuple[int, OpusTerms, U8]] = {}
        self._decoders: dict[int, tuple[int, U8]] = {}
        self._sounded: dict[int, Samples] = {}
        """Tails of frames that were sounded last."""

    def grow(self, capacity: int) -> None:
        """More rows. Only used ones are copied: the others would come to take memory."""
        old = self.packets, self.coders, self.planes
        self.packets = zeroed(Packets, capacity)
        self.coders = zeroed(Coders, capacity)
        self.planes = zeroed(Planes, capacity)
        for before, after in zip(old, (self.packets, self.coders, self.planes), strict=True):
            copy_rows(before, after, self.rows)

    def agree(self, line: Line, row: int, media: SetLegMedia) -> None:
        """Obey what SDP says of codecs."""
        codec = codec_of(media.codec, self.opus)
        payload_type = payload_type_of(codec, media.payload_type)
        if payload_type is None:
            codec, payload_type = PCMU, OWN_PAYLOAD_TYPES[PCMU]
        line.codec[row], line.payload_type[row] = codec, payload_type
        line.timestamp_step[row] = RTP_CLOCKS_HZ[codec] // 50
        understood = {OWN_PAYLOAD_TYPES[PCMU]: PCMU, OWN_PAYLOAD_TYPES[PCMA]: PCMA, payload_type: codec}
        for number, name in media.understood:
            if name in CODECS and payload_type_of(OPUS, number) is not None:
                understood.setdefault(number, codec_of(name, self.opus))
        meaning = line.meaning[row]
        meaning[:] = 0
        meaning[COMFORT_NOISE] = NOISE
        if line.event_payload_type[row] >= 0:
            meaning[line.event_payload_type[row]] = EVENTS
        for number, spoken in understood.items():
            meaning[number] = AUDIO + spoken
        self._prepare(row, codec, {codec, *understood.values()}, media.opus)

    def forget(self, row: int) -> None:
        """The leg is closed."""
        if row in self.rows:
            for bundle in (self.packets, self.coders, self.planes):
                clear_row(bundle, row)
            self._encoders.pop(row, None)
            self._decoders.pop(row, None)
            self._sounded.pop(row, None)
            self.rows.discard(row)

    def terms_of(self, row: int) -> tuple[int, OpusTerms] | None:
        """Rate and terms of the leg's encoder of Opus."""
        encoder = self._encoders.get(row)
        return encoder and encoder[:2]

    def sound(self, row: int, frame: Samples) -> None:
        """Let the far end hear this narrow frame on its own plane, whatever else is there in this tick."""
        source = np.concatenate([self._sounded.get(row, np.zeros(TAIL_SAMPLES, np.int16)), frame])
        if self.planes.ears[row] & 1 << WIDE:
            raise_rate(source, NARROW_TO_WIDE, self.planes.heard_wide[row])
        elif self.planes.ears[row] & 1 << FULL:
            raise_rate(source, NARROW_TO_FULL, self.planes.heard_full[row])
        self._sounded[row] = source[-TAIL_SAMPLES:]

    def hear_above(self, row: int, plane: int) -> None:
        """Let a leg without a socket, and so without a codec, hear on this plane."""
        if plane != NARROW:
            self.rows.add(row)
        self.planes.ears[row] = 1 << plane if plane != NARROW else 0

    def _prepare(self, row: int, codec: int, understood: set[int], wanted: OpusMedia) -> None:
        """Coders for what may come and what goes, and the plane to hear on."""
        self.planes.ears[row] = 0
        if not understood & {G722, OPUS} and row not in self.rows:
            return
        if row not in self.rows:
            self.rows.add(row)
            g722.reset(self.coders.g722_encoder[row])
            g722.reset(self.coders.g722_decoder[row])
        rate_hz = wanted.rate_hz if wanted.rate_hz in PLANES else max(PLANES)
        if OPUS in understood and self.opus is not None:
            self.coders.opus_plane[row] = PLANES[rate_hz]
            self._set_decoder(self.opus, row, rate_hz)
            if codec == OPUS:
                self._set_encoder(self.opus, row, rate_hz, wanted)
        plane = {G722: WIDE, OPUS: int(self.coders.opus_plane[row])}.get(codec, NARROW)
        self.planes.ears[row] = 1 << plane if plane != NARROW else 0

    def _set_decoder(self, opus: OpusLibrary, row: int, rate_hz: int) -> None:
        if row not in self._decoders or self._decoders[row][0] != rate_hz:
            memory = opus.new_decoder(rate_hz)
            self._decoders[row] = rate_hz, memory
            self.coders.opus_decoder[row] = memory.ctypes.data
            self.coders.epoch[row] -= 1  # what is queued has the old rate

    def _set_encoder(self, opus: OpusLibrary, row: int, rate_hz: int, wanted: OpusMedia) -> None:
        terms = opus_terms(rate_hz, wanted)
        if row not in self._encoders or self._encoders[row][:2] != (rate_hz, terms):
            memory = opus.new_encoder(rate_hz, terms)
            self._encoders[row] = rate_hz, terms, memory
            self.coders.opus_encoder[row] = memory.ctypes.data
            self.coders.follows[row] = 0  # there is nothing to take along
            self.coders.silent_frames[row] = 0  # and its silence is not the old one's packet


def opus_terms(rate_hz: int, wanted: OpusMedia) -> OpusTerms:
    """Within what libopus takes."""
    low, high = OPUS_BITRATE_LIMITS_BPS
    bitrate_bps = min(high, max(low, wanted.bitrate_bps)) if wanted.bitrate_bps else OPUS_BITRATES_BPS[rate_hz]
    return OpusTerms(bitrate_bps, min(10, max(0, wanted.complexity)), wanted.fec)
