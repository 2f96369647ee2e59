"""Is this frame like a voice? By its level above the noise of the line, and by how well it predicts itself.

The engine's detector (`media/kernels/speech.py`) asks the same of whole talkspurts, 200 ms late; here it is asked
frame by frame, because somebody who interrupts is not to wait for that. A tone predicts itself, noise does not.
"""

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Samples = NDArray[np.int16]

ABOVE_NOISE_DB: Final = 9.0
LEAST_LEVEL_DB: Final = 35.0
"""Of 16-bit samples squared: -55 dBFS."""
MOST_TONAL: Final = 0.003
PURE_TONE: Final = 0.0006
VOWEL_FRAMES: Final = 15
"""Sung and synthesised vowels are nearly tones, for as long as this within speech."""
MOST_NOISY: Final = 0.6
"""What linear prediction from four samples leaves of a frame's energy: less is a tone, more is noise."""
FLOOR_FRAMES: Final = 75
"""1.5 s: the noise of a line is its softest frame in this stretch and the one before."""
_ORDER: Final = 4
_RIDGE: Final = 1e-5
"""One tone is predicted by two samples; without this the other two would be anything."""


class VoiceActivity:
    """One line."""

    def __init__(self) -> None:
        self._frames = 0
        self._since_voice = VOWEL_FRAMES
        self._floor = self._floor_before = np.inf

    def is_voice(self, frame: Samples) -> bool:
        """Judge the next 20 ms."""
        sound = frame.astype(np.float64)
        energy = float(sound @ sound)
        level_db = 10.0 * float(np.log10(energy / max(1, len(sound)) + 1.0))
        floor_db = self._learn(level_db)
        if level_db < LEAST_LEVEL_DB or level_db < floor_db + ABOVE_NOISE_DB:
            self._since_voice += 1
            return False
        left = unpredicted(sound)
        self._since_voice = 0 if MOST_TONAL < left < MOST_NOISY else self._since_voice + 1
        return self._since_voice == 0 or (self._since_voice <= VOWEL_FRAMES and PURE_TONE < left < MOST_NOISY)

    def _learn(self, level_db: float) -> float:
        """The noise of the line so far; at first nothing is noise."""
        if self._frames % FLOOR_FRAMES == 0:
            self._floor_before, self._floor = self._floor, level_db
        self._floor = min(self._floor, level_db)
        self._frames += 1
        if self._frames <= FLOOR_FRAMES:
            return self._floor if self._floor < LEAST_LEVEL_DB else 0.0
        return min(self._floor, self._floor_before)


def unpredicted(sound: NDArray[np.float64]) -> float:
    """The share of the energy that prediction from four samples leaves, by least squares (the covariance method).

    It leaves nothing of two tones, wherever in them the frame begins; the autocorrelation of so few samples would.
    """
    if len(sound) <= 2 * _ORDER:
        return 0.0
    lagged = sliding_window_view(sound, len(sound) - _ORDER)[::-1]
    products = lagged @ lagged.T
    if products[0, 0] <= 0.0:
        return 0.0
    past = products[1:, 1:] + np.eye(_ORDER) * (_RIDGE * products[0, 0])
    taps = np.linalg.solve(past, products[1:, 0])
    return max(0.0, 1.0 - float(taps @ products[1:, 0]) / float(products[0, 0]))
