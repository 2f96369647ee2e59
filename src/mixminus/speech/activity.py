"""Is this frame like a voice? By its level above the noise of the line, and by how well it predicts itself.

The engine's detector (`media/kernels/speech.py`) asks the same of whole talkspurts, 200 ms late; here it is asked
frame by frame, because somebody who interrupts is not to wait for that. A tone predicts itself, noise does not.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

ABOVE_NOISE_DB: Final = 9.0
LEAST_LEVEL_DB: Final = 35.0
"""Of 16-bit samples squared: -55 dBFS."""
MOST_TONAL: Final = 0.003
MOST_NOISY: Final = 0.6
"""What linear prediction from four samples leaves of a frame's energy: less is a tone, more is noise."""
FLOOR_FRAMES: Final = 75
"""1.5 s: the noise of a line is its softest frame in this stretch and the one before."""
_ORDER: Final = 4


class VoiceActivity:
    """One line."""

    def __init__(self) -> None:
        self._frames = 0
        self._floor = self._floor_before = np.inf

    def is_voice(self, frame: Samples) -> bool:
        """Judge the next 20 ms."""
        sound = frame.astype(np.float64)
        energy = float(sound @ sound)
        level_db = 10.0 * float(np.log10(energy / max(1, len(sound)) + 1.0))
        floor_db = self._learn(level_db)
        if level_db < LEAST_LEVEL_DB or level_db < floor_db + ABOVE_NOISE_DB:
            return False
        return MOST_TONAL < unpredicted(sound, energy) < MOST_NOISY

    def _learn(self, level_db: float) -> float:
        """The noise of the line so far; at first nothing is noise."""
        if self._frames % FLOOR_FRAMES == 0:
            self._floor_before, self._floor = self._floor, level_db
        self._floor = min(self._floor, level_db)
        self._frames += 1
        if self._frames <= FLOOR_FRAMES:
            return self._floor if self._floor < LEAST_LEVEL_DB else 0.0
        return min(self._floor, self._floor_before)


def unpredicted(sound: NDArray[np.float64], energy: float) -> float:
    """The share of the energy that prediction from four samples leaves (Levinson and Durbin's recursion)."""
    if energy <= 0.0 or len(sound) <= _ORDER:
        return 0.0
    r = [1.0, *(float(sound[lag:] @ sound[:-lag]) / energy for lag in range(1, _ORDER + 1))]
    taps: list[float] = []
    left = 1.0
    for order in range(1, _ORDER + 1):
        if left <= 1e-6:
            return 0.0
        k = (r[order] - sum(tap * r[order - 1 - at] for at, tap in enumerate(taps))) / left
        taps = [tap - k * taps[-1 - at] for at, tap in enumerate(taps)] + [k]
        left *= 1.0 - k * k
    return max(0.0, left)
