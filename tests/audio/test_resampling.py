"""The filters between 8, 16, 24 and 48 kHz, by their spectra."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mixminus.audio import resampling
from mixminus.audio.resampling import TAIL_MS, Filter, lower_rate, raise_rate

Samples = NDArray[np.int16]

RISING = [
    (8, 16, resampling.NARROW_TO_WIDE),
    (8, 48, resampling.NARROW_TO_FULL),
    (16, 48, resampling.WIDE_TO_FULL),
    (24, 48, resampling.MIDDLE_TO_FULL),
]
FALLING = [
    (16, 8, resampling.WIDE_TO_NARROW),
    (48, 8, resampling.FULL_TO_NARROW),
    (48, 16, resampling.FULL_TO_WIDE),
    (48, 24, resampling.FULL_TO_MIDDLE),
]
ALL = pytest.mark.parametrize(
    ("from_khz", "to_khz", "taps"), RISING + FALLING, ids=[f"{a}-to-{b}" for a, b, _ in RISING + FALLING]
)
FRAMES = 20


def resampled(sound: Samples, from_khz: int, to_khz: int, taps: Filter) -> Samples:
    """Frame by frame, as the engine does."""
    frame, tail = 20 * from_khz, TAIL_MS * from_khz
    padded = np.concatenate([np.zeros(tail, np.int16), sound])
    target = np.zeros(20 * to_khz, np.int16)
    heard = []
    for at in range(0, len(sound), frame):
        (raise_rate if to_khz > from_khz else lower_rate)(padded[at : at + tail + frame], taps, target)
        heard.append(target.copy())
    return np.concatenate(heard)


def sine(hz: float, khz: int, peak: float = 12_000.0) -> Samples:
    time = np.arange(20 * khz * FRAMES) / (1000 * khz)
    return np.round(peak * np.sin(2 * np.pi * hz * time)).astype(np.int16)


def levels_db(sound: Samples, khz: int, peak: float = 12_000.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies, and levels relative to a sine of that peak, once everything has settled."""
    steady = sound[len(sound) // 4 :].astype(float)
    window = np.blackman(len(steady))
    spectrum = np.abs(np.fft.rfft(steady * window)) / (window.sum() / 2) / peak
    levels: NDArray[np.float64] = 20 * np.log10(spectrum + 1e-12)
    return np.asarray(np.fft.rfftfreq(len(steady), 0.001 / khz), np.float64), levels


def pass_hz(from_khz: int, to_khz: int) -> int:
    return {8: 3300, 16: 7000, 24: 11_000}[min(from_khz, to_khz)]


def stop_hz(from_khz: int, to_khz: int) -> int:
    return {8: 4700, 16: 9000, 24: 13_000}[min(from_khz, to_khz)]


@ALL
@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.95])
def test_the_pass_band_passes_and_nothing_else_appears(from_khz: int, to_khz: int, taps: Filter, part: float) -> None:
    hz = 50 * round(part * pass_hz(from_khz, to_khz) / 50)
    frequencies, levels = levels_db(resampled(sine(hz, from_khz), from_khz, to_khz, taps), to_khz)
    there = abs(frequencies - hz) < 60
    assert abs(levels[there].max()) < 0.7
    assert levels[~there].max() < -60


@pytest.mark.parametrize(("from_khz", "to_khz", "taps"), FALLING)
def test_what_the_lower_rate_cannot_hold_does_not_come_back_folded(from_khz: int, to_khz: int, taps: Filter) -> None:
    for hz in np.linspace(stop_hz(from_khz, to_khz), 500 * from_khz - 200, 9):
        _, levels = levels_db(resampled(sine(hz, from_khz), from_khz, to_khz, taps), to_khz)
        assert levels.max() < -60


@ALL
def test_the_delay_is_below_a_millisecond(from_khz: int, to_khz: int, taps: Filter) -> None:
    impulse = np.zeros(20 * from_khz, np.int16)
    impulse[5 * from_khz] = 20_000
    heard = resampled(impulse, from_khz, to_khz, taps).astype(float)
    centre_ms = float(np.sum(np.arange(len(heard)) * heard**2) / np.sum(heard**2)) / to_khz
    assert 0 < centre_ms - 5 < 1


@ALL
def test_a_constant_stays_what_it_is(from_khz: int, to_khz: int, taps: Filter) -> None:
    heard = resampled(np.full(20 * from_khz * 3, 10_000, np.int16), from_khz, to_khz, taps)
    assert np.abs(heard[20 * to_khz :].astype(int) - 10_000).max() < 250


@ALL
def test_full_scale_is_clipped_and_does_not_wrap(from_khz: int, to_khz: int, taps: Filter) -> None:
    square = np.where(np.arange(20 * from_khz * 3) // (10 * from_khz) % 2, 32767, -32768).astype(np.int16)
    heard = resampled(square, from_khz, to_khz, taps).astype(int)
    settled = np.where(np.arange(len(heard)) // (10 * to_khz) % 2, 1, -1)
    middle = (np.arange(len(heard)) % (10 * to_khz) > 3 * to_khz) & (np.arange(len(heard)) > 20 * to_khz)
    assert (heard[middle] * settled[middle] > 30_000).all()


@ALL
def test_the_kernel_equals_a_convolution(from_khz: int, to_khz: int, taps: Filter) -> None:
    sound = np.random.default_rng(3).integers(-20_000, 20_000, 20 * from_khz * 3).astype(np.int16)
    heard = resampled(sound, from_khz, to_khz, taps)
    if to_khz > from_khz:
        factor = to_khz // from_khz
        spread = np.zeros(len(sound) * factor)
        spread[::factor] = sound
        full = np.convolve(spread, taps[:, ::-1].T.reshape(-1))[: len(heard)]
    else:
        factor = from_khz // to_khz
        full = np.convolve(sound.astype(float), taps[::-1])[factor - 1 :: factor][: len(heard)]
    expected = np.clip(np.floor(full / (1 << 14) + 0.5), -32768, 32767)
    assert np.array_equal(heard, expected)
