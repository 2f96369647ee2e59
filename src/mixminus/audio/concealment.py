"""Fill holes in speech: repeat the last pitch period while it fades out.

In the spirit of ITU-T G.711 Appendix I, with only the last 20 ms to look back on, and a linear fade over 60 ms.
"""

from typing import Final

import numpy as np

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import Samples

FADE_SAMPLES: Final = 480
"""60 ms: G.711 Appendix I is silent after 60 ms, too."""
BLEND_SAMPLES: Final = 32
"""4 ms of cross-fade from what was made up to what really arrived (Appendix I, "overlap add")."""

_SHORTEST_LAG: Final = 32
_LONGEST_LAG: Final = 96
"""83 to 250 Hz. A lag and a template fit into the 160 samples that are always there."""
_TEMPLATE: Final = 64


@kernel
def pitch_lag(history: Samples, end: int) -> int:
    """How many samples before `history[end]` the sound looked most like it does now; needs 160 samples."""
    best_lag, best_score = _LONGEST_LAG, 0.0
    now = history[end - _TEMPLATE : end]
    for lag in range(_SHORTEST_LAG, _LONGEST_LAG + 1):
        then = history[end - _TEMPLATE - lag : end - lag]
        likeness, energy = np.float32(0.0), np.float32(1.0)
        for i in range(_TEMPLATE):
            likeness += np.float32(now[i]) * np.float32(then[i])
            energy += np.float32(then[i]) * np.float32(then[i])
        if likeness > 0.0:
            score = float(likeness) * float(likeness) / float(energy)
            if score > best_score:
                best_lag, best_score = lag, score
    return best_lag


@kernel
def concealed(history: Samples, at: int, lag: int, run: int, fade: int = FADE_SAMPLES) -> int:
    """The made-up sample for `history[at]`, the *run*-th (from 1) since the last real one.

    It is the sample one period ago, which carries the fade of its own time; so only the difference is applied.
    After *fade* samples it is silence.
    """
    if run >= fade:
        return 0
    faded_then = fade - max(run - lag, 0)
    return int(history[at - lag]) * (fade - run) // faded_then
