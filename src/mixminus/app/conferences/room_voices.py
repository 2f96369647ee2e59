"""Who speaks in one conference: told to whom subscribed to it, and put to the floor where agents take turns."""

from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from typing import Final

from mixminus.app.conferences.roles import Follower
from mixminus.app.conferences.room_floor import RoomFloor
from mixminus.app.conferences.speakers import Speakers
from mixminus.app.services import Services
from mixminus.base.types import Sid
from mixminus.calls.conference import Conference
from mixminus.calls.options import FloorPolicy
from mixminus.calls.outputs import Seat
from mixminus.calls.role import Role

SPEAKER: Final = "speaker"
"""Who subscribes to this wants to hear of speech."""


class RoomVoices:
    """What streams follow (see `roles.Room`). Changes its machine; *carry_out* does what follows from that."""

    def __init__(self, services: Services, machine: Conference, carry_out: Callable[[], None]) -> None:
        self._services = services
        self._machine = machine
        self._carry_out = carry_out
        callback = machine.options.callback
        self._tells = callback is not None and SPEAKER in callback.events
        self._speakers: Speakers | None = None
        self._agents: dict[Sid, Follower] = {}
        self._floor: RoomFloor | None = None
        self._seats: Mapping[Sid, Seat] = {}
        self._legs: Mapping[Sid, int] = {}
        """Also of some who have no seat."""
        if self._tells:
            self._watch()
        self.keep_floor(machine.options.floor)

    def role(self, call_sid: Sid) -> Role | None:
        """How that call stands here; None: it is not here."""
        role = self._machine.role(call_sid)
        if role is None or self._floor is None:
            return role
        return replace(role, floor=self._floor.view(call_sid))

    def followed(self, call_sid: Sid, follower: Follower | None) -> None:
        """An agent speaks for that call from now on; None: not any more."""
        self._agents.pop(call_sid, None)
        if follower is not None:
            self._agents[call_sid] = follower
        if self._floor is not None:
            self._floor.followed(call_sid, follower)
        self._carry_out()

    def keep_floor(self, policy: FloorPolicy) -> None:
        """From now on one agent speaks at a time; or (`OFF`) all of them."""
        if policy is (self._floor.policy if self._floor is not None else FloorPolicy.OFF):
            return
        if self._floor is not None:
            self._floor.close()
            self._floor = None
        if policy is not FloorPolicy.OFF:
            self._watch()
            self._floor = RoomFloor(policy, self._services.clock.now, self._give_floor)
            self.settled()
            for call_sid, follower in self._agents.items():
                self._floor.followed(call_sid, follower)

    def rewire(self, seats: Mapping[Sid, Seat], legs: Mapping[Sid, int]) -> None:
        """Who sits in the room, and by which legs."""
        self._seats, self._legs = seats, legs
        if self._speakers is not None:
            public = {seat.call_sid for seat in seats.values() if seat.recorded}
            here = {sid: leg for sid, leg in legs.items() if sid in seats}
            self._speakers.rewire(here, public.union(*(seat.plus for seat in seats.values())))

    def settled(self) -> None:
        """A command was carried out: somebody may have come, gone, or fallen silent."""
        if self._floor is not None:
            self._floor.people(self._seats.keys(), self._machine.voices())

    def close(self) -> None:
        """The conference is over."""
        if self._speakers is not None:
            self._speakers.close()
        if self._floor is not None:
            self._floor.close()
            self._floor = None

    # --- inside ---------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        if self._speakers is None:
            services = self._services
            self._speakers = Speakers(services.media, services.clock.now, self._spoke, self._took_the_floor)
            if self._seats:
                self.rewire(self._seats, self._legs)

    def _give_floor(self, agents: Set[Sid], holder: Sid | None) -> None:
        self._machine.give_floor(agents, holder)
        self._carry_out()

    def _spoke(self, call_sid: Sid, started: bool) -> None:
        if call_sid in self._seats:
            if self._floor is not None:
                self._floor.human(call_sid, started)
            if self._tells:
                self._machine.speech(call_sid, started, self._services.clock.utc())
            self._carry_out()

    def _took_the_floor(self, call_sid: Sid) -> None:
        if call_sid in self._seats and self._tells:
            self._machine.dominant(call_sid, self._services.clock.utc())
            self._carry_out()
