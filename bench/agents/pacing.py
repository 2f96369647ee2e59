"""How evenly frames came: each one's arrival against its own timestamp."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.agents.arrays import MERGED, READ, Connections

FRAME_MS: Final = 20


def errors_ms(arrived_ns: NDArray[np.int64], timestamp_ms: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return, for the frames of one stream, how much too late (or, negative, too soon) each was.

    The stream's own base is the median of arrival less timestamp: a stream that is always late by the same is even.
    """
    if not len(arrived_ns):
        return np.zeros(0)
    offsets = (arrived_ns - arrived_ns[0]) / 1e6 - (timestamp_ms - timestamp_ms[0])
    return np.asarray(offsets - np.median(offsets))


def figures(connections: Connections) -> dict[str, float]:
    """Return the figures of all streams together."""
    rows = [row for row in range(len(connections.kept)) if connections.kept[row] > 1]
    arrived, stamps, read = (
        [array[row, : connections.kept[row]] for row in rows]
        for array in (connections.arrived_ns, connections.timestamp_ms, connections.read_ns)
    )
    if not rows:
        return {"streams_heard": 0}
    errors = np.abs(np.concatenate([errors_ms(*stream) for stream in zip(arrived, stamps, strict=True)]))
    spacing = np.concatenate([np.diff(stream) / 1e6 - FRAME_MS for stream in arrived])
    gaps = sum(int((np.diff(stream) != FRAME_MS).sum()) for stream in stamps)
    late = np.concatenate([(r - a) / 1e6 for r, a in zip(read, arrived, strict=True)])
    return {
        "streams_heard": len(rows),
        "frames": float(connections.tally[READ]),
        "frames_merged": float(connections.tally[MERGED] / max(1, connections.tally[READ])),
        "gaps": gaps,
        **{f"pacing_p{percent}_ms": float(np.percentile(errors, percent)) for percent in (50, 99)},
        "pacing_max_ms": float(errors.max()),
        "spacing_p99_ms": float(np.percentile(np.abs(spacing), 99)),
        "generator_late_p99_ms": float(np.percentile(late, 99)),
    }
