"""G.711: 8 bits a sample, by table (ITU-T G.711, tables 1a to 2b).

Decoding is a table of 256 values; encoding one of 65,536, indexed by the sample's bits taken as unsigned.
Linear samples are the recommendation's values scaled to 16 bits, as everybody does: µ-law × 4, A-law × 16.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mixminus.audio.frames import Samples

Octets = NDArray[np.uint8]

_MU_BIAS: Final = 0x84
_MU_CLIP: Final = 32635
_ALL_OCTETS: Final = np.arange(256)


def _ulaw_decoding() -> Samples:
    code = ~_ALL_OCTETS & 0xFF
    segment, interval = (code >> 4) & 7, code & 15
    magnitude = (((interval << 3) + _MU_BIAS) << segment) - _MU_BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_decoding() -> Samples:
    code = _ALL_OCTETS ^ 0x55  # even bits travel inverted
    segment, interval = (code >> 4) & 7, code & 15
    chord = (interval << 4) + 8
    magnitude = np.where(segment == 0, chord, (chord + 0x100) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _linear() -> NDArray[np.int64]:
    """Every 16-bit sample, in the order of its bits taken as unsigned."""
    return np.arange(65536).astype(np.uint16).view(np.int16).astype(np.int64)


def _ulaw_encoding() -> Octets:
    linear = _linear()
    magnitude = np.minimum(np.abs(linear), _MU_CLIP) + _MU_BIAS
    segment = np.log2(magnitude).astype(np.int64) - 7
    interval = (magnitude >> (segment + 3)) & 15
    sign = np.where(linear < 0, 0x80, 0)
    return np.asarray(~(sign | segment << 4 | interval) & 0xFF, np.uint8)


def _alaw_encoding() -> Octets:
    linear = _linear()
    # Negative samples are told apart from zero by their complement, so that -1 and 0 differ in sign only.
    magnitude = np.where(linear < 0, ~linear, linear)
    segment = np.maximum(np.log2(np.maximum(magnitude, 1)).astype(np.int64) - 7, 0)
    interval = (magnitude >> np.maximum(segment + 3, 4)) & 15
    sign = np.where(linear < 0, 0, 0x80)
    return np.asarray((sign | segment << 4 | interval) ^ 0x55, np.uint8)


ULAW_DECODING: Final = _ulaw_decoding()
ALAW_DECODING: Final = _alaw_decoding()
ULAW_ENCODING: Final = _ulaw_encoding()
ALAW_ENCODING: Final = _alaw_encoding()


def decode_ulaw(coded: bytes) -> Samples:
    """As many samples as octets."""
    return ULAW_DECODING[np.frombuffer(coded, np.uint8)]


def decode_alaw(coded: bytes) -> Samples:
    """As many samples as octets."""
    return ALAW_DECODING[np.frombuffer(coded, np.uint8)]


def encode_ulaw(samples: Samples) -> bytes:
    """As many octets as samples."""
    return ULAW_ENCODING[samples.view(np.uint16)].tobytes()


def encode_alaw(samples: Samples) -> bytes:
    """As many octets as samples."""
    return ALAW_ENCODING[samples.view(np.uint16)].tobytes()
