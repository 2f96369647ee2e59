"""What the phones say: one-second loops of µ-law frames, chosen by index."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.load import marker, ulaw

RATE_HZ: Final = 8_000
FRAME_SAMPLES: Final = 160
LOOP_FRAMES: Final = 50

NOTHING: Final = -1
"""Not a packet is sent: a phone with silence suppression that never speaks."""
SILENCE: Final = 0
SPEECH: Final = 1
TONE: Final = 2

# 400 Hz has whole periods in a frame: every frame of it has the same energy, whatever its phase.
TONE_HZ: Final = 400
TONE_PEAK: Final = 4_000
_SPEECH_PEAK: Final = 2_000


def loops(talkers: int) -> NDArray[np.uint8]:
    """Return uint8 (sound, frame of the loop, 160): *talkers* of a room together stay below `marker.BACKGROUND`."""
    seconds = np.arange(LOOP_FRAMES * FRAME_SAMPLES) / RATE_HZ
    # A voiced sound of 125 Hz and its harmonics, in four syllables a second: enough like speech for any meter.
    voice = sum(np.sin(2 * np.pi * 125 * n * seconds) / n for n in range(1, 9))
    voice = voice / np.max(np.abs(voice)) * np.sin(2 * np.pi * 2 * seconds) ** 2
    peak = min(_SPEECH_PEAK, marker.BACKGROUND // max(1, talkers))
    sounds = np.stack([np.zeros(len(seconds)), peak * voice, TONE_PEAK * np.sin(2 * np.pi * TONE_HZ * seconds)])
    return ulaw.encode(np.round(sounds).astype(np.int64)).reshape(3, LOOP_FRAMES, FRAME_SAMPLES)
