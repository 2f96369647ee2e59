"""Beats and lanes for whoever is new: where there is least to do."""

import numpy as np


class Seats:
    """Counts legs by lane and beat; between two counts it guesses."""

    def __init__(self, beats: int, lanes: int, lone_legs: int) -> None:
        """*lone_legs*: so many are served by the first lane, even if there are others."""
        self.beats = beats
        self.lanes = lanes
        self._lone_legs = lone_legs
        self.crowd = np.zeros((lanes, beats), np.int64)

    def is_empty(self, lane: int) -> bool:
        """Whether the lane serves no leg."""
        return not self.crowd[lane].any()

    def free_lane(self) -> int:
        """The one with the fewest legs."""
        by_lane = self.crowd.sum(axis=1)
        return 0 if by_lane[0] < self._lone_legs else int(by_lane.argmin())

    def move(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        """A leg goes from one lane and beat to another."""
        self.crowd[before] -= 1
        self.crowd[after] += 1

    def take(self) -> tuple[int, int]:
        """The lane and the beat for another leg."""
        lane = self.free_lane()
        beat = int(self.crowd[lane].argmin())
        self.crowd[lane, beat] += 1
        return lane, beat
