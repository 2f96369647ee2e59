"""Streams: audio that the control process hears and says, on the engine's ticks.

A stream listens at taps, one channel a track, and may speak to one leg, as a player does. A track is heard on the
beat of its room or leg, and each beat the engine sends one message with the frames of all that were. What is to be
said is sent ahead of time and waits in the engine, which tells how much of it was played. Audio is 8 kHz µ-law: an
octet is a sample, a frame has 160.
"""

from typing import Final

import msgspec

from mixminus.media.tap import Tap

FRAME_OCTETS: Final = 160


class StreamCommand(msgspec.Struct, frozen=True):
    """What is asked of a stream."""


class OpenStream(StreamCommand, frozen=True, tag=True):
    """Listen from the next tick on. An open stream is left as it is; a leg that does not exist is silent."""

    stream: int
    tracks: tuple[tuple[Tap, ...], ...]
    """What each one hears, added up. At most 1,024."""
    leg: int | None = None
    """Who hears what the stream says; None: nobody."""


class MoveStream(StreamCommand, frozen=True, tag=True):
    """From the next tick on listen there and speak to that leg. What waits to be said is said there, and counts on.

    As many tracks as at the start; another number, or an unknown stream, is ignored.
    The fade of what was cleared, and what is under way to the leg in a pipe, is dropped.
    """

    stream: int
    tracks: tuple[tuple[Tap, ...], ...]
    leg: int | None = None


class StreamsSay(StreamCommand, frozen=True, tag=True):
    """Say this after what was sent before. Streams that are unknown, or speak to nobody, are ignored.

    A stream keeps 512 ms that were not played yet; what goes beyond is lost.
    """

    streams: tuple[int, ...]
    octets: tuple[int, ...]
    """How much of `audio` is for each of them, in order."""
    audio: bytes


class OpenFormatted(StreamCommand, frozen=True, tag=True):
    """The same as `OpenStream` in another format, for a stream that may listen to more or less as it goes on.

    `StreamsHeard` tells of it in octets of that format, of Opus in samples.
    """

    stream: int
    encoding: str
    """`mulaw` (8 kHz), `linear` (16 bits, little-endian; 8, 16 or 24 kHz) or `opus` (48 kHz; else it is nothing)."""
    rate_hz: int
    tracks: tuple[tuple[Tap, ...], ...]
    leg: int | None = None


class AddTrack(StreamCommand, frozen=True, tag=True):
    """Listen to this, too, by a number that the stream (`OpenFormatted`) has no other track of."""

    stream: int
    track: int
    taps: tuple[Tap, ...]


class DropTrack(StreamCommand, frozen=True, tag=True):
    """Do not listen to this any more."""

    stream: int
    track: int


class SayFormatted(StreamCommand, frozen=True, tag=True):
    """Say this after what was sent before. A stream keeps 640 ms or more that were not played yet."""

    stream: int
    audio: bytes
    """Of Opus: packets, each behind its length in two octets, in network order."""


class ClearStream(StreamCommand, frozen=True, tag=True):
    """Drop what was not played, fading in 5 ms; from now on what is said belongs to *epoch*."""

    stream: int
    epoch: int


class CloseStream(StreamCommand, frozen=True, tag=True):
    """Forget the stream, and what it had still to say."""

    stream: int


class StreamsHeard(msgspec.Struct, frozen=True, tag=True):
    """What streams heard in one beat, and what was played of what they said. Little-endian arrays of 64 bits."""

    tracks: bytes
    """Rows of `TRACK_NUMBERS`."""
    audio: bytes
    """The frames of these tracks, one after another."""
    played: bytes
    """Rows of `PLAYED_NUMBERS`: one for each stream that spoke in this beat, and one for the end of each epoch,
    before any of the next one's: that names the epoch by its complement (`~epoch`), since what was told before may
    arrive when the control process has ended the epoch."""


TRACK_NUMBERS: Final = 4
"""A stream, which one of its tracks, the tick of the frame, and its octets. A track's first tick is the engine's;
from then on it counts frames: a room that moves to another beat is heard sooner or later, and misses nothing."""
PLAYED_NUMBERS: Final = 3
"""A stream, an epoch, and how many octets were played since it began."""
