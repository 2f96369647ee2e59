"""What calls cost."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.calls.prices import Tariff, micros_per_minute

RATES = (("+1", 0.01), ("+1900", 3.0), ("", 1.0))


@pytest.mark.parametrize(
    ("number", "micros"), [("+15550001111", 10_000), ("+19005550000", 3_000_000), ("+4930123456", 1_000_000)]
)
def test_the_longest_prefix_says_the_price(number: str, micros: int) -> None:
    assert micros_per_minute(number, RATES) == micros


def test_without_a_rate_there_is_no_price() -> None:
    assert micros_per_minute("+49", (("+1", 0.01),)) is None
    assert Tariff("t", None).price_micros(60) is None


@pytest.mark.parametrize(("talked_s", "micros"), [(None, 0), (0, 10), (1, 10), (60, 10), (61, 20)])
def test_a_begun_minute_counts(talked_s: int | None, micros: int) -> None:
    assert Tariff("t", 10).price_micros(talked_s) == micros


@given(st.integers(1, 10**7), st.integers(0, 10**9))
def test_a_call_of_the_time_that_can_be_paid_costs_no_more(per_minute: int, left: int) -> None:
    tariff = Tariff("t", per_minute)
    seconds = tariff.seconds_for(left)
    if seconds:
        assert (tariff.price_micros(int(seconds)) or 0) <= left
    assert tariff.seconds_for(math.inf) == Tariff("t", 0).seconds_for(5) == math.inf
