"""G.711 µ-law by its formula, shared with no server, so that it can convict one."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

# ITU-T G.711, scaled to 16 bits: the bias makes every segment start at a power of two.
_BIAS: Final = 132
_CLIP: Final = 32635

SILENCE: Final = 0xFF
"""The code of zero: what phones send while nobody speaks."""


def encode(samples: NDArray[np.signedinteger]) -> NDArray[np.uint8]:
    """Turn linear 16-bit samples into µ-law codes of the same shape."""
    sign = np.where(samples < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(samples.astype(np.int64)), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int64) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    codes: NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return codes


def decode(codes: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Turn µ-law codes into linear 16-bit samples of the same shape."""
    bits = ~codes.astype(np.int64) & 0xFF
    magnitude = ((((bits & 0x0F) << 3) + _BIAS) << ((bits >> 4) & 0x07)) - _BIAS
    return np.where(bits & 0x80, -magnitude, magnitude).astype(np.int16)


LINEAR: Final = decode(np.arange(256, dtype=np.uint8)).astype(np.int64)
"""Code to linear sample, for kernels."""
