"""The one shape of sound inside the engine: 8 kHz, mono, signed 16 bits, frames of 20 ms."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

RATE_HZ: Final = 8000
FRAME_MS: Final = 20
FRAME_SAMPLES: Final = RATE_HZ * FRAME_MS // 1000
FRAMES_PER_SECOND: Final = 1000 // FRAME_MS

FULL_SCALE: Final = 32767


def samples_of(duration_ms: int) -> int:
    """How many samples last that long."""
    return duration_ms * RATE_HZ // 1000


def duration_ms_of(samples: int) -> int:
    """How long that many samples last, rounded down."""
    return samples * 1000 // RATE_HZ
