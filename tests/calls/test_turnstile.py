"""Limits of a trunk: how many calls at once, how many a second."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from mixminus.calls.turnstile import Turnstile


def test_without_limits_everybody_enters() -> None:
    turnstile = Turnstile(0, 0.0)
    assert all(turnstile.enter(0.0) for _ in range(100))


def test_beyond_the_most_calls_somebody_must_leave() -> None:
    turnstile = Turnstile(2, 0.0)
    assert [turnstile.enter(0.0) for _ in range(3)] == [True, True, False]
    assert not turnstile.is_open(1e9)
    turnstile.leave()
    assert turnstile.enter(0.0)


@given(per_second=st.floats(0.2, 20), tries=st.lists(st.floats(0, 0.3), max_size=80))
def test_in_no_second_there_are_more_than_allowed(per_second: float, tries: list[float]) -> None:
    turnstile, now, entered = Turnstile(0, per_second), 0.0, []
    for pause in tries:
        now += pause
        if turnstile.enter(now):
            entered.append(now)
    assert all(later - earlier >= 1 / per_second - 1e-9 for earlier, later in itertools.pairwise(entered))


def test_it_says_when_to_try_again() -> None:
    turnstile = Turnstile(0, 0.5)
    assert turnstile.enter(10.0)
    assert not turnstile.enter(11.9)
    assert turnstile.opens_at == 12.0
    assert turnstile.enter(12.0)
