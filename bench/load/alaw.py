"""G.711 A-law by its formula, and the tables between the laws: the phones think in µ-law, whatever they speak."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.load import ulaw

# ITU-T G.711, table 1: 12 bits of magnitude, every even bit of the code inverted.
_EVEN_BITS: Final = 0x55
_POSITIVE: Final = 0x80
_SHIFT: Final = 3  # from 16-bit samples to the law's 13


def encode(samples: NDArray[np.signedinteger]) -> NDArray[np.uint8]:
    """Turn linear 16-bit samples into A-law codes of the same shape."""
    wide = samples.astype(np.int64)
    magnitude = np.where(wide < 0, -wide - 1, wide) >> _SHIFT
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int64) - 4, 0)
    mantissa = (magnitude >> np.maximum(exponent, 1)) & 0x0F
    sign = np.where(wide < 0, 0, _POSITIVE)
    codes: NDArray[np.uint8] = ((sign | exponent << 4 | mantissa) ^ _EVEN_BITS).astype(np.uint8)
    return codes


def decode(codes: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Turn A-law codes into linear 16-bit samples of the same shape."""
    bits = codes.astype(np.int64) ^ _EVEN_BITS
    exponent, mantissa = bits >> 4 & 0x07, bits & 0x0F
    # The middle of the code's interval; the lowest segment has no leading one.
    magnitude = np.where(exponent == 0, 2 * mantissa + 1, (2 * mantissa + 33) << np.maximum(exponent - 1, 0))
    return (np.where(bits & _POSITIVE, magnitude, -magnitude) << _SHIFT).astype(np.int16)


OF_ULAW: Final = encode(ulaw.decode(np.arange(256, dtype=np.uint8)))
"""µ-law code to A-law code."""
TO_ULAW: Final = ulaw.encode(decode(np.arange(256, dtype=np.uint8)))
"""A-law code to µ-law code."""
