"""Encoders that are shared: one for all legs of a room that hear its bus, are not on it, and speak on the same terms.

Rows and memory of such encoders come and go here, between ticks; which leg is sent whose packets is for
`kernels.sharing` to say, tick by tick.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from mixminus.audio import g722
from mixminus.media.bundles import clear_row, grown, zeroed
from mixminus.media.legs import Legs
from mixminus.media.opus_library import OpusTerms
from mixminus.media.rooms import Rooms
from mixminus.media.shared_state import SharedEncoders
from mixminus.media.slots import Chains
from mixminus.media.state import G722, OPUS, U8

FIRST_ROWS: Final = 16
KEPT_TICKS: Final = 3
"""By then all have had their turn."""

Key = tuple[int, tuple[int, OpusTerms] | None]
"""The room; and rate and terms of Opus, or None: G.722."""


class EncoderSharing:
    """Which leg may share which encoder."""

    def __init__(self, legs: Legs, rooms: Rooms) -> None:
        self._legs = legs
        self._rooms = rooms
        self.encoders = zeroed(SharedEncoders, FIRST_ROWS)
        self._rows = Chains(FIRST_ROWS)
        self._row_of: dict[Key, int] = {}
        self._memory: dict[Key, U8] = {}
        self._users: Counter[Key] = Counter()
        self._key_of: dict[int, Key] = {}
        self._deserted: dict[Key, int] = {}
        """Nobody uses them since that tick, but those who did have yet to take their memory along."""
        self._tick = 0

    def free(self, tick: int) -> None:
        """Before a tick: encoders that nobody uses any more."""
        for key, since in tuple(self._deserted.items()):
            if tick - since >= KEPT_TICKS:
                del self._deserted[key]
                if not self._users[key]:
                    self._free(key)

    def settle(self, changed: Mapping[int, Iterable[int]], tick: int) -> None:
        """Before a beat of that tick: legs by room whose rows have changed."""
        self._tick = tick
        for legs in changed.values():
            for leg in legs:
                self.seat(leg)

    def seat(self, leg: int) -> None:
        """Look again which encoder a leg may share: its row has changed, or its codec."""
        row = self._legs.slots.row(leg)
        key = None if row is None else self._wish(leg, row)
        before = self._key_of.pop(leg, None)
        if key is not None:
            self._users[key] += 1
            self._key_of[leg] = key
        if before is not None:
            self._users[before] -= 1
            if not self._users[before]:
                self._deserted[before] = self._tick
        if row is not None:
            self._legs.coded.coders.shared[row] = 0 if key is None else self._row(key) + 1

    def _wish(self, leg: int, row: int) -> Key | None:
        line, mixing = self._legs.line, self._legs.mixing
        room = self._rooms.room_of(leg)
        if room is None or line.codec[row] not in (G722, OPUS):
            return None
        if mixing.on_bus[row] or not mixing.hears_bus[row] or mixing.edge[row] >= 0:
            return None
        return room, None if line.codec[row] == G722 else self._legs.coded.terms_of(row)

    def _row(self, key: Key) -> int:
        row = self._row_of.get(key)
        if row is None:
            row = self._begin(key)
        room_row = self._rooms.slots.row(key[0])
        assert room_row is not None
        self.encoders.room[row] = room_row  # not what it was, if the room was gone meanwhile
        return row

    def _begin(self, key: Key) -> int:
        if self._rows.is_full:
            self._rows.grow(2 * self._rows.capacity)
            self.encoders = grown(self.encoders, self._rows.capacity)
        row = self._row_of[key] = self._rows.take()
        g722.reset(self.encoders.g722_encoder[row])
        opus = self._legs.coded.opus
        if key[1] is not None and opus is not None:
            memory = self._memory[key] = opus.new_encoder(*key[1])
            self.encoders.opus_encoder[row] = memory.ctypes.data
        return row

    def _free(self, key: Key) -> None:
        del self._users[key]
        row = self._row_of.pop(key)
        self._memory.pop(key, None)
        clear_row(self.encoders, row)
        self._rows.release(row)
