"""Sines: beeps, ringback."""

import numpy as np

from mixminus.audio.frames import FULL_SCALE, RATE_HZ, Samples, samples_of


def tone(frequencies_hz: tuple[float, ...], duration_ms: int, level_dbfs: float = -12.0) -> Samples:
    """Equal sines added up; `level_dbfs` is the sum's greatest possible peak, and never above full scale."""
    time_s = np.arange(samples_of(duration_ms)) / RATE_HZ
    if not frequencies_hz:
        return np.zeros(len(time_s), np.int16)
    peak = FULL_SCALE * 10 ** (min(level_dbfs, 0.0) / 20)
    wave = sum(np.sin(2 * np.pi * hz * time_s) for hz in frequencies_hz) / len(frequencies_hz)
    return np.asarray(np.round(peak * wave), np.int16)
