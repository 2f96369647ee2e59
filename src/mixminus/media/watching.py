"""Tells what is in force in a room, and since which tick: the truth that a ledger is made of."""

from collections.abc import Iterator
from typing import Final

from mixminus.media.contract import Applied, AppliedRow, ChangeRoom, SetRoom, Ticked
from mixminus.media.players import Players
from mixminus.media.rooms import Rooms

HEARTBEAT_TICKS: Final = 250
"""5 s: how much of the last unchanged stretch is not known after a crash."""


class RoomWatch:
    """Watches the rooms that somebody asked about. A room in which nothing changes costs nothing."""

    def __init__(self, rooms: Rooms, players: Players) -> None:
        self._rooms = rooms
        self._players = players
        self._plans: dict[int, int] = {}
        """Number of the plan in force, for each watched room."""
        self._leaving: set[int] = set()

    def watch(self, room: int, on: bool) -> None:
        """From the next report on; when *on* is false, only in the next one."""
        self._rooms.note(room)
        if on:
            if room not in self._plans:
                self._plans[room] = 0
                self._rooms.note(room, self._rooms.members(room))
            self._leaving.discard(room)
        elif room in self._plans:
            self._leaving.add(room)

    def note(self, plan: SetRoom | ChangeRoom) -> None:
        """A plan takes effect with the next tick."""
        if plan.room in self._plans:
            self._plans[plan.room] = plan.plan

    def report(self, tick: int, beat: int) -> Iterator[Applied]:
        """What is in force in rooms that are about to be mixed, on *beat* of *tick*, and was not the last time."""
        changed = self._rooms.changed
        if not changed:
            return
        for room in sorted(changed.keys() & self._plans.keys()):
            if self._rooms.is_served(room, beat):
                yield self._in_force(room, changed.pop(room), tick)
                if room in self._leaving:
                    self._leaving.discard(room)
                    del self._plans[room]
        for room in changed.keys() - self._plans.keys():
            del changed[room]

    def go_on(self, tick: int) -> Iterator[Ticked]:
        """*tick* is over: now and then, say that what was told still held."""
        if self._plans and tick % HEARTBEAT_TICKS == 0:
            yield Ticked(tick)

    def _in_force(self, room: int, legs: set[int], tick: int) -> Applied:
        rooms, players = self._rooms, self._players
        here = sorted(legs & rooms.members(room))
        rows = tuple(AppliedRow(rooms.plan_of(leg), players.sounding(leg=leg)) for leg in here)
        gone = tuple(sorted(legs.difference(here)))
        return Applied(room, tick, self._plans[room], rows, players.sounding(room=room), gone)
