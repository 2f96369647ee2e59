"""The floor of one conference: who speaks in it, put to the core; what that decides, put to rooms and streams."""

import asyncio
from collections.abc import Callable, Set

from mixminus.app.conferences.roles import Follower
from mixminus.base.types import Sid
from mixminus.calls.floor import Floor, Move, Turn
from mixminus.calls.options import FloorPolicy
from mixminus.calls.role import FloorView

GiveFloor = Callable[[Set[Sid], Sid | None], None]
"""Of these agents, only that one is heard by everybody."""


class RoomFloor:
    """Where agents ask (see `roles.Turns`)."""

    def __init__(self, policy: FloorPolicy, now: Callable[[], float], give: GiveFloor) -> None:
        self.policy = policy
        self._core = Floor(policy)
        self._now = now
        self._give = give
        self._agents: dict[Sid, Follower] = {}
        self._given: tuple[frozenset[Sid], Sid | None] = (frozenset(), None)
        self._speaking: set[Sid] = set()
        """Of those who are no agents."""
        self._here: Set[Sid] = frozenset()
        self._heard: Set[Sid] = frozenset()
        self._timer: asyncio.TimerHandle | None = None
        self._is_settling = False

    def view(self, call_sid: Sid) -> FloorView:
        """As that agent sees it."""
        if self._core.humans:
            return FloorView.HUMAN
        if self._core.holder is None:
            return FloorView.FREE
        return FloorView.YOURS if self._core.holder == call_sid else FloorView.THEIRS

    # --- who is here ----------------------------------------------------------------------------------------------

    def followed(self, call_sid: Sid, follower: Follower | None) -> None:
        """An agent speaks for that call; None: not any more."""
        if (before := self._agents.pop(call_sid, None)) is not None:
            self._core.leave(call_sid)
            before.floor_is_kept(None)
        if follower is not None:
            self._agents[call_sid] = follower
            self._note_people()
            self._give_it()  # before it can have said anything
            follower.floor_is_kept(self)
        self._settle()

    def people(self, here: Set[Sid], heard: Set[Sid]) -> None:
        """Who is in the room; and who is heard by everybody, or would be with the floor: no muted, held, coaching."""
        if (here, heard) != (self._here, self._heard):
            self._here, self._heard = here, heard
            self._speaking &= here
            self._note_people()
            self._settle()

    def close(self) -> None:
        """No floor is kept any more."""
        agents, self._agents = self._agents, {}
        for call_sid, agent in agents.items():
            self._core.leave(call_sid)
            agent.floor_is_kept(None)
        self._give_it()
        if self._timer is not None:
            self._timer.cancel()

    # --- who speaks -----------------------------------------------------------------------------------------------

    def human(self, call_sid: Sid, speaks: bool) -> None:
        """Somebody began to speak, or ceased; agents are told apart here."""
        (self._speaking.add if speaks else self._speaking.discard)(call_sid)
        self._note_people()
        self._settle()

    def begins(self, call_sid: Sid) -> None:
        self._core.begins(call_sid)
        self._settle()

    def pauses(self, call_sid: Sid) -> None:
        self._core.pauses(call_sid, self._now())
        self._settle()

    # --- inside ---------------------------------------------------------------------------------------------------

    def _note_people(self) -> None:
        for call_sid in self._agents:
            (self._core.enter if call_sid in self._heard else self._core.leave)(call_sid)
        self._core.humans = frozenset((self._speaking & self._heard) - self._agents.keys())

    def _settle(self) -> None:
        """Decide, until nothing follows: an agent that is told to clear has nothing to say any more."""
        if self._is_settling:
            return
        self._is_settling = True
        try:
            self._core.settle(self._now())
            while turns := self._core.drain():
                self._carry_out(turns)
                self._core.settle(self._now())
            self._give_it()
        finally:
            self._is_settling = False
        self._look_again()

    def _carry_out(self, turns: tuple[Turn, ...]) -> None:
        """Those first who fall silent, then the room, then who speaks: at no time two are heard."""
        for turn in turns:
            if turn.move is Move.GO_ON:
                self._give_it()
            if (agent := self._agents.get(turn.agent)) is not None:
                agent.take_turn(turn.move)

    def _give_it(self) -> None:
        given = frozenset(self._agents), self._core.holder
        if given != self._given:
            self._given = given
            self._give(*given)

    def _look_again(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (wait_s := self._core.wait_s(self._now())) is not None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._settle)
