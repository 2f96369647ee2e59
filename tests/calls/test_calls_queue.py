"""The queue as a machine: order, places, who is taken, averages."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.queue import AlreadyQueued, CallQueue, QueueFull
from mixminus.calls.records import QueueRecord

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ALICE, BOB, CAROL = Sid("CA-alice"), Sid("CA-bob"), Sid("CA-carol")


def queue(*waiting: Sid, max_size: int = 10) -> CallQueue:
    """Who waits came a second after the other."""
    made = CallQueue(QueueRecord(Sid("QU1"), Sid("AC1"), "support", max_size, START, START))
    for second, call_sid in enumerate(waiting):
        made.enter(call_sid, at(second))
    return made


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def order(of: CallQueue) -> list[Sid]:
    return [member.call_sid for member in of.members(at(100))]


def test_places_are_counted_from_one_and_move_up() -> None:
    support = queue(ALICE, BOB, CAROL)
    assert [member.position for member in support.members(at(5))] == [1, 2, 3]
    support.leave(ALICE)
    assert [(member.call_sid, member.position) for member in support.members(at(5))] == [(BOB, 1), (CAROL, 2)]


def test_who_is_taken_keeps_its_place_and_is_not_taken_twice() -> None:
    support = queue(ALICE, BOB)
    assert (support.take(), support.take(), support.take()) == (ALICE, BOB, None)
    assert order(support) == [ALICE, BOB]
    support.give_back(ALICE)
    assert support.take() == ALICE


def test_to_give_back_who_has_left_is_harmless() -> None:
    support = queue(ALICE)
    support.leave(ALICE)
    support.leave(ALICE)
    support.give_back(ALICE)
    assert support.take() is None


def test_a_full_queue_and_a_call_that_is_there_are_refused() -> None:
    support = queue(ALICE, max_size=2)
    with pytest.raises(AlreadyQueued):
        support.enter(ALICE, at(1))
    with pytest.raises(QueueFull):
        support.enter(BOB, at(1), max_size=1)
    support.enter(BOB, at(1))
    with pytest.raises(QueueFull):
        support.enter(CAROL, at(1))
    support.enter(CAROL, at(1), max_size=3)


def test_the_average_is_of_those_who_wait_now() -> None:
    support = queue(ALICE, BOB)
    assert support.figures(at(10)).average_wait_time_s == 9
    support.leave(ALICE)
    assert support.figures(at(10)).average_wait_time_s == 9
    support.leave(BOB)
    assert support.figures(at(10)).average_wait_time_s == 0


def test_a_member_is_found_by_its_call_or_as_the_front() -> None:
    support = queue(ALICE, BOB)
    assert support.member("Front", at(3)).call_sid == ALICE
    assert (support.member(BOB, at(3)).position, support.member(BOB, at(3)).wait_time_s) == (2, 2)
    for nobody in (CAROL, ""):
        with pytest.raises(Refusal) as refused:
            support.member(nobody, at(3))
        assert refused.value.code == 20404


@given(st.lists(st.tuples(st.sampled_from(["enter", "leave", "take", "give back"]), st.sampled_from("abcde"))))
def test_whatever_happens_first_come_is_first_served(steps: list[tuple[str, str]]) -> None:
    """Against a list of names and a set of those who are taken."""
    support, waiting, taken = queue(), list[str](), set[str]()
    for step, name in steps:
        call_sid = Sid(name)
        if step == "enter" and name not in waiting:
            support.enter(call_sid, START)
            waiting.append(name)
        elif step == "leave":
            support.leave(call_sid)
            waiting = [other for other in waiting if other != name]
            taken.discard(name)
        elif step == "take":
            first = next((other for other in waiting if other not in taken), None)
            assert support.take() == first
            taken |= {first} if first else set()
        elif step == "give back":
            support.give_back(call_sid)
            taken.discard(name)
        assert order(support) == waiting
        assert len(support) == len(waiting)
