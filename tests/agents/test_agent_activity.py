import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.agents.activity import WINDOW_S, Activity, Change
from mixminus.agents.doubling import SIDE, Doubler

SPEECH, DOUBT, NOTHING = 0.9, 0.4, 0.05


def changes(probabilities: list[float], pause_s: float = 0.2) -> list[tuple[int, Change]]:
    activity = Activity(0.07)
    found = [activity.window(probability, pause_s) for probability in probabilities]
    return [(at, change) for at, change in enumerate(found) if change]


def test_two_windows_of_speech_begin_a_sound_and_six_of_silence_end_it() -> None:
    assert changes([NOTHING, SPEECH, SPEECH, *[NOTHING] * 9]) == [(2, Change.BEGAN), (8, Change.ENDED)]


def test_a_click_is_no_speech() -> None:
    assert changes([SPEECH, NOTHING, NOTHING, SPEECH, NOTHING, NOTHING]) == []


def test_a_doubt_inside_a_word_counts_as_the_word() -> None:
    assert changes([SPEECH, DOUBT, SPEECH])[0] == (2, Change.BEGAN)
    assert changes([SPEECH, SPEECH, *[DOUBT] * 20]) == [(1, Change.BEGAN)]


def test_less_patience_ends_it_sooner() -> None:
    assert changes([SPEECH, SPEECH, *[NOTHING] * 9], pause_s=0.13)[1] == (5, Change.ENDED)


@given(st.lists(st.floats(0, 1), max_size=200))
def test_beginnings_and_ends_take_turns_and_speech_is_counted(probabilities: list[float]) -> None:
    activity, expected = Activity(0.07), Change.BEGAN
    for probability in probabilities:
        change = activity.window(probability, 0.2)
        if change:
            assert change is expected
            expected = Change.ENDED if change is Change.BEGAN else Change.BEGAN
            assert activity.spoken_s >= 2 * WINDOW_S - 1e-9


@pytest.mark.parametrize("pieces", [1, 7, 160])
def test_doubling_does_not_care_how_the_stream_is_cut(pieces: int) -> None:
    sound = np.random.default_rng(1).integers(-9_000, 9_000, 1_120).astype(np.int16)
    doubler = Doubler()
    cut = np.concatenate([doubler.double(piece) for piece in np.split(sound, len(sound) // pieces)])
    assert np.array_equal(cut, Doubler().double(sound))


def test_doubling_keeps_the_old_samples_and_puts_the_new_ones_between() -> None:
    time = np.arange(800) / 8_000
    sound = np.round(10_000 * np.sin(2 * np.pi * 700 * time)).astype(np.int16)
    doubled = Doubler().double(sound)
    assert np.array_equal(doubled[2 * SIDE :: 2], sound[: len(sound) - SIDE])
    later = np.arange(1_600) / 16_000 - SIDE / 8_000
    assert np.abs(doubled - 10_000 * np.sin(2 * np.pi * 700 * later))[100:].max() < 30


def test_loud_samples_are_clipped_not_wrapped() -> None:
    square = np.repeat(np.array([32_767, -32_768], np.int16), 40)
    doubled = Doubler().double(np.tile(square, 4)).astype(int)
    assert np.abs(np.diff(doubled)).max() <= 65_535
    assert (np.sign(doubled[2 * SIDE + 20 : 2 * SIDE + 60]) >= 0).all()
