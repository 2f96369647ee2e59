"""G.711 as the phones speak it, worked out from ITU-T G.711 alone.

Nothing is shared with the engine: a mistake in its tables must not be repeated here.
Samples are int16, coded audio is bytes, one per sample.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

_MU_BIAS: Final = 132  # 33 in the 14-bit units of G.711 table 2a, times four
_MU_CLIP: Final = 32_635


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """One companding law: its SDP name, static RTP payload type (RFC 3551, table 4), and its two tables."""

    name: str
    payload_type: int
    code_of: NDArray[np.uint8]
    """Indexed by a sample seen as uint16."""
    sample_of: Samples
    """Indexed by a code."""

    def encode(self, samples: Samples) -> bytes:
        """One byte per sample."""
        return self.code_of[samples.view(np.uint16)].tobytes()

    def decode(self, coded: bytes) -> Samples:
        """One int16 per byte; every byte is a legal code."""
        return self.sample_of[np.frombuffer(coded, np.uint8)]


def _mu_code(sample: int) -> int:
    magnitude = min(abs(sample), _MU_CLIP) + _MU_BIAS
    segment = magnitude.bit_length() - 8
    step = (magnitude >> (segment + 3)) & 0x0F
    sign = 0x80 if sample < 0 else 0
    return (sign | segment << 4 | step) ^ 0xFF


def _mu_sample(code: int) -> int:
    code ^= 0xFF
    segment, step = code >> 4 & 0x07, code & 0x0F
    magnitude = ((2 * step + 33) << (segment + 2)) - _MU_BIAS
    return -magnitude if code & 0x80 else magnitude


def _a_code(sample: int) -> int:
    magnitude = (sample if sample >= 0 else ~sample) >> 4
    segment = max(0, magnitude.bit_length() - 4)
    step = magnitude & 0x0F if segment < 2 else (magnitude >> (segment - 1)) & 0x0F
    sign = 0x80 if sample >= 0 else 0
    return (sign | segment << 4 | step) ^ 0x55


def _a_sample(code: int) -> int:
    code ^= 0x55
    segment, step = code >> 4 & 0x07, code & 0x0F
    magnitude = 2 * step + 1 if segment == 0 else (2 * step + 33) << (segment - 1)
    magnitude <<= 3
    return magnitude if code & 0x80 else -magnitude


def _law(name: str, payload_type: int, code: Callable[[int], int], sample: Callable[[int], int]) -> Law:
    signed = (value - 65_536 if value > 32_767 else value for value in range(65_536))
    return Law(
        name,
        payload_type,
        np.fromiter((code(value) for value in signed), np.uint8, 65_536),
        np.fromiter((sample(value) for value in range(256)), np.int16, 256),
    )


PCMU: Final = _law("PCMU", 0, _mu_code, _mu_sample)
PCMA: Final = _law("PCMA", 8, _a_code, _a_sample)
LAWS: Final = {law.name: law for law in (PCMU, PCMA)}
