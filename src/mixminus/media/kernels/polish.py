"""What makes a voice easier to hear, for legs that it was asked for: less noise, an even level.

Noise suppression is a spectral gate: windows of 40 ms that overlap by half, and in each band less of what is always
there. It delays the leg by 20 ms. Gain control is slow, and stands still while nobody speaks.
"""

from math import cos, log10, pi, sin
from typing import Final

import numpy as np

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.kernels.silence import note_silence
from mixminus.media.state import F64, FFT_SIZE, I16, I32, NOISE_BANDS, Mixing, Polish

TARGET_DB: Final = 67.3
"""Of 16-bit samples squared: -23 dBFS, where telephone speech usually is."""
MOST_GAIN_DB: Final = 12.0
SPEECH_DB: Final = 45.0
"""-45 dBFS: below that, nobody speaks."""
RISE_DB: Final = 0.06
FALL_DB: Final = 0.2
"""A tick: 3 dB a second louder, 10 dB a second softer."""

LEAST_GAIN: Final = 0.18
"""Noise is taken down by 15 dB, not to nothing: silence sounds like a line that is dead."""
OVERSUBTRACTION: Final = 1.6
NOISE_RISE: Final = 1.004
"""A tick: what goes on for long is noise, 0.9 dB a second."""
SMOOTHING: Final = 0.15
"""The power of noise in one band differs from frame to frame by 6 dB; averaged like this, by 1."""
ONSET: Final = 0.25
RELEASE: Final = 0.6
"""A band that was open closes over some ticks: bands that flutter sing."""

_TINY: Final = 1.0


def half_sine() -> F64:
    """The square root of a Hann window: once before the transform, once behind it."""
    return np.asarray(np.sin(np.pi * (np.arange(2 * FRAME_SAMPLES) + 0.5) / (2 * FRAME_SAMPLES)))


@kernel
def transform(real: F64, imaginary: F64, direction: float) -> None:
    """Fourier's, in place, of a power of two, not scaled (Cooley and Tukey, radix 2). *direction*: -1; 1: back."""
    size = len(real)
    j = 0
    for i in range(1, size):
        bit = size >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j ^= bit
        if i < j:
            real[i], real[j] = real[j], real[i]
            imaginary[i], imaginary[j] = imaginary[j], imaginary[i]
    length = 2
    while length <= size:
        angle = direction * 2.0 * pi / length
        step_re, step_im = cos(angle), sin(angle)
        half = length >> 1
        for start in range(0, size, length):
            turn_re, turn_im = 1.0, 0.0
            for k in range(start, start + half):
                re = real[k + half] * turn_re - imaginary[k + half] * turn_im
                im = real[k + half] * turn_im + imaginary[k + half] * turn_re
                real[k + half], imaginary[k + half] = real[k] - re, imaginary[k] - im
                real[k] += re
                imaginary[k] += im
                turn_re, turn_im = turn_re * step_re - turn_im * step_im, turn_re * step_im + turn_im * step_re
        length <<= 1


@kernel
def gate(polish: Polish, row: int, real: F64, imaginary: F64) -> None:
    """Take noise out of each band of a spectrum."""
    for band in range(NOISE_BANDS):
        power = real[band] * real[band] + imaginary[band] * imaginary[band] + _TINY
        noise, steady = polish.noise[row, band], polish.power[row, band]
        steady = power if noise == 0.0 else steady + SMOOTHING * (power - steady)
        polish.power[row, band] = steady
        noise = steady if noise == 0.0 or steady < noise else min(steady, noise * NOISE_RISE)
        polish.noise[row, band] = noise
        # Speech begins at once, so one strong frame opens the band; what is left of noise is as often weak as strong.
        present = max(steady, ONSET * power)
        wanted = max(LEAST_GAIN, 1.0 - OVERSUBTRACTION * (noise / present) ** 0.5)
        last = polish.band_gain[row, band]
        gain = wanted if wanted > last else last * RELEASE + wanted * (1.0 - RELEASE)
        polish.band_gain[row, band] = gain
        real[band] *= gain
        imaginary[band] *= gain
        if 0 < band < NOISE_BANDS - 1:
            real[FFT_SIZE - band] *= gain
            imaginary[FFT_SIZE - band] *= gain


@kernel
def suppress_noise(polish: Polish, row: int, frame: I16, window: F64, real: F64, imaginary: F64) -> None:
    """One frame in, the one before it out, with less noise."""
    real[:] = 0.0
    imaginary[:] = 0.0
    for i in range(FRAME_SAMPLES):
        real[i] = polish.before[row, i] * window[i]
        real[FRAME_SAMPLES + i] = frame[i] * window[FRAME_SAMPLES + i]
        polish.before[row, i] = frame[i]
    transform(real, imaginary, -1.0)
    gate(polish, row, real, imaginary)
    transform(real, imaginary, 1.0)
    for i in range(FRAME_SAMPLES):
        out = real[i] / FFT_SIZE * window[i] + polish.overlap[row, i]
        polish.overlap[row, i] = real[FRAME_SAMPLES + i] / FFT_SIZE * window[FRAME_SAMPLES + i]
        frame[i] = int(min(32767.0, max(-32768.0, out)))


@kernel
def level_of(frame: I16) -> float:
    """In dB of a sample squared."""
    energy = 0.0
    for i in range(len(frame)):
        energy += float(frame[i]) * float(frame[i])
    return 10.0 * log10(energy / len(frame) + 1.0)


@kernel
def control_gain(polish: Polish, row: int, frame: I16) -> None:
    """Bring the voice to the usual level, slowly."""
    level_db, before_db = level_of(frame), float(polish.gain_db[row])
    gain_db = before_db
    if level_db > SPEECH_DB:
        # Loud frames of speech make its level; the soft ones between them are to stay soft.
        loud_db = max(level_db, polish.loud_db[row] - 0.1)
        polish.loud_db[row] = loud_db
        wish = min(MOST_GAIN_DB, max(-MOST_GAIN_DB, TARGET_DB + 3.0 - loud_db))
        gain_db = before_db + min(RISE_DB, max(-FALL_DB, wish - before_db))
        polish.gain_db[row] = gain_db
    start, end = 10.0 ** (before_db / 20.0), 10.0 ** (gain_db / 20.0)
    for i in range(len(frame)):
        gain = start + (end - start) * i / len(frame)
        frame[i] = int(min(32767.0, max(-32768.0, frame[i] * gain)))


@kernel
def polish_voices(
    rows: I32, legs: int, polish: Polish, mixing: Mixing, window: F64, real: F64, imaginary: F64
) -> None:
    """One tick of the first *legs* of *rows*. `window`: `half_sine`; `real`, `imaginary`: scratch, 512 long."""
    for n in range(legs):
        row = rows[n]
        frame = mixing.said[row]
        if polish.suppresses[row] == 1:
            suppress_noise(polish, row, frame, window, real, imaginary)
        if polish.levels[row] == 1:
            control_gain(polish, row, frame)
        note_silence(mixing, row)
