"""What is no speech, or hardly: coughs, clicks, hiss, hold music. All from a seed, at 8 kHz."""

from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.speech import LEVEL_DBFS, Samples, levelled, read

RATE_HZ: Final = 8_000

Signal = NDArray[np.float64]


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE_HZ), np.int16)


def joined(*parts: Samples) -> Samples:
    return np.concatenate(parts)


def cough(draw: np.random.Generator) -> Samples:
    """One to three coughs: a burst of noise, a hoarse tail, and in most a short voiced end (Korpáš, 1996)."""
    parts: list[Signal] = []
    for _ in range(draw.integers(1, 4)):
        burst = _band(draw, draw.uniform(0.03, 0.06), 300, 3_800) * 3.0
        tail = _band(draw, draw.uniform(0.12, 0.22), 250, 2_500) * 1.4
        parts += [_fading(burst, 0.8), _fading(tail, 0.15)]
        if draw.random() < 0.7:
            parts.append(_fading(_voiced(draw, draw.uniform(0.05, 0.12)), 0.1))
        parts.append(np.zeros(round(draw.uniform(0.1, 0.25) * RATE_HZ)))
    return levelled(np.concatenate(parts) * 2_000, LEVEL_DBFS)


def knock(draw: np.random.Generator) -> Samples:
    """Something is put on a table, a door falls shut: one to three short, low bursts."""
    parts: list[Signal] = []
    for _ in range(draw.integers(1, 4)):
        parts += [_fading(_band(draw, draw.uniform(0.05, 0.15), 100, 1_200), 0.02)]
        parts.append(np.zeros(round(draw.uniform(0.08, 0.3) * RATE_HZ)))
    return levelled(np.concatenate(parts) * 4_000, LEVEL_DBFS)


def music(draw: np.random.Generator, seconds: float) -> Samples:
    """Some of the package's hold music."""
    with resources.as_file(resources.files("mixminus.prompts") / "music" / "hold-music.flac") as path:
        whole = levelled(read(path))
    begin = int(draw.integers(0, len(whole) - round(seconds * RATE_HZ)))
    return whole[begin : begin + round(seconds * RATE_HZ)]


def hiss(draw: np.random.Generator, samples: int, below_speech_db: float) -> Samples:
    """A room's noise, falling with frequency, so far below the level of speech."""
    spectrum = np.fft.rfft(draw.standard_normal(samples))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, samples)
    level = 32_767 * 10 ** ((LEVEL_DBFS - below_speech_db) / 20)
    return np.asarray(np.round(noise / np.sqrt((noise**2).mean()) * level), np.int16)


def _band(draw: np.random.Generator, seconds: float, low_hz: float, high_hz: float) -> Signal:
    samples = round(seconds * RATE_HZ)
    spectrum = np.fft.rfft(draw.standard_normal(samples))
    hertz = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    spectrum[(hertz < low_hz) | (hertz > high_hz)] = 0
    return np.fft.irfft(spectrum, samples)


def _voiced(draw: np.random.Generator, seconds: float) -> Signal:
    """A hoarse voice's last puff: harmonics that fall, and noise."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pitch = draw.uniform(180, 320) * (1 - 0.25 * at / max(seconds, 1e-3))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    tone = sum(np.sin(n * phase) / n for n in range(1, 9))
    return np.asarray(0.5 * tone + 0.5 * _band(draw, seconds, 250, 2_500)[: len(at)])


def _fading(sound: Signal, to: float) -> Signal:
    return sound * np.geomspace(1.0, to, len(sound))
