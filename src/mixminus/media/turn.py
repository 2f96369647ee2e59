"""A lane's turn: who is served in this beat, and space to work in."""

from typing import Final

import numpy as np

from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.coded_state import FULL, SCALES
from mixminus.media.kernels.beat import CHANNELS, LEGS, ROOMS, Due, Space
from mixminus.media.kernels.turns import Turns
from mixminus.media.legs import Legs
from mixminus.media.state import FFT_SIZE, I32, I64

LONGEST_FRAME: Final = SCALES[FULL] * FRAME_SAMPLES
KEY_FREQUENCIES: Final = 8


class Scratch:
    """What kernels write and nobody reads later. Nobody else's: lanes work at the same time."""

    def __init__(self) -> None:
        self.space = Space(np.zeros(2 * FRAME_SAMPLES, np.int16), np.zeros(FRAME_SAMPLES, np.int32))
        self.long_work = np.zeros(LONGEST_FRAME, np.int16)
        self.long_total = np.zeros(LONGEST_FRAME, np.int32)
        self.levels = np.zeros(KEY_FREQUENCIES)
        self.real, self.imaginary = np.zeros(FFT_SIZE), np.zeros(FFT_SIZE)


class Turn:
    """Written by the kernels of `beat`, read by all others."""

    def __init__(self, lane: int, legs: Legs) -> None:
        self.lane = lane
        self.now = 0
        """The beat, counted from the engine's beginning."""
        self.scratch = Scratch()
        self._counts = np.zeros(4, np.int64)
        self.due = _lists(0, 0, 0, 0, self._counts)
        self._legs = legs

    def make_room(self, rooms: int, legs: int, players: int, channels: int) -> None:
        """For lists of that many."""
        self.due = _lists(rooms, legs, players, channels, self._counts)

    @property
    def room_count(self) -> int:
        return int(self.due.counts[ROOMS])

    @property
    def leg_count(self) -> int:
        return int(self.due.counts[LEGS])

    @property
    def channel_count(self) -> int:
        return int(self.due.counts[CHANNELS])

    def among(self, legs: I32) -> I32:
        """Those of these rows that are served now."""
        if not len(legs):
            return legs
        turns = self._turns
        mine: I32 = legs[(turns.served[legs] == self.now) & (turns.lane[legs] == self.lane)]
        return mine

    def serves(self, leg: int) -> bool:
        """Whether the leg in that row is served now."""
        turns = self._turns
        return bool(turns.served[leg] == self.now and turns.lane[leg] == self.lane)

    @property
    def _turns(self) -> Turns:
        return self._legs.turns


def _lists(rooms: int, legs: int, players: int, channels: int, counts: I64) -> Due:
    rows = [np.zeros(length, np.int32) for length in (rooms, legs, players, channels)]
    return Due(rows[0], rows[1], rows[2], rows[3], counts)
