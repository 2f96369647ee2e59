"""Who follows the role of which call: streams do, and are told when something about it has changed."""

from collections.abc import Collection
from typing import Protocol

from mixminus.base.types import Sid
from mixminus.calls.floor import Move
from mixminus.calls.role import Role


class Follower(Protocol):
    """The stream of a participant's agent."""

    def role_changed(self, role: Role) -> None:
        """It is *role* now. Nothing that this does may change the conference."""

    def floor_is_kept(self, turns: "Turns | None") -> None:
        """From now on, tell when there is speech to be played, and do as `take_turn` says; None: just speak."""

    def take_turn(self, move: Move) -> None:
        """The floor was given, or taken."""


class Turns(Protocol):
    """Where one agent speaks at a time (see `room_floor.RoomFloor`)."""

    def begins(self, call_sid: Sid) -> None:
        """There is speech to be played."""

    def pauses(self, call_sid: Sid) -> None:
        """All speech was played."""


class Room(Protocol):
    """A conference that calls sit in."""

    def role(self, call_sid: Sid) -> Role | None: ...

    def followed(self, call_sid: Sid, follower: Follower | None) -> None:
        """An agent speaks for that call from now on; None: not any more."""


class Roles:
    """One per node. A call has one place at most, and one follower at most: the stream that it is connected to."""

    def __init__(self) -> None:
        self._rooms: dict[Sid, Room] = {}
        self._followers: dict[Sid, Follower] = {}
        self._told: dict[Sid, Role] = {}

    def of(self, call_sid: Sid) -> Role:
        """How a call stands."""
        room = self._rooms.get(call_sid)
        return (room.role(call_sid) if room is not None else None) or Role()

    # --- streams --------------------------------------------------------------------------------------------------

    def follow(self, call_sid: Sid, follower: Follower) -> Role:
        """Returns how the call stands now; *follower* is told of changes until it is told no more."""
        self._followers[call_sid] = follower
        self._told[call_sid] = self.of(call_sid)
        if (room := self._rooms.get(call_sid)) is not None:
            room.followed(call_sid, follower)
        return self._told[call_sid]

    def unfollow(self, call_sid: Sid, follower: Follower) -> None:
        """Harmless when somebody else follows it by now."""
        if self._followers.get(call_sid) is not follower:
            return
        del self._followers[call_sid], self._told[call_sid]
        if (room := self._rooms.get(call_sid)) is not None:
            room.followed(call_sid, None)

    # --- rooms ----------------------------------------------------------------------------------------------------

    def seated(self, call_sid: Sid, room: Room) -> None:
        """The call has a place there, or is being called for one."""
        self._rooms[call_sid] = room
        if (follower := self._followers.get(call_sid)) is not None:
            room.followed(call_sid, follower)

    def left(self, call_sid: Sid, room: Room) -> None:
        """The call is out of it."""
        if self._rooms.get(call_sid) is room:
            del self._rooms[call_sid]
            if call_sid in self._followers:
                room.followed(call_sid, None)
                self._settle(call_sid)

    def settled(self, call_sids: Collection[Sid]) -> None:
        """Something about these may have changed."""
        if self._followers:
            for call_sid in self._followers.keys() & call_sids:
                self._settle(call_sid)

    def _settle(self, call_sid: Sid) -> None:
        role = self.of(call_sid)
        if role != self._told[call_sid]:
            self._told[call_sid] = role
            self._followers[call_sid].role_changed(role)
