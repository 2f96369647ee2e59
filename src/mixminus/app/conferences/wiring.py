"""What the engine was told of a room: only what has changed since is told again."""

from collections.abc import Mapping
from dataclasses import dataclass

from mixminus.base.types import Sid
from mixminus.calls.outputs import Seat
from mixminus.media.contract import LegRow

Legs = Mapping[Sid, int]
"""The media leg of each call that has one."""


@dataclass(frozen=True, slots=True)
class Change:
    """From one plan to the next."""

    rows: Mapping[Sid, LegRow]
    """New rows, and rows that say something else than before."""
    gone: tuple[int, ...]
    """Legs that leave the room."""


class Wiring:
    """The rows in force of one room, so that a join into a room of 1,000 sends one row, not 1,000."""

    def __init__(self) -> None:
        self.seats: Mapping[Sid, Seat] = {}
        """By call: the plan that was last asked for."""
        self._rows: dict[Sid, LegRow] = {}

    def change(self, seats: tuple[Seat, ...], legs: Legs) -> Change:
        """Put *seats* in force; returns what is to be told."""
        before, now = self.seats, {seat.call_sid: seat for seat in seats}
        # A row with whispers also depends on the coaches' legs. There are few of these.
        doubtful = [s for sid, s in now.items() if before.get(sid) is not s or s.plus or sid not in self._rows]
        rows = {seat.call_sid: _row(seat, legs) for seat in doubtful if seat.call_sid in legs}
        # A seat that is new counts though its row may be the same: from waiting to being held, no voice changes.
        changed = {
            sid: row for sid, row in rows.items() if before.get(sid) is not now[sid] or self._rows.get(sid) != row
        }
        left = [sid for sid in self._rows if sid not in now or sid not in legs]
        moved = [sid for sid, row in changed.items() if sid in self._rows and self._rows[sid].leg != row.leg]
        gone = tuple(self._rows[sid].leg for sid in (*left, *moved))
        for sid in left:
            del self._rows[sid]
        self._rows |= changed
        self.seats = now
        return Change(changed, gone)


def _row(seat: Seat, legs: Legs) -> LegRow:
    plus = tuple(legs[sid] for sid in sorted(seat.plus) if sid in legs)
    return LegRow(legs[seat.call_sid], seat.recorded, seat.hears_bus, plus)
