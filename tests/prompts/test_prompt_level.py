"""Loudness of prompts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.prompts.level import PEAK, active_rms, levelled


def noise(rms: float, seconds: float = 1.0) -> np.ndarray:
    return np.random.default_rng(1).normal(0, rms, round(8000 * seconds)).clip(-32768, 32767).astype(np.int16)


def dbfs(rms: float) -> float:
    return float(20 * np.log10(rms / 32768))


@pytest.mark.parametrize("rms", [50, 800, 4000])
def test_speech_is_brought_to_the_level_asked_for(rms: float) -> None:
    assert dbfs(active_rms(levelled(noise(rms), -18.0))) == pytest.approx(-18.0, abs=0.2)


def test_pauses_do_not_count() -> None:
    spoken = noise(1000)
    paused = np.concatenate([spoken, np.zeros(80_000, np.int16)])
    assert active_rms(paused) == pytest.approx(active_rms(spoken))


def test_silence_stays_silence() -> None:
    assert not levelled(np.zeros(1000, np.int16), -18.0).any()
    assert not levelled(np.zeros(0, np.int16), -18.0).any()


@given(st.lists(st.integers(-32768, 32767), min_size=160, max_size=480), st.floats(-40, 0))
def test_nothing_ever_clips(values: list[int], target_dbfs: float) -> None:
    out = levelled(np.array(values, np.int16), target_dbfs)
    assert np.abs(out.astype(int)).max() <= max(PEAK, 0)
