"""How long an Opus packet is, read from its first two bytes (RFC 6716 section 3)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mixminus.audio.compiled import kernel

LONGEST: Final = 960
"""120 ms (section 3.2.5), in samples at 8 kHz, as all here."""

_SILK: Final = np.array([80, 160, 320, 480], np.int64)
_HYBRID: Final = np.array([80, 160], np.int64)
_CELT: Final = np.array([20, 40, 80, 160], np.int64)
_HYBRID_FROM: Final = 12
_CELT_FROM: Final = 16


@kernel
def frame_duration(toc: int) -> int:
    """Of one frame, by the configuration number (table 2)."""
    configuration = toc >> 3
    if configuration < _HYBRID_FROM:
        return int(_SILK[configuration & 3])
    if configuration < _CELT_FROM:
        return int(_HYBRID[configuration & 1])
    return int(_CELT[configuration & 3])


@kernel
def duration(packet: NDArray[np.uint8]) -> int:
    """Of all its frames; 0 when that cannot be."""
    if len(packet) == 0:
        return 0
    toc = int(packet[0])
    frames = 1
    if toc & 3 == 3:
        if len(packet) < 2:
            return 0
        frames = int(packet[1]) & 63
    elif toc & 3 != 0:
        frames = 2
    samples = frames * frame_duration(toc)
    return samples if samples <= LONGEST else 0
