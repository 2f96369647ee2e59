"""A live queue, whatever callers and diallers do to it, in any order."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mixminus.app.queues.waiting_line import Place, Summons, WaitingLine
from mixminus.base.clock import Clock
from mixminus.base.types import Sid
from mixminus.calls.queue import CallQueue
from mixminus.calls.records import QueueRecord

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CALLERS, DIALLERS = "abcde", "vwxyz"
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["enter", "leave", "join", "wait on"]), st.sampled_from(CALLERS)),
        st.tuples(st.sampled_from(["summon", "withdraw"]), st.sampled_from(DIALLERS)),
    ),
    max_size=60,
)


class Dialler:
    leg = 1


class Room:
    """A bridge that knows who is in it."""

    def __init__(self) -> None:
        self.legs: tuple[int, ...] = ()

    def join(self, *legs: int) -> None:
        assert not self.legs, "somebody was joined to two"
        self.legs = legs

    def part(self) -> None:
        self.legs = ()


class Hall:
    """A queue, and everybody around it."""

    def __init__(self) -> None:
        record = QueueRecord(Sid("QU1"), Sid("AC1"), "support", 10, START, START)
        self.line = WaitingLine(CallQueue(record), Clock(lambda: 0.0, lambda: START))
        self.places: dict[str, Place] = {}
        self.summons: dict[str, Summons] = {}
        self.rooms: dict[str, Room] = {}

    def do(self, step: str, who: str) -> None:
        place, summons = self.places.get(who), self.summons.get(who)
        called_by = place.summons if place is not None else None
        match step:
            case "enter" if place is None:
                self.places[who] = self.line.enter(Sid(who), None)
            case "leave" if place is not None:
                self.line.leave(Sid(who))
                if called_by is not None and called_by.joined:
                    called_by.part()
                del self.places[who]
            case "join" if called_by is not None and place is not None:
                if not called_by.joined and not called_by.over.is_set():
                    called_by.join(place.member, 2, START)
                    place.out()
            case "wait on" if called_by is not None and place is not None:
                if called_by.over.is_set() and not called_by.joined:
                    place.wait_on()
            case "summon" if summons is None:
                self.rooms[who] = Room()
                bridge: Any = self.rooms[who]
                dialler: Any = Dialler()
                self.summons[who] = Summons(bridge, dialler, None)
                self.line.summon(self.summons[who])
            case "withdraw" if summons is not None:
                self.line.withdraw(summons)
                del self.summons[who]

    def check(self) -> None:
        waiting = [name for name, place in self.places.items() if place.summons is None]
        wanting = [name for name, summons in self.summons.items() if summons.taken is None]
        assert not (waiting and wanting), "a call and a dialler wait for each other"
        called = {name: place.summons for name, place in self.places.items() if place.summons is not None}
        assert len(set(map(id, called.values()))) == len(called), "one dialler has called two"
        for name, summons in called.items():
            assert summons.taken is not None
            assert summons.taken.call_sid == name
            still = summons in self.summons.values()
            assert still is not summons.over.is_set()
        present = [member.call_sid for member in self.line.members()]
        assert present == [name for name in present if not _joined(self.places[name])]
        assert set(present) == {name for name, place in self.places.items() if not _joined(place)}


def _joined(place: Place) -> bool:
    return place.summons is not None and place.summons.joined


@given(STEPS)
def test_nobody_waits_for_nothing_and_nobody_is_joined_to_two(steps: list[tuple[str, str]]) -> None:
    async def run() -> None:
        hall = Hall()
        for step, who in steps:
            hall.do(step, who)
            hall.check()
        for who in [*hall.summons, *hall.places]:
            hall.do("withdraw", who)
            hall.do("leave", who)
        assert not any(room.legs for room in hall.rooms.values())
        assert not len(hall.line.queue)

    asyncio.run(run())
