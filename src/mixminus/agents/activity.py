"""When a sound that may be speech begins and ends, told by what a model thinks of each 32 ms. Pure.

Silero rates hold music, coughs and knocks far below speech, so two windows that it believes in are enough to begin.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

WINDOW_S: Final = 0.032
"""What the model hears at once."""
SURE: Final = 0.5
"""From here on a window is speech: with 0.7, 30 ms later in the median of 88 short phrases, and no cough less."""
UNSURE: Final = 0.35
"""Below it a window is none; between the two it is what the one before was (Silero's own hysteresis is 0.15)."""


class Change(Enum):
    BEGAN = auto()
    ENDED = auto()


@dataclass(slots=True)
class Activity:
    """One caller's voice. `spoken_s` is how much speech there was since it last began."""

    begins_after_s: float
    is_on: bool = False
    spoken_s: float = 0.0
    _streak_s: float = 0.0

    def window(self, probability: float, pause_s: float) -> Change | None:
        """Take in one more window; *pause_s* is so much silence as ends the sound."""
        if not self.is_on:
            self._streak_s = self._streak_s + WINDOW_S if probability >= SURE else 0.0
            if self._streak_s < self.begins_after_s - WINDOW_S / 2:
                return None
            self.is_on, self.spoken_s, self._streak_s = True, self._streak_s, 0.0
            return Change.BEGAN
        if probability >= UNSURE:
            self.spoken_s, self._streak_s = self.spoken_s + WINDOW_S, 0.0
            return None
        self._streak_s += WINDOW_S
        if self._streak_s < pause_s - WINDOW_S / 2:
            return None
        self.is_on, self._streak_s = False, 0.0
        return Change.ENDED
