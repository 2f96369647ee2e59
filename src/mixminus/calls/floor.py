"""One agent speaks at a time: who has the floor, who waits for it, and who is not heard. Off unless somebody asks.

Agents are programs that speak by a stream. People are never silenced: whoever begins to speak among them takes the
floor from an agent. Whispering, muted and held agents have nothing to do with it: their owner takes them out.

    floor = Floor(FloorPolicy.QUEUE)
    floor.enter("a"); floor.begins("a"); floor.settle(now); floor.drain()   # (Turn("a", Move.GO_ON),)

Times are seconds of any clock that does not go back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from mixminus.base.types import Sid
from mixminus.calls.options import FloorPolicy

QUIET_S: Final = 0.5
"""An agent that has said nothing for so long has finished: pauses between sentences are shorter."""

TURN_S: Final = 30.0
"""So long one agent may speak while another wants to: nobody starves."""


class Stand(Enum):
    SILENT = auto()
    WAITING = auto()
    """It has something to say, and nothing of it is played."""
    SPEAKING = auto()
    """It has the floor."""
    DROPPED = auto()
    """What it says is played to nobody, until it pauses."""


class Cue(Enum):
    BEGINS = auto()
    ENDS = auto()
    IS_GIVEN = auto()
    """The floor."""
    IS_REFUSED = auto()
    """Somebody else has it, and agents do not queue."""
    LOSES = auto()
    """A human began to speak, or its turn was too long for those who wait."""


class Move(Enum):
    """What becomes of the audio that an agent has said."""

    GO_ON = auto()
    """It is played in its time, whether anybody hears it or not."""
    HOLD_BACK = auto()
    """It is kept, also what the engine was given ahead; it is played from there on some time."""
    CLEAR = auto()
    """It is forgotten, as if the agent had sent `clear`."""


Steps = Mapping[Stand, Mapping[Cue, tuple[Stand, Move]]]

STEPS: Final[Mapping[FloorPolicy, Steps]] = {
    FloorPolicy.QUEUE: {
        Stand.SILENT: {Cue.BEGINS: (Stand.WAITING, Move.HOLD_BACK)},
        Stand.WAITING: {
            Cue.IS_GIVEN: (Stand.SPEAKING, Move.GO_ON),
            Cue.ENDS: (Stand.SILENT, Move.GO_ON),
        },
        Stand.SPEAKING: {
            Cue.LOSES: (Stand.WAITING, Move.HOLD_BACK),
            Cue.ENDS: (Stand.SILENT, Move.GO_ON),
        },
        Stand.DROPPED: {},
    },
    FloorPolicy.DROP: {
        # It waits for a human to finish, and not for other agents.
        Stand.SILENT: {Cue.BEGINS: (Stand.WAITING, Move.HOLD_BACK)},
        Stand.WAITING: {
            Cue.IS_GIVEN: (Stand.SPEAKING, Move.GO_ON),
            Cue.IS_REFUSED: (Stand.DROPPED, Move.GO_ON),
            Cue.ENDS: (Stand.SILENT, Move.GO_ON),
        },
        Stand.SPEAKING: {
            Cue.LOSES: (Stand.DROPPED, Move.CLEAR),
            Cue.ENDS: (Stand.SILENT, Move.GO_ON),
        },
        Stand.DROPPED: {Cue.ENDS: (Stand.SILENT, Move.GO_ON)},
    },
}


@dataclass(frozen=True, slots=True)
class Turn:
    agent: Sid
    move: Move


class Floor:
    """Tell it what happens, then `settle`, then take what is to be done by `drain`."""

    def __init__(self, policy: FloorPolicy, *, quiet_s: float = QUIET_S, turn_s: float = TURN_S) -> None:
        self.holder: Sid | None = None
        self._steps = STEPS[policy]
        self._queues = policy is FloorPolicy.QUEUE
        self._quiet_s = quiet_s
        self._turn_s = turn_s
        self._stands: dict[Sid, Stand] = {}
        self._queue: list[Sid] = []
        """Who is WAITING, in the order of their turns."""
        self._quiet_since: dict[Sid, float] = {}
        self._given_at = 0.0
        self._used_s: dict[Sid, float] = {}
        """Of their turns, by those whom a human has interrupted."""
        self.humans: frozenset[Sid] = frozenset()
        """Who speaks and is no agent: the owner says so."""
        self._turns: dict[Sid, Move] = {}
        """Not taken yet; the last one of each agent counts."""

    def stand(self, agent: Sid) -> Stand | None:
        """None: it takes no part."""
        return self._stands.get(agent)

    # --- what happens ---------------------------------------------------------------------------------------------

    def enter(self, agent: Sid) -> None:
        """It takes part from now on; harmless when it does already."""
        self._stands.setdefault(agent, Stand.SILENT)

    def leave(self, agent: Sid) -> None:
        """It takes no part any more; harmless when it does not."""
        if self._stands.pop(agent, None) is not None:
            self._forget(agent)
            self._turns[agent] = Move.GO_ON

    def begins(self, agent: Sid) -> None:
        """There is speech to be played."""
        self._quiet_since.pop(agent, None)
        if self._stands.get(agent) is Stand.SILENT:
            self._step(agent, Cue.BEGINS)
            self._queue.append(agent)

    def pauses(self, agent: Sid, now: float) -> None:
        """All of its speech was played, or it was cleared."""
        if self._stands.get(agent) is Stand.WAITING:
            self._end(agent)
        elif self._stands.get(agent) in (Stand.SPEAKING, Stand.DROPPED):
            self._quiet_since.setdefault(agent, now)

    # --- what follows ---------------------------------------------------------------------------------------------

    def settle(self, now: float) -> None:
        """Take and give the floor."""
        for agent in [agent for agent, since in self._quiet_since.items() if now >= since + self._quiet_s]:
            self._end(agent)
        if self.holder is not None and (self.humans or self._is_overdue(now)):
            self._take_back(self.holder, now)
        if self.holder is None and self._queue and not self.humans:
            self._give(self._queue.pop(0), now)
        if self.holder is not None and not self._queues:
            for agent in self._queue:
                self._step(agent, Cue.IS_REFUSED)
            self._queue.clear()

    def drain(self) -> tuple[Turn, ...]:
        """Take what is to be done: whoever falls silent first, then whoever speaks."""
        turns = sorted(self._turns.items(), key=lambda turn: turn[1] is Move.GO_ON)
        self._turns.clear()
        return tuple(Turn(agent, move) for agent, move in turns)

    def wait_s(self, now: float) -> float | None:
        """How long until `settle` has something to do, if nothing happens; None: it has not."""
        due = [since + self._quiet_s for since in self._quiet_since.values()]
        if self.holder is not None and self._queue:
            due.append(self._given_at + self._turn_s)
        return min(due) - now if due else None

    # --- inside ---------------------------------------------------------------------------------------------------

    def _is_overdue(self, now: float) -> bool:
        # The same sum as in `wait_s`: a difference might be rounded to less, and the wait would be 0 for ever.
        return bool(self._queue) and now >= self._given_at + self._turn_s

    def _give(self, agent: Sid, now: float) -> None:
        self._step(agent, Cue.IS_GIVEN)
        self.holder, self._given_at = agent, now - self._used_s.pop(agent, 0.0)

    def _take_back(self, agent: Sid, now: float) -> None:
        """Whoever was interrupted goes on before the others; whoever spoke too long goes on after them."""
        if agent in self._quiet_since:
            self._end(agent)
            return
        is_overdue, self.holder = self._is_overdue(now), None
        self._step(agent, Cue.LOSES)
        if self._stands[agent] is Stand.WAITING:
            if not is_overdue:
                self._used_s[agent] = now - self._given_at
            self._queue.insert(len(self._queue) if is_overdue else 0, agent)

    def _end(self, agent: Sid) -> None:
        self._step(agent, Cue.ENDS)
        self._forget(agent)

    def _forget(self, agent: Sid) -> None:
        self._quiet_since.pop(agent, None)
        self._used_s.pop(agent, None)
        if agent in self._queue:
            self._queue.remove(agent)
        if self.holder == agent:
            self.holder = None

    def _step(self, agent: Sid, cue: Cue) -> None:
        self._stands[agent], self._turns[agent] = self._steps[self._stands[agent]][cue]
