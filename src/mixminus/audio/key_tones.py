"""The tones of telephone keys (ITU-T Q.23), made and found."""

from math import cos, pi
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_SAMPLES, FULL_SCALE, RATE_HZ, Samples

LOW_HZ: Final = (697, 770, 852, 941)
HIGH_HZ: Final = (1209, 1336, 1477, 1633)
KEYPAD: Final = "123A456B789C*0#D"
"""Row by row; a key sounds its row's low tone and its column's high one."""

LOW_DBFS: Final = -16.0
HIGH_DBFS: Final = -14.0
"""Peak levels: about -10 and -8 dBm0, the high tone 2 dB above the low one, as telephones do (Q.23)."""

NO_KEY: Final = -1

LEAST_LEVEL: Final = 250.0
"""RMS: -42 dBFS. Q.24 has receivers take -25 dBm a tone, which is louder."""
LEAST_SHARE: Final = 0.82
"""Of the energy, in the two tones. Speech puts that much into two frequencies for 20 ms, but hardly for 30."""
MOST_LOW_TWIST: Final = 8.0
MOST_HIGH_TWIST: Final = 4.0
"""The low tone may be 9 dB above the high one, the high one 6 dB above the low one (Q.24: 4 to 10 and 4 to 10)."""
MOST_OF_ANOTHER: Final = 0.2
"""Another tone of the same group, in parts of the strongest: its neighbour's side lobe has 0.05."""
OFF_FREQUENCY: Final = 0.012
"""Q.24: tones that are up to 1.5 % off are taken, those more than 3.5 % off are not. We look there, too."""

_FREQUENCIES: Final = np.array([*LOW_HZ, *HIGH_HZ], np.float64)


def key_tone(key: str, frames: int) -> Samples:
    """A key's two tones, as frames of 20 ms: shape (frames, 160)."""
    place = KEYPAD.index(key)
    time_s = np.arange(frames * FRAME_SAMPLES) / RATE_HZ
    low, high = LOW_HZ[place // 4], HIGH_HZ[place % 4]
    wave = 10 ** (LOW_DBFS / 20) * np.sin(2 * np.pi * low * time_s)
    wave += 10 ** (HIGH_DBFS / 20) * np.sin(2 * np.pi * high * time_s)
    return np.asarray(np.round(FULL_SCALE * wave), np.int16).reshape(frames, FRAME_SAMPLES)


@kernel
def energy_at(window: Samples, hz: float) -> float:
    """How much of the window's energy a sine of that frequency makes up (Goertzel's algorithm)."""
    turn = 2.0 * cos(2.0 * pi * hz / RATE_HZ)
    last, before = 0.0, 0.0
    for i in range(len(window)):
        last, before = window[i] + turn * last - before, last
    return (last * last + before * before - turn * last * before) * 2.0 / len(window)


@kernel
def group_energies(window: Samples, frequencies: NDArray[np.float64], levels: NDArray[np.float64]) -> None:
    """`energy_at` of four frequencies at once: each one's steps wait for each other, those of four do not."""
    turn_a, turn_b = 2.0 * cos(2.0 * pi * frequencies[0] / RATE_HZ), 2.0 * cos(2.0 * pi * frequencies[1] / RATE_HZ)
    turn_c, turn_d = 2.0 * cos(2.0 * pi * frequencies[2] / RATE_HZ), 2.0 * cos(2.0 * pi * frequencies[3] / RATE_HZ)
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    a_before, b_before, c_before, d_before = 0.0, 0.0, 0.0, 0.0
    for i in range(len(window)):
        sample = float(window[i])
        a, a_before = sample + turn_a * a - a_before, a
        b, b_before = sample + turn_b * b - b_before, b
        c, c_before = sample + turn_c * c - c_before, c
        d, d_before = sample + turn_d * d - d_before, d
    scale = 2.0 / len(window)
    levels[0] = (a * a + a_before * a_before - turn_a * a * a_before) * scale
    levels[1] = (b * b + b_before * b_before - turn_b * b * b_before) * scale
    levels[2] = (c * c + c_before * c_before - turn_c * c * c_before) * scale
    levels[3] = (d * d + d_before * d_before - turn_d * d * d_before) * scale


@kernel
def nearby_energy(window: Samples, hz: float, energy: float) -> float:
    """The greatest of *energy*, at that frequency, and a little beside it."""
    below, above = energy_at(window, hz * (1.0 - OFF_FREQUENCY)), energy_at(window, hz * (1.0 + OFF_FREQUENCY))
    return max(energy, max(below, above))


@kernel
def strongest(levels: NDArray[np.float64]) -> int:
    """Which of the four tones of a group sounds alone, or -1."""
    best = 0
    for n in range(1, 4):
        if levels[n] > levels[best]:
            best = n
    for n in range(4):
        if n != best and levels[n] > MOST_OF_ANOTHER * levels[best]:
            return NO_KEY
    return best


@kernel
def key_in(window: Samples, frequencies: NDArray[np.float64], levels: NDArray[np.float64]) -> int:
    """The key that sounds in 20 ms, as its place on the keypad; -1: none.

    `frequencies` are the eight tones, `levels` as much scratch.
    """
    total = 0.0
    for i in range(len(window)):
        total += float(window[i]) * float(window[i])
    if total < LEAST_LEVEL * LEAST_LEVEL * len(window):
        return NO_KEY
    group_energies(window, frequencies[:4], levels[:4])
    group_energies(window, frequencies[4:], levels[4:])
    row, column = strongest(levels[:4]), strongest(levels[4:])
    if row < 0 or column < 0 or levels[row] + levels[4 + column] < 0.5 * LEAST_SHARE * total:
        return NO_KEY
    low = nearby_energy(window, frequencies[row], levels[row])
    high = nearby_energy(window, frequencies[4 + column], levels[4 + column])
    if low + high < LEAST_SHARE * total or low > MOST_LOW_TWIST * high or high > MOST_HIGH_TWIST * low:
        return NO_KEY
    return 4 * row + column


def tones() -> NDArray[np.float64]:
    """The eight frequencies, low group first, for `key_in`."""
    return _FREQUENCIES.copy()
