"""Beats and lanes for whoever is new: where there is least to do."""

from typing import Final

import numpy as np

LONE_LEGS: Final = 256
"""So many are served by one lane, even if there are others: to wake a thread costs as much as some tens of legs."""


class Seats:
    """Counts legs by lane and beat; between two counts it guesses."""

    def __init__(self, beats: int, lanes: int) -> None:
        self.beats = beats
        self.lanes = lanes
        self.crowd = np.zeros((lanes, beats), np.int64)

    def is_empty(self, lane: int) -> bool:
        """Whether the lane serves no leg."""
        return not self.crowd[lane].any()

    def take(self) -> tuple[int, int]:
        """The lane and the beat for another leg."""
        by_lane = self.crowd.sum(axis=1)
        lane = 0 if by_lane[0] < LONE_LEGS else int(by_lane.argmin())
        beat = int(self.crowd[lane].argmin())
        self.crowd[lane, beat] += 1
        return lane, beat
