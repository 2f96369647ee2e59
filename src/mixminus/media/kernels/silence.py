"""Digital silence: frames of zeros, which need not be added, mixed or encoded."""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.media.state import I16, Mixing

LEAST_OF_ALAW: Final = 8
"""A-law has no zero: its silence is this, or less this (G.711 table 1)."""


@kernel
def is_silent(samples: I16) -> bool:
    """There is no way out in the middle: so many samples are looked at at once, and 160 take some nanoseconds."""
    loud = 0
    for i in range(len(samples)):
        loud |= samples[i]
    return loud == 0


@kernel
def note_silence(mixing: Mixing, slot: int) -> None:
    """To be called by whoever has written what a leg says."""
    mixing.silent[slot] = is_silent(mixing.said[slot])


@kernel
def hush_alaw(said: I16) -> None:
    """Make zeros of a frame that is as silent as A-law can be."""
    loud = 0
    for i in range(len(said)):
        loud |= (said[i] + LEAST_OF_ALAW) & ~(2 * LEAST_OF_ALAW)
    if loud == 0:
        said[:] = 0
