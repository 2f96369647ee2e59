"""Digital silence: frames of zeros, which need not be added, mixed or encoded."""

from typing import Any, Final

from numba import types

from mixminus.audio.compiled import kernel
from mixminus.media.state import I16, Mixing

LEAST_OF_ALAW: Final = 8
"""A-law has no zero: its silence is this, or less this (G.711 table 1)."""


compare_memory: Any = types.ExternalFunction("memcmp", types.intc(types.intp, types.intp, types.uintp))
"""libc's: 2 ns for a frame that sounds, 9 for one that does not. What a loop is compiled to takes 12 for either."""


@kernel
def is_silent(samples: I16) -> bool:
    """Whether the first one is zero, and each is like the one before it. The samples must lie side by side."""
    address = samples.ctypes.data
    return bool(samples[0] == 0 and compare_memory(address, address + 2, 2 * len(samples) - 2) == 0)


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
