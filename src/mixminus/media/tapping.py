"""Taps: the places that recordings listen at, as chains that kernels follow."""

from collections.abc import Sequence
from typing import Final

from mixminus.media.bundles import grown, zeroed
from mixminus.media.contract import Tap
from mixminus.media.legs import Legs
from mixminus.media.rooms import Rooms
from mixminus.media.slots import Chains
from mixminus.media.state import TAP_BUS, TAP_LEG_IN, TAP_LEG_OUT, TAP_TO_EAR, TAP_VOICE, TAP_WHISPER, Taps

TAP_KINDS: Final = {
    "bus": TAP_BUS,
    "leg_in": TAP_LEG_IN,
    "leg_out": TAP_LEG_OUT,
    "voice": TAP_VOICE,
    "whisper": TAP_WHISPER,
    "to_ear": TAP_TO_EAR,
}


class Tapping:
    """Makes chains of taps, keeps the rooms that they listen to, and silences those of legs that are gone."""

    def __init__(self, capacity: int, legs: Legs, rooms: Rooms) -> None:
        self.taps = zeroed(Taps, capacity)
        self._rows = Chains(capacity)
        self._legs = legs
        self._rooms = rooms
        self._wanted: dict[int, Tap] = {}
        self._on_leg: dict[int, set[int]] = {}

    def chain(self, wanted: Sequence[Tap]) -> int:
        """The first of the chain, or -1."""
        first = -1
        for tap in wanted:
            first = self._add(tap, first)
        return first

    def leads(self, wanted: Sequence[Tap]) -> tuple[int, int]:
        """Whose turns whoever listens there keeps to: the room's row, or else the leg's; -1 is none."""
        rooms = (self._rooms.slots.row(room) for tap in wanted if (room := room_of(tap)) is not None)
        legs = (self._legs.slots.row(tap.id) for tap in wanted if tap.kind != "bus")
        room, leg = next(rooms, None), next((row for row in legs if row is not None), None)
        return -1 if room is None else room, -1 if leg is None else leg

    def release(self, first: int) -> None:
        """Free a chain."""
        tap = first
        while tap >= 0:
            wanted = self._wanted.pop(tap)
            if (room := room_of(wanted)) is not None:
                self._rooms.release(room)
            for leg in legs_of(wanted):
                if (mine := self._on_leg.get(leg)) is not None:
                    mine.discard(tap)
                    if not mine:
                        del self._on_leg[leg]
            self._rows.release(tap)
            tap = int(self.taps.next[tap])

    def forget_leg(self, leg: int) -> None:
        """Its taps are silent from now on."""
        for tap in self._on_leg.pop(leg, ()):
            self.taps.row[tap] = -1

    def _add(self, wanted: Tap, following: int) -> int:
        if self._rows.is_full:
            self._rows.grow(2 * self._rows.capacity)
            self.taps = grown(self.taps, self._rows.capacity)
        tap = self._rows.take()
        self._wanted[tap] = wanted
        room = room_of(wanted)
        room_row = -1 if room is None else self._rooms.hold(room)
        rows = {leg: row for leg in legs_of(wanted) if (row := self._legs.slots.row(leg)) is not None}
        for leg in rows:
            self._on_leg.setdefault(leg, set()).add(tap)
        is_there = wanted.kind != "to_ear" or wanted.ear in rows
        self.taps.kind[tap] = TAP_KINDS[wanted.kind]
        self.taps.row[tap] = room_row if wanted.kind == "bus" else rows.get(wanted.id, -1) if is_there else -1
        self.taps.ear[tap] = -1 if wanted.ear is None else rows.get(wanted.ear, -1)
        self.taps.room[tap] = room_row
        self.taps.sign[tap] = -1 if wanted.sign < 0 else 1
        self.taps.next[tap] = following
        return tap


def legs_of(tap: Tap) -> tuple[int, ...]:
    """Legs without which it is silent."""
    if tap.kind == "bus":
        return ()
    return (tap.id,) if tap.ear is None else (tap.id, tap.ear)


def room_of(tap: Tap) -> int | None:
    """The room that the tap listens in."""
    return tap.id if tap.kind == "bus" else tap.room
