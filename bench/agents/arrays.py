"""What the agents know of their connections, as arrays that kernels read and write."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

BUFFER_BYTES: Final = 16_384
"""Unread bytes of one connection: some 40 frames. A larger message ends the connection."""
FRAMES: Final = 4_096
"""That are kept of one connection: 80 s."""

READ, MERGED, BROKEN, OPEN = range(4)
"""Of `tally`: frames read, those that came with another one in one read, too large messages, open connections."""
TALLIES: Final = 4


class Connections(NamedTuple):
    """A row for each; rows are never used twice."""

    row_of: NDArray[np.int32]
    """By file descriptor; -1: not ours."""
    buffer: NDArray[np.uint8]
    filled: NDArray[np.int64]
    kept: NDArray[np.int64]
    """How many frames are remembered."""
    arrived_ns: NDArray[np.int64]
    """When the kernel got each of them."""
    read_ns: NDArray[np.int64]
    """When we did."""
    timestamp_ms: NDArray[np.int64]
    """What the frame says itself."""
    tally: NDArray[np.int64]


def connections(rows: int, files: int) -> Connections:
    """Return that many rows, for file descriptors up to *files*."""
    return Connections(
        np.full(files, -1, np.int32),
        np.zeros((rows, BUFFER_BYTES), np.uint8),
        np.zeros(rows, np.int64),
        np.zeros(rows, np.int64),
        np.zeros((rows, FRAMES), np.int64),
        np.zeros((rows, FRAMES), np.int64),
        np.zeros((rows, FRAMES), np.int64),
        np.zeros(TALLIES, np.int64),
    )
