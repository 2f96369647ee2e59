"""Fill holes in speech: repeat the last pitch period while it fades out.

In the spirit of ITU-T G.711 Appendix I, with only the last 20 ms to look back on, and a linear fade over 60 ms.
"""

from typing import Final

import numpy as np

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import Samples

FADE_SAMPLES: Final = 480
"""60 ms: G.711 Appendix I is silent after 60 ms, too."""
STEADY_SAMPLES: Final = 80
"""10 ms: until then nothing fades."""
BLEND_SAMPLES: Final = 32
"""4 ms of cross-fade from what was made up to what really arrived (Appendix I, "overlap add")."""

_SHORTEST_LAG: Final = 32
LONGEST_LAG: Final = 96
"""83 to 250 Hz. A lag and a template fit into the 160 samples that are always there."""
_TEMPLATE: Final = 64


_VOICED: Final = 0.6
"""Likeness of two periods from which on a sound has a pitch."""


@kernel
def pitch_lag(history: Samples, end: int) -> tuple[int, bool]:
    """How many samples before `history[end]` the sound looked most like it does now, and whether it has a pitch.

    Needs 160 samples.
    """
    best_lag, best_score, now_energy = LONGEST_LAG, 0.0, np.float32(1.0)
    now = history[end - _TEMPLATE : end]
    for i in range(_TEMPLATE):
        now_energy += np.float32(now[i]) * np.float32(now[i])
    for lag in range(_SHORTEST_LAG, LONGEST_LAG + 1):
        then = history[end - _TEMPLATE - lag : end - lag]
        likeness, energy = np.float32(0.0), np.float32(1.0)
        for i in range(_TEMPLATE):
            likeness += np.float32(now[i]) * np.float32(then[i])
            energy += np.float32(then[i]) * np.float32(then[i])
        if likeness > 0.0:
            score = float(likeness) * float(likeness) / float(energy)
            if score > best_score:
                best_lag, best_score = lag, score
    return best_lag, best_score > _VOICED * _VOICED * float(now_energy)


@kernel
def most_alike(sound: Samples, least: int, most: int) -> tuple[int, float]:
    """By how many samples, *least* to *most*, the sound is moved to look most like its beginning; and how much so.

    The likeness is 1 for the same sound. Needs `most` + 64 samples.
    """
    best, best_likeness, now_energy = most, 0.0, np.float32(1.0)
    for i in range(_TEMPLATE):
        now_energy += np.float32(sound[i]) * np.float32(sound[i])
    for lag in range(least, most + 1):
        product, energy = np.float32(0.0), np.float32(1.0)
        for i in range(_TEMPLATE):
            product += np.float32(sound[i]) * np.float32(sound[lag + i])
            energy += np.float32(sound[lag + i]) * np.float32(sound[lag + i])
        # Twice the product by the sum, not the square root of the product: equally loud has to be alike, too.
        likeness = 2.0 * float(product) / (float(now_energy) + float(energy))
        if likeness > best_likeness:
            best, best_likeness = lag, likeness
    return best, best_likeness


@kernel
def loudness(run: int) -> int:
    """In 400ths: full for 10 ms, then less and less (G.711 Appendix I, I.2.7)."""
    return min(FADE_SAMPLES - run, FADE_SAMPLES - STEADY_SAMPLES)


@kernel
def faded(sample: int, lag: int, run: int) -> int:
    """A sample of one period ago, which carries the fade of its own time: only the difference is applied."""
    if run >= FADE_SAMPLES:
        return 0
    return sample * loudness(run) // loudness(max(run - lag, 0))


@kernel
def concealed(history: Samples, at: int, lag: int, run: int) -> int:
    """The made-up sample for `history[at]`, the *run*-th (from 1) since the last real one."""
    return faded(int(history[at - lag]), lag, run)
