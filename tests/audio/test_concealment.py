import numpy as np
import pytest

from mixminus.audio.concealment import FADE_SAMPLES, STEADY_SAMPLES, concealed, pitch_lag
from mixminus.audio.tones import tone


@pytest.mark.parametrize("hz", [100.0, 160.0, 200.0, 250.0])
def test_the_lag_is_a_whole_number_of_pitch_periods(hz: float) -> None:
    history = tone((hz,), duration_ms=20)
    lag, voiced = pitch_lag(history, 160)
    assert voiced
    periods = lag * hz / 8000
    assert periods == pytest.approx(round(periods), abs=0.02)
    assert periods >= 0.99


def test_what_is_made_up_goes_on_in_the_pitch_and_fades_in_60_ms() -> None:
    want = tone((200.0,), duration_ms=100)
    work = want.copy()
    work[160:] = 0
    lag, _ = pitch_lag(work, 160)
    for run, at in enumerate(range(160, len(work)), start=1):
        work[at] = concealed(work, at, lag, run)
    gain = np.clip((FADE_SAMPLES - np.arange(1, len(work) - 159)) / (FADE_SAMPLES - STEADY_SAMPLES), 0, 1)
    assert np.abs(work[160:] - want[160:] * gain).max() < 0.05 * np.abs(want).max()
    assert not work[160 + FADE_SAMPLES :].any()


def test_silence_goes_on_as_silence() -> None:
    history = np.zeros(161, np.int16)
    assert concealed(history, 160, pitch_lag(history, 160)[0], 1) == 0
