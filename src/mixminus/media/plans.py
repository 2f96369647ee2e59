"""Who hears whom in a room, as rows: what the control plane asks for, and what the engine says is in force.

A part of the contract (see `media/contract.py`), from where everybody imports it.
"""

import msgspec


class LegRow(msgspec.Struct, frozen=True, array_like=True):
    """One listener's row of the audibility matrix, written against the room's bus.

    The bus is the sum of every leg with `on_bus`. The leg hears the bus minus itself if `hears_bus`, plus
    each leg of `plus`, less each leg of `minus`.
    """

    leg: int
    on_bus: bool
    hears_bus: bool
    plus: tuple[int, ...] = ()
    minus: tuple[int, ...] = ()


class SetRoom(msgspec.Struct, frozen=True, tag=True):
    """The whole routing plan of a room; replaces the last one at a tick boundary. No rows: the room is gone.

    A leg is in at most one room: a row for a leg takes it out of the room that it was in.
    """

    room: int
    rows: tuple[LegRow, ...]
    plan: int = 0
    """A number of the sender's own, that `Applied` gives back."""


class ChangeRoom(msgspec.Struct, frozen=True, tag=True):
    """The rows of a room's plan that are new or others than before, and the legs that leave it, at a tick boundary.

    All other rows stay in force: somebody who comes into a room of 1,000 is one row. A leg that is in no room of that
    number, or in another room by now, does not leave.
    """

    room: int
    rows: tuple[LegRow, ...]
    gone: tuple[int, ...] = ()
    plan: int = 0
    """A number of the sender's own, that `Applied` gives back."""


class WatchRoom(msgspec.Struct, frozen=True, tag=True):
    """From now on `Applied` tells what is in force in the room, at each tick at which that has changed.

    *on* false: it tells so once more, and then no more.
    """

    room: int
    on: bool = True


class AppliedRow(msgspec.Struct, frozen=True, array_like=True):
    """What one leg of a room hears from a tick on: its row, without legs that are gone, and the players it hears."""

    row: LegRow
    players: tuple[int, ...] = ()


class Applied(msgspec.Struct, frozen=True, tag=True):
    """What is in force in a watched room from this tick on, and was not before. What it does not tell of still is.

    Read back from what the mixer works on. Ticks are counted from 1 since the engine began, 20 ms each.
    """

    room: int
    tick: int
    plan: int
    """Of the `SetRoom` or `ChangeRoom` that was applied last."""
    rows: tuple[AppliedRow, ...]
    """Of the legs for which something has changed; in the first `Applied` of a watch, of all."""
    players: tuple[int, ...]
    """Those that play to the room."""
    gone: tuple[int, ...] = ()
    """Legs that are in the room no more. Some may never have been told of."""


class Ticked(msgspec.Struct, frozen=True, tag=True):
    """Now and then, while rooms are watched: until this tick inclusive, all `Applied` before it still hold."""

    tick: int
