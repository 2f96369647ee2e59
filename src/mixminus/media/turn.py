"""A lane's turn: which legs, rooms, players and channels are served in this beat, and space to work in."""

import numpy as np

from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.coded_state import FULL, SCALES
from mixminus.media.kernels.turns import channels_due, legs_due, players_due, rooms_due
from mixminus.media.legs import Legs
from mixminus.media.players import Players
from mixminus.media.recorders import Recorders
from mixminus.media.rooms import Rooms
from mixminus.media.state import FFT_SIZE, I32

LONGEST_FRAME = SCALES[FULL] * FRAME_SAMPLES
KEY_FREQUENCIES = 8


class Scratch:
    """What kernels write and nobody reads later. Nobody else's: lanes work at the same time."""

    def __init__(self) -> None:
        self.work = np.zeros(2 * FRAME_SAMPLES, np.int16)
        self.total = np.zeros(FRAME_SAMPLES, np.int32)
        self.long_work = np.zeros(LONGEST_FRAME, np.int16)
        self.long_total = np.zeros(LONGEST_FRAME, np.int32)
        self.levels = np.zeros(KEY_FREQUENCIES)
        self.real, self.imaginary = np.zeros(FFT_SIZE), np.zeros(FFT_SIZE)


class Turn:
    """Rows in use that are this lane's, on this beat: the first *_count* of each list."""

    def __init__(self, lane: int, beats: int, legs: Legs, rooms: Rooms, players: Players, recorders: Recorders) -> None:
        self.lane = lane
        self.beats = beats
        self.now = 0
        """The beat, counted from the engine's beginning."""
        self.scratch = Scratch()
        self.legs = self.rooms = self.players = self.channels = np.zeros(0, np.int32)
        self.leg_count = self.room_count = self.player_count = self.channel_count = 0
        self._legs = legs
        self._rooms = rooms
        self._players = players
        self._recorders = recorders

    def begin(self, now: int) -> None:
        """Choose the rooms; nothing else happens yet."""
        self.now = now
        slots = self._rooms.slots
        self.rooms = _enough(self.rooms, slots.capacity)
        self.room_count = rooms_due(
            slots.active, slots.count, self._rooms.turns, now, self.beats, self.lane, self.rooms
        )

    def choose(self) -> None:
        """Choose all the others, by their rooms."""
        legs, rooms, players, recorders = self._legs, self._rooms, self._players, self._recorders
        now, beats, lane = self.now, self.beats, self.lane
        self.legs = _enough(self.legs, legs.slots.capacity)
        self.leg_count = legs_due(
            legs.slots.active,
            legs.slots.count,
            legs.turns,
            rooms.turns,
            legs.mixing,
            legs.coded.planes,
            now,
            beats,
            lane,
            self.legs,
        )
        self.players = _enough(self.players, players.slots.capacity)
        self.player_count = players_due(
            players.slots.active, players.slots.count, players.rows, legs.turns, rooms.turns, now, lane, self.players
        )
        self.channels = _enough(self.channels, recorders.slots.capacity)
        self.channel_count = channels_due(
            recorders.slots.active,
            recorders.slots.count,
            recorders.rows,
            recorders.turns,
            legs.turns,
            rooms.turns,
            now,
            beats,
            lane,
            self.channels,
        )

    def among(self, legs: I32) -> I32:
        """Those of these rows that are served now."""
        if not len(legs):
            return legs
        turns = self._legs.turns
        return legs[(turns.served[legs] == self.now) & (turns.lane[legs] == self.lane)]

    def serves(self, leg: int) -> bool:
        """Whether the leg in that row is served now."""
        turns = self._legs.turns
        return bool(turns.served[leg] == self.now and turns.lane[leg] == self.lane)


def _enough(rows: I32, capacity: int) -> I32:
    return rows if len(rows) >= capacity else np.zeros(capacity, np.int32)
