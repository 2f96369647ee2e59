"""Speech at 24 kHz, as voices on the network make it, to 8 kHz, piece by piece."""

from typing import Final

import numpy as np

FACTOR: Final = 3
_TAPS: Final = 96
"""4 ms: passes 3.4 kHz, 60 dB down from 4.6 kHz on."""


def _filter() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    place = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps = np.sinc(place / FACTOR) * np.kaiser(_TAPS, 6.0)
    return np.asarray(taps / taps.sum(), np.float64)


_LOW_PASS: Final = _filter()


class Lowering:
    """One stream. Pieces may end within a sample."""

    def __init__(self) -> None:
        self._rest = b""
        self._tail = np.zeros(_TAPS - 1)
        self._skip = 0
        """Samples until the next one that is kept."""

    def lower(self, piece: bytes) -> bytes:
        """16-bit PCM at 24 kHz to 16-bit PCM at 8 kHz."""
        data = self._rest + piece
        whole = len(data) & ~1
        self._rest = data[whole:]
        samples = np.frombuffer(data[:whole], "<i2")
        if not len(samples):
            return b""
        line = np.concatenate((self._tail, samples))
        self._tail = line[-(_TAPS - 1) :]
        kept = np.convolve(line, _LOW_PASS, "valid")[self._skip :: FACTOR]
        self._skip = (self._skip - len(samples)) % FACTOR
        return np.clip(np.round(kept), -32_768, 32_767).astype("<i2").tobytes()
