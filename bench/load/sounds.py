"""What the phones say: one-second loops, chosen by index."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.load import chirp, marker, ulaw

RATE_HZ: Final = 8_000
FRAME_SAMPLES: Final = 160
LOOP_FRAMES: Final = 50

NOTHING: Final = -1
"""Not a packet is sent: a phone with silence suppression that never speaks."""
SILENCE: Final = 0
SPEECH: Final = 1
TONE: Final = 2
MARKED: Final = tuple(range(3, 3 + chirp.KINDS))
"""Speech that begins with a marker for any codec, of each kind."""
COUNT: Final = MARKED[-1] + 1

# 400 Hz has whole periods in a frame: every frame of it has the same energy, whatever its phase.
TONE_HZ: Final = 400
TONE_PEAK: Final = 4_000
_SPEECH_PEAK: Final = 2_000
_VOICE_HZ: Final = 125
_NARROW_HZ: Final = 1_000
_WIDE_HZ: Final = 7_000


def linear(talkers: int, rate_hz: int) -> NDArray[np.int16]:
    """Return int16 (sound, second of samples): *talkers* of a room together stay below `marker.BACKGROUND`."""
    seconds = np.arange(rate_hz) / rate_hz
    # A voiced sound and its harmonics, in four syllables a second: enough like speech for any meter.
    highest_hz = _NARROW_HZ if rate_hz == RATE_HZ else _WIDE_HZ
    harmonics = range(1, highest_hz // _VOICE_HZ + 1)
    voice = np.sum([np.sin(2 * np.pi * _VOICE_HZ * n * seconds) / n for n in harmonics], axis=0)
    voice = voice / np.max(np.abs(voice)) * np.sin(2 * np.pi * 2 * seconds) ** 2
    speech = min(_SPEECH_PEAK, marker.BACKGROUND // max(1, talkers)) * voice
    tone = TONE_PEAK * np.sin(2 * np.pi * TONE_HZ * seconds)
    marked = [speech.copy() for _ in range(chirp.KINDS)]
    for kind, second in enumerate(marked):
        glide = chirp.LEVEL * chirp.glide(rate_hz, kind)
        second[: len(glide)] += glide
    return np.round([np.zeros(rate_hz), speech, tone, *marked]).astype(np.int16)


def loops(talkers: int) -> NDArray[np.uint8]:
    """Return them in µ-law: uint8 (sound, frame of the loop, 160)."""
    return ulaw.encode(linear(talkers, RATE_HZ)).reshape(COUNT, LOOP_FRAMES, FRAME_SAMPLES)
