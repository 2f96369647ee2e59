"""Voices that are made easier to hear. Who did not ask for it costs nothing."""

import numpy as np

from mixminus.media.bundles import clear_row, grown, zeroed
from mixminus.media.contract import PolishVoice
from mixminus.media.hearing import Watched
from mixminus.media.kernels.polish import half_sine, polish_voices
from mixminus.media.legs import Legs
from mixminus.media.state import I32, Polish
from mixminus.media.turn import Turn

FIRST_ROWS = 64


class Polishing:
    """Which legs are polished, and how. Rows are those of the legs."""

    def __init__(self, legs: Legs) -> None:
        self._legs = legs
        self._voices = Watched(legs)
        self._polish = zeroed(Polish, FIRST_ROWS)
        self._window = half_sine()

    @property
    def is_idle(self) -> bool:
        """Whether nobody asked for it."""
        return not len(self._voices.rows)

    def set(self, wish: PolishVoice) -> None:
        """Begin, change or end it; a leg that is unknown is ignored."""
        row = self._legs.slots.row(wish.leg)
        if row is None:
            return
        if row >= len(self._polish.levels):
            self._polish = grown(self._polish, self._legs.slots.capacity)
        if not (wish.gain_control or wish.noise_suppression):
            self._voices.remove(wish.leg)
            return
        if wish.leg not in self._voices:
            clear_row(self._polish, row)
            self._voices.add(wish.leg)
        self._polish.levels[row] = wish.gain_control
        self._polish.suppresses[row] = wish.noise_suppression

    def forget(self, leg: int) -> None:
        """The leg is about to be closed."""
        self._voices.remove(leg)

    def warm_up(self, turn: Turn) -> None:
        """Compile, or load, the kernel before the first leg needs it in the middle of a beat."""
        self._polish_rows(np.zeros(0, np.int32), turn)

    def polish(self, turn: Turn) -> None:
        """Those whose turn it is, after the playout and before the mix."""
        rows = turn.among(self._voices.rows)
        if len(rows):
            self._polish_rows(rows, turn)

    def _polish_rows(self, rows: I32, turn: Turn) -> None:
        spectrum = turn.scratch.real, turn.scratch.imaginary
        polish_voices(rows, len(rows), self._polish, self._legs.mixing, self._window, *spectrum)
