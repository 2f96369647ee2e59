"""What a click looks like, and how late a sound is: a voice-like sound whose every sample is known, and two judges.

The sound is periodic (one pitch), so that a splice of whole periods cannot be told from none, and any other one can:
a step bends it (`roughness`), and a splice that is smooth but not a whole period moves its phase (`phase_jump`).
Its loudness follows a slow code that says which moment of the sound is heard (`heard_at_s`).
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
Wave = NDArray[np.float64]

RATE_HZ: Final = 8000
PERIOD: Final = 64
"""Of 125 Hz, a low voice."""
CYCLE_S: Final = 4
"""After so long the sound repeats itself."""
_HARMONICS: Final = (1, 2, 3, 4, 6)
_PEAK: Final = 1500.0
_BEND_SAMPLES: Final = 16
_PHASE_SAMPLES: Final = 2 * PERIOD
CLICK: Final = 1.5
"""So many times the greatest bend of the clean sound."""
JUMP_RAD: Final = 0.25
"""A 25th of a period; the clean sound moves by 0.01."""


def song() -> Samples:
    """One cycle: seamless when it is repeated. Never quieter than half as loud, so that a hole is a hole."""
    at = np.arange(CYCLE_S * RATE_HZ) / RATE_HZ
    wave = sum(np.sin(2 * np.pi * n * at * RATE_HZ / PERIOD) / n for n in _HARMONICS)
    return np.asarray(np.round(_PEAK * envelope(at) * wave), np.int16)


def envelope(at_s: Wave) -> Wave:
    """Loudness at a time: three slow sines, so that no stretch of a second is like another one."""
    turns = 2 * np.pi * at_s / CYCLE_S
    slow = np.sin(3 * turns) + np.sin(7 * turns + 1) + np.sin(12 * turns + 2)
    return np.asarray(0.75 + 0.25 * slow / 3)


def bends(sound: Samples) -> Wave:
    """The energy of the second difference within 2 ms, from each sample on: a step is a peak, a curve is none."""
    energy = np.diff(sound.astype(float), 2) ** 2
    sums = np.cumsum(np.concatenate([[0.0], energy]))
    return np.asarray(np.sqrt(np.maximum(0.0, sums[_BEND_SAMPLES:] - sums[:-_BEND_SAMPLES]) / _BEND_SAMPLES))


def phases(sound: Samples) -> Wave:
    """Of the pitch, over two periods each half period."""
    steps = np.lib.stride_tricks.sliding_window_view(sound.astype(float), _PHASE_SAMPLES)[:: PERIOD // 2]
    turning = np.exp(-2j * np.pi * np.arange(_PHASE_SAMPLES) / PERIOD)
    # Every second window begins half a period later in the turn.
    begun = np.exp(-1j * np.pi * np.arange(len(steps)))
    return np.asarray(np.angle((steps @ turning) * begun))


def phase_jumps(sound: Samples) -> Wave:
    """By how much the phase moved between windows that do not overlap, in radians, never negative."""
    found = phases(sound)
    apart = found[5:] - found[:-5]
    return np.asarray(np.abs(np.angle(np.exp(1j * apart))))


def clicks(sound: Samples, clean: float) -> list[float]:
    """When something clicked, in seconds from the beginning; *clean* is the greatest bend of the sound itself."""
    bent = np.flatnonzero(bends(sound) > CLICK * clean) / RATE_HZ
    moved = np.flatnonzero(phase_jumps(sound) > JUMP_RAD) * (PERIOD // 2) / RATE_HZ
    found: list[float] = []
    for at in np.sort(np.concatenate([bent, moved])).tolist():
        if not found or at > found[-1] + 0.1:
            found.append(at)
        else:
            found[-1] = at
    return found


def loudness(sound: Samples) -> Wave:
    """Of each period."""
    whole = sound[: len(sound) // PERIOD * PERIOD].reshape(-1, PERIOD).astype(float)
    return np.asarray(np.sqrt((whole**2).mean(axis=1)))


@cache
def _expected(periods: int) -> tuple[Wave, Wave]:
    """Each moment of the cycle, and how loud the following periods are there, as directions."""
    at = np.arange(0, CYCLE_S, PERIOD / RATE_HZ / 16)
    middles = (np.arange(periods) + 0.5) * PERIOD / RATE_HZ
    loud = envelope(at[:, None] + middles[None, :])
    loud -= loud.mean(axis=1, keepdims=True)
    return at, loud / np.linalg.norm(loud, axis=1, keepdims=True)


def heard_at_s(sound: Samples) -> float:
    """Which moment of the cycle the first sample of a second or two is, told from how loud it is."""
    heard = loudness(sound)
    at, expected = _expected(len(heard))
    return float(at[np.argmax(expected @ (heard - heard.mean()))])
