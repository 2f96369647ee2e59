"""Rooms: routing plans written into the legs' rows, and a bus each."""

from collections import Counter
from collections.abc import Iterable, Set
from typing import Final

from mixminus.media.bundles import clear_row, grown, zeroed
from mixminus.media.contract import ChangeRoom, LegRow, SetRoom
from mixminus.media.kernels.beat import Buses
from mixminus.media.kernels.turns import Turns
from mixminus.media.legs import Legs
from mixminus.media.shared_state import Audience
from mixminus.media.slots import Chains, Slots
from mixminus.media.state import Edges

_NOBODY: Final[frozenset[int]] = frozenset()


class Rooms:
    """Who is in which room. A room exists as long as somebody holds it: its plan, a player, a tap."""

    def __init__(self, capacity: int, legs: Legs) -> None:
        self.slots: Slots[int] = Slots(capacity)
        self.buses = zeroed(Buses, capacity)
        self.audience = zeroed(Audience, capacity)
        self.turns = zeroed(Turns, capacity)
        self.edges = zeroed(Edges, capacity)
        self._edge_rows = Chains(capacity)
        self._legs = legs
        self._holders: Counter[int] = Counter()
        self._members: dict[int, set[int]] = {}
        self._room_of: dict[int, int] = {}
        self._exceptions: dict[int, frozenset[int]] = {}
        """By listener: the legs that its row names."""
        self._named_by: dict[int, set[int]] = {}
        """The other way round: whose rows change when the leg closes."""
        self.changed: dict[int, set[int]] = {}
        """Rooms in which something may be else than in the last tick, and the legs that it is about; whoever reads
        it empties it.
        """

    def hold(self, room: int) -> int:
        """Keep the room, and make it if need be. Returns its row."""
        self._holders[room] += 1
        row = self.slots.row(room)
        if row is not None:
            return row
        if self.slots.is_full:
            self.slots.grow(2 * self.slots.capacity)
            self.buses = grown(self.buses, self.slots.capacity)
            self.audience = grown(self.audience, self.slots.capacity)
            self.turns = grown(self.turns, self.slots.capacity)
        row = self.slots.take(room)
        clear_row(self.turns, row)
        return row

    def release(self, room: int) -> None:
        """Undo one `hold`."""
        self._holders[room] -= 1
        if self._holders[room] == 0:
            del self._holders[room]
            self.slots.release(room)

    def members(self, room: int) -> Set[int]:
        """The legs in the room."""
        return self._members.get(room, _NOBODY)

    def room_of(self, leg: int) -> int | None:
        """The room that the leg is in."""
        return self._room_of.get(leg)

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
            self.note(where, () if leg is None else (leg,))

    def note(self, room: int, legs: Iterable[int] = ()) -> None:
        """Something may be else than before: in the room, for these legs."""
        self.changed.setdefault(room, set()).update(legs)

    def set_plan(self, plan: SetRoom) -> None:
        """Replace the room's routing plan. Rows of legs that are gone are left out."""
        named = {row.leg for row in plan.rows}
        self.change_plan(ChangeRoom(plan.room, plan.rows, tuple(self.members(plan.room) - named)))

    def change_plan(self, change: ChangeRoom) -> None:
        """Replace some rows. Those of legs that are gone are left out."""
        self.note(change.room)
        for leg in change.gone:
            if self._room_of.get(leg) == change.room:
                self.leave(leg)
        for row in {row.leg: row for row in change.rows}.values():
            if row.leg in self._legs.slots:
                self._seat(row, change.room)

    def leave(self, leg: int) -> None:
        """Take the leg out of the room that it is in, if any."""
        for listener in self._named_by.get(leg, _NOBODY):
            self.note(self._room_of[listener], (listener,))
        room = self._room_of.pop(leg, None)
        if room is None:
            return
        members = self._members[room]
        self.note(room, (leg,))
        row = self._legs.slots.row(leg)
        if row is not None:
            self._drop_edges(row)
            self._legs.mixing.room[row] = -1
        self._note_exceptions(leg, frozenset())
        members.discard(leg)
        if not members:
            del self._members[room]
            self.release(room)

    def is_served(self, room: int, beat: int) -> bool:
        """Whether it is the room's turn on that beat; one that is gone is always asked about in time."""
        row = self.slots.row(room)
        return row is None or bool(self.turns.served[row] == beat)

    def _begin_with(self, leg: int, room: int) -> None:
        """Serve the room when its first leg was served, where there is least to do."""
        self.turns.beat[room], self.turns.lane[room] = self._legs.turns.beat[leg], self._legs.seats.free_lane()

    def _take_turn(self, leg: int, room: int) -> None:
        """Serve the leg with its room."""
        row, turns = self.slots.row(room), self._legs.turns
        before = int(turns.lane[leg]), int(turns.beat[leg])
        turns.lane[leg], turns.beat[leg] = self.turns.lane[row], self.turns.beat[row]
        self._legs.seats.move(before, (int(turns.lane[leg]), int(turns.beat[leg])))

    def _note_exceptions(self, listener: int, legs: frozenset[int]) -> None:
        before = self._exceptions.pop(listener, _NOBODY)
        for leg in before - legs:
            self._named_by[leg].discard(listener)
            if not self._named_by[leg]:
                del self._named_by[leg]
        for leg in legs - before:
            self._named_by.setdefault(leg, set()).add(listener)
        if legs:
            self._exceptions[listener] = legs

    def _seat(self, wanted: LegRow, room: int) -> None:
        self.note(room, (wanted.leg,))
        row = self._legs.slots.row(wanted.leg)
        assert row is not None
        if self._room_of.get(wanted.leg) != room:
            self.leave(wanted.leg)
            if room not in self._members:
                self._begin_with(row, self.hold(room))
                self._members[room] = set()
            self._members[room].add(wanted.leg)
            self._room_of[wanted.leg] = room
            self._take_turn(row, room)
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
        self._note_exceptions(wanted.leg, frozenset((*wanted.plus, *wanted.minus)))

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
