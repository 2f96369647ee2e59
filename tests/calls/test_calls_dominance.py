"""Who has the floor."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mixminus.base.types import Sid
from mixminus.calls.dominance import LEAST_S, Dominance

ALICE, BOB, CAROL = Sid("CA1"), Sid("CA2"), Sid("CA3")


def test_the_first_who_speaks_has_the_floor_until_silent() -> None:
    floor = Dominance()
    floor.started(ALICE, 0.0)
    assert floor.settle(0.0) == ALICE
    floor.started(BOB, 1.0)
    assert floor.settle(1.0) is None
    floor.stopped(ALICE)
    assert floor.settle(2.0) == BOB


def test_of_several_it_goes_to_who_has_spoken_longest() -> None:
    floor = Dominance()
    for at, who in enumerate((ALICE, CAROL, BOB)):
        floor.started(who, float(at))
    assert floor.settle(3.0) == ALICE
    floor.stopped(ALICE)
    assert floor.settle(4.0) == CAROL


def test_who_had_it_last_and_speaks_again_is_no_news() -> None:
    floor = Dominance()
    floor.started(ALICE, 0.0)
    floor.settle(0.0)
    floor.stopped(ALICE)
    floor.started(ALICE, 2.0)
    assert floor.settle(2.0) is None


def test_a_change_within_half_a_second_waits() -> None:
    floor = Dominance()
    floor.started(ALICE, 0.0)
    floor.settle(0.0)
    floor.stopped(ALICE)
    floor.started(BOB, 0.125)
    assert floor.settle(0.125) is None
    assert floor.wait_s(0.125) == LEAST_S - 0.125
    assert floor.settle(LEAST_S) == BOB
    assert floor.wait_s(LEAST_S) is None


@given(st.lists(st.tuples(st.sampled_from([ALICE, BOB, CAROL]), st.booleans(), st.floats(0, 0.3)), max_size=60))
def test_there_are_never_more_than_two_changes_a_second(steps: list[tuple[Sid, bool, float]]) -> None:
    floor, now, changes = Dominance(), 0.0, list[float]()
    for who, starts, later in steps:
        now += later
        if starts:
            floor.started(who, now)
        else:
            floor.stopped(who)
        if floor.settle(now) is not None:
            changes.append(now)
    assert all(later - earlier >= LEAST_S - 1e-9 for earlier, later in pairwise(changes))
