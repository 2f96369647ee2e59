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

DIP_S: Final = 0.05
"""So short a doubt is inside the first word: the "x" of "excuse me"."""


class Change(Enum):
    BEGAN = auto()
    ENDED = auto()


@dataclass(slots=True)
class Activity:
    """One caller's voice. `spoken_s` is how much speech there was since it last began."""

    begins_after_s: float
    is_on: bool = False
    spoken_s: float = 0.0
    _since_s: float = 0.0
    """Silence since the last speech."""

    def window(self, probability: float, pause_s: float) -> Change | None:
        """Take in one more window; *pause_s* is so much silence as ends the sound."""
        speech = probability >= (UNSURE if self.is_on else SURE)
        self._since_s = 0.0 if speech else self._since_s + WINDOW_S
        self.spoken_s += WINDOW_S if speech else 0.0
        if self.is_on:
            if self._since_s < pause_s - WINDOW_S / 2:
                return None
            self.is_on = False
            return Change.ENDED
        if self._since_s > DIP_S:
            self.spoken_s = 0.0
        if self.spoken_s < self.begins_after_s - WINDOW_S / 2:
            return None
        self.is_on = True
        return Change.BEGAN
