"""What the engine knows, as arrays, of streams in other formats than 8 kHz µ-law; see `state`."""

from typing import Final, NamedTuple

from mixminus.media.coded_state import PAYLOAD_BYTES
from mixminus.media.state import I16, I32, I64, U8

MULAW, LINEAR_16, OPUS_PACKETS = 0, 1, 2
"""Encodings."""

SPOKEN_SAMPLES: Final = 32_768
"""680 ms at 48 kHz, a power of two."""
MOST_OCTETS: Final = 960
"""Of a frame: 20 ms of 16 bits at 24 kHz."""


class Spoken(NamedTuple):
    """What each stream has to say, at its own rate."""

    leg: I32
    """The row of the leg that hears it, or -1."""
    plane: U8
    """The one on which it is said; what is for telephones is filtered from there."""
    frame: I32
    """Samples of 20 ms."""
    ring: I16
    read: I64
    """Samples ever taken from the ring."""
    written: I64
    fading: I32
    """How many of those that wait are the fade of what was cleared."""
    epoch: I64
    played: I64
    """Samples, in this epoch."""
    spoke: U8
    """Since the engine told of it."""
    sounds: U8
    """In its last turn: see `kernels.formatted`."""
    middle: I16
    """The frame at 24 kHz, where that is the rate, behind the tail of the one before."""
    said: I16
    """The frame on its plane, behind the tail of the one before."""
    narrow: I16
    """The same on the narrow plane."""


class Listened(NamedTuple):
    """What each track listens to, and its frame."""

    tap: I32
    """First of its chain, or -1."""
    room: I32
    """Whose turns it keeps to, or -1: then it is those of a leg."""
    leg: I32
    tick: I64
    """Of the last frame: see `StreamsHeard`."""
    plane: U8
    encoding: U8
    frame: I32
    """Samples of 20 ms."""
    sound: I16
    """What was heard on its plane, behind the tail of the frame before."""
    payload: U8
    octets: I32
    """Of the payload."""
    opus_encoder: I64
    """Address of its memory; 0: there is none."""
    silent_frames: I32
    """How long we have been sending silence."""
    silence: U8
    """The packet that lasting silence is ..."""
    silence_bytes: I32
    """... and its length."""


COLUMNS: Final = {
    "Spoken.ring": (SPOKEN_SAMPLES,),
    "Spoken.middle": (48 + 480,),
    "Spoken.said": (96 + 960,),
    "Spoken.narrow": (160,),
    "Listened.sound": (96 + 960,),
    "Listened.payload": (MOST_OCTETS,),
    "Listened.silence": (PAYLOAD_BYTES,),
}
"""Shapes of what is more than a number a row."""
