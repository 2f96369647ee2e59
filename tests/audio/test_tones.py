import numpy as np
import pytest

from mixminus.audio.tones import tone


def test_a_tone_has_its_frequency_and_its_level() -> None:
    samples = tone((440.0,), duration_ms=1000, level_dbfs=-6.0)
    spectrum = np.abs(np.fft.rfft(samples.astype(float))) / (len(samples) / 2)
    assert np.argmax(spectrum) == 440
    assert 20 * np.log10(spectrum[440] / 32767) == pytest.approx(-6.0, abs=0.01)


@pytest.mark.parametrize("level_dbfs", [0.0, 20.0])
def test_the_sum_of_sines_never_wraps(level_dbfs: float) -> None:
    samples = tone((300.0, 400.0, 500.0), duration_ms=500, level_dbfs=level_dbfs).astype(int)
    assert samples.max() <= 32767
    assert samples.min() >= -32767
    assert np.abs(np.diff(samples)).max() < 20_000


def test_no_frequencies_are_silence_of_that_length() -> None:
    assert tone((), duration_ms=20).tolist() == [0] * 160
