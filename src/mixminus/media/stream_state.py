"""What the engine knows, as arrays, of streams; see `state`."""

from typing import Final, NamedTuple

from mixminus.media.state import I16, I32, I64, U8

SAID_SAMPLES: Final = 4096
"""512 ms, a power of two."""


class StreamRows(NamedTuple):
    """What each stream has to say."""

    leg: I32
    """The row of the leg that hears it, or -1."""
    ring: I16
    read: I64
    """Samples ever taken from the ring."""
    written: I64
    fading: I32
    """How many of those that wait are the fade of what was cleared."""
    epoch: I64
    played: I64
    """In this epoch."""
    spoke: U8
    """In this tick."""


class TrackRows(NamedTuple):
    """What each track listens to."""

    tap: I32
    """First of its chain, or -1."""
    room: I32
    """Whose turns it keeps to, or -1: then it is those of a leg."""
    leg: I32
    tick: I64
    """Of the last frame: the engine's for the first one, or 0 before it, and one more for each that followed."""


COLUMNS: Final = {"StreamRows.ring": (SAID_SAMPLES,)}
"""Shapes of what is more than a number a row."""
