"""Keys that come in the audio, by INFO, or both ways at once."""

import pytest

from mixminus.app.calls.key_ways import KeyWays


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ("a1 a2 a2", "122"),
        ("i1 i2 i2", "122"),
        ("a1 i1 a2 i2 a2 i2", "122"),
        ("i1 a1 i2 a2 a2 i2", "122"),
        ("a1 i2 i1", "121"),
    ],
)
def test_a_key_counts_once(told: str, counted: str) -> None:
    ways = KeyWays()
    steps = [(step[0], step[1]) for step in told.split()]
    heard = [key for way, key in steps if (ways.heard(7, key) if way == "a" else ways.told(7, key))]
    assert "".join(heard) == counted


def test_a_leg_that_is_gone_leaves_no_habit_behind() -> None:
    ways = KeyWays()
    assert ways.told(7, "1")
    ways.forget(7)
    assert ways.heard(7, "1")
