import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.tools.errors import RateLimited, TimedOut, ToolError
from mixminus.tools.policy import (
    MIGHT_HAPPEN_TWICE,
    NOT_AGAIN,
    OUT_OF_ATTEMPTS,
    OUT_OF_TIME,
    GiveUp,
    Policy,
    pause_before_next,
)

POLICY = Policy(deadline_s=10, attempts=5, first_pause_s=0.25, longest_pause_s=1.0)


def pause(
    failure: Exception, attempts: int = 1, left_s: float = 10, *, repeatable: bool = True, luck: float = 0.999
) -> float | GiveUp:
    return pause_before_next(POLICY, attempts, left_s, failure, repeatable=repeatable, luck=luck)


def test_the_ceiling_doubles_up_to_the_longest_pause() -> None:
    found = [pause(RateLimited(), attempts, luck=1.0) for attempts in (1, 2, 3, 4)]
    assert found == [0.25, 0.5, 1.0, 1.0]


@given(luck=st.floats(0, 1, exclude_max=True), attempts=st.integers(1, 4))
def test_the_jitter_is_full(luck: float, attempts: int) -> None:
    found = pause(TimedOut(), attempts, luck=luck)
    assert isinstance(found, float)
    assert found == luck * min(1.0, 0.25 * 2 ** (attempts - 1))


def test_a_crowd_that_was_refused_together_does_not_come_back_together() -> None:
    draw = random.Random(7).random
    found = {pause(RateLimited(retry_after_s=2.0), luck=draw()) for _ in range(100)}
    assert len(found) == 100
    assert all(isinstance(each, float) and each >= 2.0 for each in found)


@pytest.mark.parametrize(
    ("failure", "attempts", "left_s", "repeatable", "why"),
    [
        (ToolError("no"), 1, 10, True, NOT_AGAIN),
        (ValueError(), 1, 10, True, NOT_AGAIN),
        (TimedOut(), 1, 10, False, MIGHT_HAPPEN_TWICE),
        (RateLimited(), 5, 10, True, OUT_OF_ATTEMPTS),
        (RateLimited(retry_after_s=30), 1, 10, True, OUT_OF_TIME),
        (TimedOut(), 1, 0.0, True, OUT_OF_TIME),
    ],
)
def test_when_to_give_up(failure: Exception, attempts: int, left_s: float, repeatable: bool, why: GiveUp) -> None:
    assert pause(failure, attempts, left_s, repeatable=repeatable) is why


def test_what_must_happen_once_is_tried_again_after_a_refusal() -> None:
    assert isinstance(pause(RateLimited(), repeatable=False), float)
