"""Rooms: routing plans written into the legs' rows, and a bus each."""

from collections import Counter

import numpy as np

from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.contract import LegRow, SetRoom
from mixminus.media.legs import Legs
from mixminus.media.slots import Chains, Slots
from mixminus.media.state import Edges, grown, zeroed


class Rooms:
    """Who is in which room. A room exists as long as somebody holds it: its plan, a player, a tap."""

    def __init__(self, capacity: int, legs: Legs) -> None:
        self.slots: Slots[int] = Slots(capacity)
        self.bus = np.zeros((capacity, FRAME_SAMPLES), np.int32)
        self.edges = zeroed(Edges, capacity)
        self._edge_rows = Chains(capacity)
        self._legs = legs
        self._holders: Counter[int] = Counter()
        self._members: dict[int, set[int]] = {}
        self._room_of: dict[int, int] = {}
        self.changed: set[int] = set()
        """Rooms in which somebody may hear something else than in the last tick; whoever reads it empties it."""

    def hold(self, room: int) -> int:
        """Keep the room, and make it if need be. Returns its row."""
        self._holders[room] += 1
        row = self.slots.row(room)
        if row is not None:
            return row
        if self.slots.is_full:
            self.slots.grow(2 * self.slots.capacity)
            self.bus = np.concatenate([self.bus, np.zeros_like(self.bus)])
        return self.slots.take(room)

    def release(self, room: int) -> None:
        """Undo one `hold`."""
        self._holders[room] -= 1
        if self._holders[room] == 0:
            del self._holders[room]
            self.slots.release(room)

    def members(self, room: int) -> list[int]:
        """The legs in the room, oldest first."""
        return sorted(self._members.get(room, ()))

    def plan_of(self, leg: int) -> LegRow:
        """The leg's row as it is in force, without legs that are gone."""
        row = self._legs.slots.row(leg)
        assert row is not None
        mixing = self._legs.mixing
        exceptions: dict[int, list[int]] = {1: [], -1: []}
        edge = int(mixing.edge[row])
        while edge >= 0:
            if self._leads_to_the_living(edge):
                exceptions[int(self.edges.sign[edge])].append(self._legs.slots.key(int(self.edges.leg[edge])))
            edge = int(self.edges.next[edge])
        plus, minus = (tuple(sorted(exceptions[sign])) for sign in (1, -1))
        return LegRow(leg, bool(mixing.on_bus[row]), bool(mixing.hears_bus[row]), plus, minus)

    def touch(self, leg: int | None, room: int | None) -> None:
        """A player began or ended on that leg, or in that room."""
        where = room if leg is None else self._room_of.get(leg)
        if where is not None:
            self.changed.add(where)

    def set_plan(self, plan: SetRoom) -> None:
        """Replace the room's routing plan. Rows of legs that are gone are left out."""
        self.changed.add(plan.room)
        rows = {row.leg: row for row in plan.rows if row.leg in self._legs.slots}
        for leg in self._members.get(plan.room, set()) - rows.keys():
            self.leave(leg)
        for row in rows.values():
            self._seat(row, plan.room)

    def leave(self, leg: int) -> None:
        """Take the leg out of the room that it is in, if any."""
        room = self._room_of.pop(leg, None)
        if room is None:
            return
        self.changed.add(room)
        row = self._legs.slots.row(leg)
        if row is not None:
            self._drop_edges(row)
            self._legs.mixing.room[row] = -1
        members = self._members[room]
        members.discard(leg)
        if not members:
            del self._members[room]
            self.release(room)

    def _seat(self, wanted: LegRow, room: int) -> None:
        row = self._legs.slots.row(wanted.leg)
        assert row is not None
        if self._room_of.get(wanted.leg) != room:
            self.leave(wanted.leg)
            if room not in self._members:
                self.hold(room)
                self._members[room] = set()
            self._members[room].add(wanted.leg)
            self._room_of[wanted.leg] = room
        mixing = self._legs.mixing
        room_row = self.slots.row(room)
        assert room_row is not None
        mixing.room[row] = room_row
        mixing.on_bus[row] = wanted.on_bus
        mixing.hears_bus[row] = wanted.hears_bus
        self._drop_edges(row)
        for sign, others in ((1, wanted.plus), (-1, wanted.minus)):
            for other in others:
                self._add_edge(row, other, sign)

    def _add_edge(self, listener: int, speaker_leg: int, sign: int) -> None:
        speaker = self._legs.slots.row(speaker_leg)
        if speaker is None:
            return
        if self._edge_rows.is_full:
            self._edge_rows.grow(2 * self._edge_rows.capacity)
            self.edges = grown(self.edges, self._edge_rows.capacity)
        edge = self._edge_rows.take()
        self.edges.leg[edge] = speaker
        self.edges.generation[edge] = self._legs.line.generation[speaker]
        self.edges.sign[edge] = sign
        self.edges.next[edge] = self._legs.mixing.edge[listener]
        self._legs.mixing.edge[listener] = edge
        if sign > 0:
            self._legs.mixing.whispers[speaker] += 1

    def _drop_edges(self, listener: int) -> None:
        edge = int(self._legs.mixing.edge[listener])
        while edge >= 0:
            if self.edges.sign[edge] > 0 and self._leads_to_the_living(edge):
                self._legs.mixing.whispers[self.edges.leg[edge]] -= 1
            self._edge_rows.release(edge)
            edge = int(self.edges.next[edge])
        self._legs.mixing.edge[listener] = -1

    def _leads_to_the_living(self, edge: int) -> bool:
        """Whether the row is still the leg's for which the exception was made."""
        return bool(self.edges.generation[edge] == self._legs.line.generation[self.edges.leg[edge]])
