"""What a phone says, pulled 20 ms at a time: `next_frame` returns 160 samples of int16."""

from typing import Final, Protocol

import numpy as np

from mixminus.testing.detection import CELL, RATE_HZ
from mixminus.testing.g711 import Samples
from mixminus.testing.palette import HUM_AMPLITUDE

QUIET: Final[Samples] = np.zeros(CELL, np.int16)


class Voice(Protocol):
    """A source of audio that never ends; silence is audio too."""

    def next_frame(self) -> Samples: ...


class Silence:
    """Says nothing, in every packet."""

    def next_frame(self) -> Samples:
        return QUIET


class Hum:
    """One steady note. A second of it is worked out at a time, since a frame of it is then only a slice."""

    def __init__(self, frequency_hz: float, level_db: float = 0.0) -> None:
        if not 0 < frequency_hz < RATE_HZ / 2:
            raise ValueError(f"a telephone line carries 0 to {RATE_HZ // 2} Hz, not {frequency_hz}")
        self.frequency_hz = frequency_hz
        self._amplitude = HUM_AMPLITUDE * 10 ** (level_db / 20)
        self._position = 0
        self._second = self._sine(0)

    def next_frame(self) -> Samples:
        offset = self._position % RATE_HZ
        if offset == 0 and self._position:
            self._second = self._sine(self._position)
        self._position += CELL
        return self._second[offset : offset + CELL]

    def _sine(self, start: int) -> Samples:
        n = np.arange(start, start + RATE_HZ)
        wave = self._amplitude * np.sin(2 * np.pi * self.frequency_hz * n / RATE_HZ)
        return wave.round().astype(np.int16)


class Clip:
    """Plays samples once, then silence. `remaining` counts the samples still to come."""

    def __init__(self, samples: Samples) -> None:
        self._samples = np.asarray(samples, np.int16)
        self._position = 0

    @property
    def remaining(self) -> int:
        return max(0, len(self._samples) - self._position)

    def next_frame(self) -> Samples:
        frame = self._samples[self._position : self._position + CELL]
        self._position += CELL
        if len(frame) == CELL:
            return frame
        return np.concatenate([frame, QUIET[len(frame) :]])
