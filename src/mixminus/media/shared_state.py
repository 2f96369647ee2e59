"""What the engine knows, as arrays, of legs that hear the same; see `state`."""

from typing import Final, NamedTuple

from mixminus.audio.g722 import STATE_WORDS as G722_WORDS
from mixminus.media.coded_state import PAYLOAD_BYTES
from mixminus.media.state import I32, I64, U8

ITS_OWN, THE_BUS, SILENCE = 0, 1, 2
"""What a leg hears in a tick: something that is mixed for it alone, its room's bus and nothing else, or nothing."""


class Audience(NamedTuple):
    """By room: what all who hear its bus, and nothing else, have in common in one tick."""

    voices: I32
    """How many sound on the bus: legs that are not silent, and players."""
    listener: I32
    """The first of them: it has the frame that the others get; -1: there is none."""
    packet: I32
    """By codec of G.711, the row of the outbox whose payload the others get; -1: there is none."""


class SharedEncoders(NamedTuple):
    """Encoders with a memory, by room and terms, for those who hear the room's bus and are not on it.

    The fields that `coded_state.Coders` has, too, are used alike.
    """

    room: I32
    g722_encoder: I32
    opus_encoder: I64
    silent_frames: I32
    silence: U8
    silence_bytes: I32
    beat: I64
    """On which it encoded last ..."""
    packet: I32
    """... into that row of the outbox ..."""
    bytes: I32
    """... so many."""


COLUMNS: Final = {
    "Audience.packet": (2,),
    "SharedEncoders.g722_encoder": (G722_WORDS,),
    "SharedEncoders.silence": (PAYLOAD_BYTES,),
}
"""Shapes of what is more than a number a row."""
