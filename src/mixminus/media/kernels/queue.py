"""What was decoded and is yet to be played, of codecs with a memory.

In front of it lies what was played last, so that what is missing can be made up from it in place.
"""

from typing import Final

from mixminus.audio.compiled import kernel
from mixminus.media.coded_state import Coders

HISTORY: Final = 320
"""20 ms at 16 kHz: G.722 is concealed by us, Opus by libopus."""


@kernel
def end_of_queue(coders: Coders, slot: int) -> int:
    """Where the next decoded sample goes."""
    return int(HISTORY + coders.queued[slot])


@kernel
def advance_queue(coders: Coders, slot: int, count: int) -> None:
    """The queue's first samples are over, and history."""
    queue = coders.queue[slot]
    left = coders.queued[slot] - count
    for i in range(HISTORY + left):
        queue[i] = queue[count + i]
    coders.queued[slot] = left
