"""Which beats rooms are on, and legs that are in none: those on which packets wait least."""

import numpy as np

from mixminus.media.kernels.turns import (
    choose_beats,
    choose_own_beats,
    count_crowd,
    pass_on,
    trust_again,
    weigh_beats,
)
from mixminus.media.legs import Legs
from mixminus.media.rooms import Rooms


class Beats:
    """Looks once a second at when packets arrive. A room stays on its lane for good."""

    def __init__(self, legs: Legs, rooms: Rooms) -> None:
        self._legs = legs
        self._rooms = rooms
        self._cost = np.zeros((0, legs.seats.beats + 1))

    def warm_up(self) -> None:
        """Compile, or load, the kernels before they are needed in the middle of a tick."""
        legs = self._legs
        pass_on(legs.pipes, legs.line, legs.turns, legs.mixing, 0)
        self.follow(0)

    def follow(self, now: int) -> None:
        """Move rooms, and legs without one, to where they are better off."""
        legs, rooms, seats = self._legs, self._rooms, self._legs.seats
        count_crowd(legs.slots.active, legs.slots.count, legs.turns, rooms.turns, legs.mixing, seats.crowd)
        if seats.beats == 1:
            return
        if len(self._cost) < rooms.slots.capacity:
            self._cost = np.zeros((rooms.slots.capacity, seats.beats + 1))
        reception = legs.reception
        choose_own_beats(
            legs.slots.active,
            legs.slots.count,
            legs.turns,
            reception.phase,
            reception.jitter,
            reception.calm_windows,
            legs.mixing,
            seats.crowd,
            now,
            seats.beats,
        )
        self._cost[:] = 0
        weigh_beats(
            legs.slots.active,
            legs.slots.count,
            reception.phase,
            reception.jitter,
            legs.mixing,
            seats.beats,
            self._cost,
        )
        choose_beats(rooms.slots.active, rooms.slots.count, rooms.turns, self._cost, seats.crowd, now, seats.beats)
        mixing, calm = legs.mixing, reception.calm_windows
        trust_again(legs.slots.active, legs.slots.count, rooms.turns, mixing, calm, now)
