"""Loss, jitter and whispers, by values: no socket, no clock."""

import numpy as np
import pytest
from bench.load import arrays, kernels, results
from bench.load.scenario import Scenario

SERVER = ("127.0.0.1", 5060)


def test_draws_are_even_and_the_same_in_every_run() -> None:
    one, other = (arrays.make_legs(Scenario(SERVER, ("a",))) for _ in range(2))
    drawn = np.array([kernels.draw(one, 0) for _ in range(20_000)])
    assert (drawn[:50] == [kernels.draw(other, 0) for _ in range(50)]).all()
    assert ((drawn >= 0) & (drawn < 1)).all()
    assert np.histogram(drawn, 10, (0, 1))[0] == pytest.approx(np.full(10, 2_000), rel=0.1)


def test_a_packet_that_is_held_back_waits_in_the_wheel_and_a_full_slot_delays_nobody() -> None:
    legs = arrays.make_legs(Scenario(SERVER, ("a",), jitter_ms=30))
    places = legs.wheel_leg.shape[1]
    for _ in range(places + 1):
        kernels.hold_back(legs, 0, 130, 125)
    assert legs.wheel_count[130 % arrays.WHEEL_SLOTS] == places
    assert legs.phones[0]["send_failed"] == 1  # went at once, to a socket that this test does not have


def test_a_phone_that_hung_up_sends_nothing_of_what_was_held_back() -> None:
    legs = arrays.make_legs(Scenario(SERVER, ("a",), jitter_ms=30))
    kernels.hold_back(legs, 0, 5, 1)
    kernels.send_held_back(legs, 5)
    assert (legs.phones[0]["send_failed"], legs.wheel_count[5]) == (0, 0)


def window_of(coach: int | None, heard: list[tuple[int, int]]) -> results.Window:
    """One room of 3 in which leg 1 spoke one marker, and who heard whom."""
    scenario = Scenario(SERVER, ("a",), coach=coach, coachee=None if coach is None else 2)
    legs = arrays.make_legs(scenario)
    legs.phones["live"] = 1
    legs.spoken[0] = 1, 50
    legs.tally[arrays.SPOKEN], legs.tally[arrays.HEARD] = 1, len(heard)
    for at, (listener, speaker) in enumerate(heard):
        legs.heard[at] = listener, speaker, 10, 60
    empty = dict.fromkeys(arrays.COUNTERS, 0)
    before, after = (results.Snapshot(ns, empty, legs.deviation, legs.lateness, 0) for ns in (0, 100))
    return results.window(legs, scenario, before, after, 0, 3.0)


def test_a_whisper_that_the_coachee_hears_is_right_and_for_nobody_else() -> None:
    window = window_of(1, [(2, 1), (0, 1)])
    assert (window.markers_expected, window.markers_heard, window.leaked_whispers) == (1, 1, 1)


def test_without_a_coach_everybody_hears_everybody() -> None:
    window = window_of(None, [(2, 1), (0, 1)])
    assert (window.markers_expected, window.markers_heard, window.leaked_whispers) == (2, 2, 0)
