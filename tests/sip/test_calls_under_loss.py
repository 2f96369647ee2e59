"""Many calls over a link that loses, delays and shuffles: each ends on both sides, and nothing is remembered of it.

What happens to a packet is drawn from a seed, so that a failure is a line to run again.
"""

import heapq
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.sip.test_agent_calls import ANSWER, OFFER, Party, World

from mixminus.sip.contract import Answered, DialogKey, Ended, Ending, Invitation, Invited, Refused, SipEvent
from mixminus.sip.transactions.transaction import LIFETIME

FORGOTTEN_S = 4 * LIFETIME
"""A 200 that is not acknowledged, the BYE after it, and their transactions, one after another."""
SESSION_S = 1800.0
"""Whoever missed the BYE learns of the end by the session timer (RFC 4028 10)."""


class Story(Enum):
    """What two people do with a call."""

    CALLER_HANGS_UP = auto()
    CALLEE_HANGS_UP = auto()
    BOTH_HANG_UP = auto()
    CALLER_GIVES_UP = auto()
    CALLER_GIVES_UP_AS_IT_IS_ANSWERED = auto()
    CALLEE_IS_BUSY = auto()


RINGS_S = 1.0
TALKS_S = 2.0
A_MOMENT_S = 0.5
"""Somebody who is called makes plans, too: so often they are looked at."""
PATIENCE_S = 60.0
"""Nobody lets a phone ring for ever: whoever is at the other end may be gone (RFC 3261 knows no such timer)."""
_PLAN = {
    Story.CALLER_HANGS_UP: (("callee", "answer", RINGS_S), ("caller", "hang_up", RINGS_S + TALKS_S)),
    Story.CALLEE_HANGS_UP: (
        ("callee", "answer", RINGS_S),
        ("callee", "hang_up", RINGS_S + TALKS_S),
        ("caller", "hang_up", PATIENCE_S),
    ),
    Story.BOTH_HANG_UP: (
        ("callee", "answer", RINGS_S),
        ("caller", "hang_up", RINGS_S + TALKS_S),
        ("callee", "hang_up", RINGS_S + TALKS_S),
    ),
    Story.CALLER_GIVES_UP: (("caller", "hang_up", RINGS_S), ("callee", "refuse", PATIENCE_S)),
    Story.CALLER_GIVES_UP_AS_IT_IS_ANSWERED: (("callee", "answer", RINGS_S), ("caller", "hang_up", RINGS_S)),
    Story.CALLEE_IS_BUSY: (("callee", "refuse", RINGS_S), ("caller", "hang_up", PATIENCE_S)),
}
"""Who does what, and when after the INVITE was sent, or came."""


@dataclass(eq=False)
class Desk:
    """What one side's owner believes: the calls that it has and how the others ended."""

    party: Party
    live: set[DialogKey] = field(default_factory=set)
    answered: set[DialogKey] = field(default_factory=set)
    endings: Counter[str] = field(default_factory=Counter)

    def begin(self, dialog: DialogKey) -> None:
        self.live.add(dialog)

    def end(self, dialog: DialogKey, how: str) -> None:
        assert dialog in self.live, f"{dialog} ended twice"
        self.live.remove(dialog)
        self.endings[how] += 1

    def heard(self, event: SipEvent) -> None:
        match event:
            case Answered(dialog):
                self.answered.add(dialog)
            case Ended(dialog, ending):
                self.end(dialog, ending.value)
            case Refused(dialog, status):
                self.end(dialog, str(status))

    def do(self, deed: str, dialog: DialogKey, now: float) -> None:
        """Nothing, if that call is over already."""
        if dialog not in self.live:
            return
        agent = self.party.agent
        if deed == "answer":
            agent.answer(dialog, ANSWER, now)
            return
        self.end(dialog, deed)
        if deed == "refuse":
            agent.refuse(dialog, 486, now)
        else:
            agent.hang_up(dialog, now)


class Evening(World):
    """Calls of all kinds, so many a second."""

    def __init__(self, seed: int, loss: float, latest_s: float) -> None:
        super().__init__()
        self._dice = random.Random(seed)
        self.fate = lambda data: self._dice.random() >= loss
        self.delay_s = lambda: self._dice.uniform(0.001, latest_s)
        self.desks = {"caller": Desk(self.caller), "callee": Desk(self.callee)}
        self._stories: dict[str, Story] = {}
        self._deeds: list[tuple[float, int, str, str, DialogKey]] = []
        self._counted = itertools.count()
        self.caller.react = lambda event, now: self.desks["caller"].heard(event)
        self.callee.react = self._called

    def call(self, calls: int, calls_per_s: float) -> None:
        """Place them, and let each take its course."""
        for number in range(calls):
            self._place(number, self._dice.choice(list(Story)))
            self.wait(1 / calls_per_s)
        self.wait(RINGS_S + TALKS_S + 2 * LIFETIME)

    def _place(self, number: int, story: Story) -> None:
        dialog, target = DialogKey(f"call {number}"), f"sip:{number}@10.0.0.2"
        self._stories[str(number)] = story
        self.desks["caller"].begin(dialog)
        self._plan("caller", dialog, story)
        self.caller.agent.invite(
            Invitation(dialog, target, self.callee.address, "sip:alice@10.0.0.1", "", OFFER), self.now
        )

    def _called(self, event: SipEvent, now: float) -> None:
        if not isinstance(event, Invited):
            self.desks["callee"].heard(event)
            return
        self.desks["callee"].begin(event.dialog)
        self.callee.agent.ring(event.dialog, now)
        self._plan("callee", event.dialog, self._stories[event.called])

    def _plan(self, who: str, dialog: DialogKey, story: Story) -> None:
        for whose, deed, after_s in _PLAN[story]:
            if whose == who:
                heapq.heappush(self._deeds, (self.now + after_s, next(self._counted), who, deed, dialog))

    def wait(self, seconds: float) -> None:
        """Let people do what they mean to meanwhile."""
        end = self.now + seconds
        while self.now < end:
            due = self._deeds[0][0] if self._deeds else end
            self.run(min(max(0.0, due - self.now), end - self.now, A_MOMENT_S))
            while self._deeds and self._deeds[0][0] <= self.now:
                _, _, who, deed, dialog = heapq.heappop(self._deeds)
                self.desks[who].do(deed, dialog, self.now)

    def leaves_nothing(self) -> None:
        """The ledger: no call that somebody still believes in, and nothing in memory."""
        assert {who: desk.live for who, desk in self.desks.items()} == {"caller": set(), "callee": set()}
        self.run(FORGOTTEN_S)
        assert self.is_clean()


@pytest.mark.parametrize("seed", range(3))
def test_five_hundred_calls_at_five_percent_loss_end_as_their_people_meant(seed: int) -> None:
    evening = Evening(seed, loss=0.05, latest_s=0.05)
    evening.call(500, calls_per_s=50)
    evening.leaves_nothing()
    caller, callee = (evening.desks[who].endings for who in ("caller", "callee"))
    assert caller.total() == callee.total() == 500
    assert set(caller) <= {"hang_up", "bye", "486"}
    assert set(callee) <= {"hang_up", "bye", "refuse", "cancelled"}
    assert caller["486"] == callee["refuse"]


@settings(max_examples=40, derandomize=True, database=None)
@given(seed=st.integers(0, 2**32), loss=st.floats(0, 0.9), latest_s=st.sampled_from([0.002, 0.3, 3.0, 40.0]))
@example(seed=1, loss=0.875, latest_s=0.002)  # a BYE came, and the 200 before it never
def test_however_bad_the_way_is_everything_is_over_at_last(seed: int, loss: float, latest_s: float) -> None:
    """Packets that come 40 s late meet transactions that are gone; a BYE that never comes is missed."""
    evening = Evening(seed, loss, latest_s)
    evening.call(12, calls_per_s=4)
    evening.wait(SESSION_S + FORGOTTEN_S + 2 * latest_s)
    evening.leaves_nothing()
    unsure = {Ending.NO_ACK.value, Ending.LOST.value, Ending.EXPIRED.value, "408", "503", "481", "487"}
    meant = {"hang_up", "bye", "486", "refuse", "cancelled"}
    assert set(evening.desks["caller"].endings) | set(evening.desks["callee"].endings) <= meant | unsure
