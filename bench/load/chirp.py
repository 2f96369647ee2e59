"""The marker that survives any codec: 40 ms that glide between 500 and 2,800 Hz. It is found by correlation.

It says when, whether the room is even or odd, and whether the speaker is; the rest follows from the time, since a
room has one marker a second.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

SECONDS: Final = 0.04
LEVEL: Final = 20_000
KINDS: Final = 4

_LOW_HZ: Final = 500.0
_HIGH_HZ: Final = 2_800.0
_ALIKE: Final = 0.7
"""Of 1. Through Opus at 32 kbit/s it is 0.97; another kind is at most 0.6, speech 0.3."""
_LOUD: Final = LEVEL / 8
_SEARCH_HZ: Final = 16_000
"""No higher rate is searched: a sixteenth of a millisecond is exact enough."""


def kind_of(room: int, place: int) -> int:
    """Return the kind of marker that the phone at that place in a room says."""
    return 2 * (room % 2) + place % 2


def glide(rate_hz: int, kind: int) -> NDArray[np.float64]:
    """Return the samples, with a peak of 1: up, down, up and down, down and up."""
    along = np.arange(round(SECONDS * rate_hz)) / (SECONDS * rate_hz)
    height = along if kind < 2 else 1.0 - np.abs(2.0 * along - 1.0)
    if kind % 2:
        height = 1.0 - height
    phase = np.cumsum(_LOW_HZ + (_HIGH_HZ - _LOW_HZ) * height) / rate_hz
    return np.asarray(np.sin(2 * np.pi * phase) * np.hanning(len(along)) ** 0.25)


def find(sound: NDArray[np.int16], rate_hz: int, kind: int) -> list[int]:
    """Return where markers of that kind begin, in samples of *sound*."""
    step = max(1, rate_hz // _SEARCH_HZ)
    thin = sound[::step].astype(float)
    wanted = glide(rate_hz // step, kind)
    if len(thin) < len(wanted):
        return []
    size = len(thin) + len(wanted) - 1
    product = np.fft.irfft(np.fft.rfft(thin, size) * np.fft.rfft(wanted[::-1], size), size)[
        len(wanted) - 1 : len(thin)
    ]
    energy = np.cumsum(np.concatenate([[0.0], thin**2]))
    energy = np.maximum(energy[len(wanted) :] - energy[: -len(wanted)], len(wanted) * (_LOUD / 4) ** 2)
    likeness = product / np.sqrt(energy * np.sum(wanted**2))
    return [place * step for place in _peaks(likeness, len(wanted))]


def _peaks(likeness: NDArray[np.float64], apart: int) -> list[int]:
    """Return the best place of every stretch that is alike enough."""
    found: list[int] = []
    for place in np.flatnonzero(likeness > _ALIKE).tolist():
        if found and place - found[-1] < apart:
            if likeness[place] > likeness[found[-1]]:
                found[-1] = place
        else:
            found.append(place)
    return found
