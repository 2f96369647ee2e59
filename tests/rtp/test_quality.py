"""The estimate of how good a call sounds."""

import pytest

from mixminus.rtp.quality import mean_opinion, mos, transmission_rating


def test_g107_a_perfect_call_has_r_93_and_mos_4_4() -> None:
    assert transmission_rating(0.0, 0.0) == 93.2
    assert mos(0.0, 0.0) == pytest.approx(4.41, abs=0.01)


@pytest.mark.parametrize(("rating", "score"), [(0, 1.0), (50, 2.58), (60, 3.10), (70, 3.60), (80, 4.03), (90, 4.34)])
def test_g107_annex_b_the_table_of_r_and_mos(rating: float, score: float) -> None:
    assert mean_opinion(rating) == pytest.approx(score, abs=0.01)


def test_loss_and_delay_only_ever_make_it_worse() -> None:
    by_loss = [mos(percent / 100, 50) for percent in range(101)]
    by_delay = [mos(0.0, delay) for delay in range(0, 1000, 10)]
    assert by_loss == sorted(by_loss, reverse=True)
    assert by_delay == sorted(by_delay, reverse=True)
    assert 1.0 <= by_loss[-1] < 1.5


def test_g113_one_percent_of_concealed_loss_is_hardly_heard_and_ten_are() -> None:
    assert 4.2 < mos(0.01, 0) < 4.4
    assert 2.9 < mos(0.1, 0) < 3.6
