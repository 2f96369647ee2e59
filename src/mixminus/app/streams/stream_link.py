"""The control plane's end of the engine's streams: frames to their owners, and what those say into one message."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Protocol

import numpy as np

from mixminus.media.contract import (
    AddTrack,
    ClearStream,
    CloseStream,
    Command,
    DropTrack,
    MoveStream,
    OpenFormatted,
    OpenStream,
    SayFormatted,
    StreamsHeard,
    StreamsSay,
    Tap,
)
from mixminus.media.stream_terms import PLAYED_NUMBERS, TRACK_NUMBERS


class StreamOwner(Protocol):
    """Who hears what a stream hears."""

    def heard(self, track: int, audio: bytes, tick: int) -> None:
        """20 ms of one track, by the audio's own time (`StreamsHeard`)."""

    def played(self, epoch: int, octets: int) -> None:
        """That much of what was said since *epoch* began was really played."""

    @property
    def has_audio(self) -> bool:
        """Whether there is something to say that the engine was not given yet."""

    def take_audio(self) -> bytes:
        """What the engine is to be given now; empty when it has enough for a while."""


class StreamLink:
    """One per node. All that streams have to say in one turn of the loop leaves as one message."""

    def __init__(self, apply: Callable[..., None]) -> None:
        self._apply: Callable[..., None] = apply
        self._ids = count(1)
        self._owners: dict[int, StreamOwner] = {}
        self._formatted: set[int] = set()
        """Those in another format than 8 kHz µ-law, or whose tracks come and go."""
        self._talking: dict[int, StreamOwner] = {}
        """Those that have something to say which the engine may take now. Who is far ahead is asked again when the
        engine has played some of it, and not whenever anybody speaks."""
        self._flush_is_due = False

    def __len__(self) -> int:
        return len(self._owners)

    def open(
        self,
        tracks: tuple[tuple[Tap, ...], ...],
        leg: int | None,
        owner: StreamOwner,
        form: tuple[str, int] | None = None,
    ) -> int:
        """Hear from the next tick on. Returns the stream's id. *form*: encoding and rate, as in `OpenFormatted`."""
        stream = next(self._ids)
        self._owners[stream] = owner
        if form is None:
            self._send(OpenStream(stream, tracks, leg))
        else:
            self._formatted.add(stream)
            self._send(OpenFormatted(stream, *form, tracks, leg))
        return stream

    def move(self, stream: int, tracks: tuple[tuple[Tap, ...], ...], leg: int | None) -> None:
        """Listen there and speak to that leg from the next tick on; what waits to be said is said there."""
        self._send(MoveStream(stream, tracks, leg))

    def add_track(self, stream: int, track: int, taps: tuple[Tap, ...]) -> None:
        """Hear this, too; only of a stream that was opened with a form."""
        self._send(AddTrack(stream, track, taps))

    def drop_track(self, stream: int, track: int) -> None:
        """Do not hear this any more; a frame of it may be under way."""
        self._send(DropTrack(stream, track))

    def close(self, stream: int) -> None:
        if self._owners.pop(stream, None) is not None:
            self._talking.pop(stream, None)
            self._formatted.discard(stream)
            self._send(CloseStream(stream))

    def clear(self, stream: int, epoch: int) -> None:
        """What the engine still has to say is dropped at the next tick; what is said from now on is of *epoch*."""
        self._send(ClearStream(stream, epoch))

    def talks(self, stream: int) -> None:
        """Its owner has something to say."""
        self._talking[stream] = self._owners[stream]
        if not self._flush_is_due:
            self._flush_is_due = True
            asyncio.get_running_loop().call_soon(self._flush)

    def heard(self, event: StreamsHeard) -> None:
        """One beat."""
        owners, audio, at = self._owners, event.audio, 0
        tracks = np.frombuffer(event.tracks, np.int64).reshape(-1, TRACK_NUMBERS)
        for stream, track, tick, octets in tracks.tolist():
            if (owner := owners.get(stream)) is not None:
                owner.heard(track, audio[at : at + octets], tick)
            at += octets
        played = np.frombuffer(event.played, np.int64).reshape(-1, PLAYED_NUMBERS)
        for stream, epoch, octets in played.tolist():
            if (owner := owners.get(stream)) is not None:
                owner.played(epoch, octets)
                if owner.has_audio:
                    self._talking[stream] = owner
        if self._talking:
            self._flush()

    def _flush(self) -> None:
        self._flush_is_due = False
        talking, self._talking = self._talking, {}
        said = [(stream, audio) for stream, owner in talking.items() if (audio := owner.take_audio())]
        if self._formatted:
            for stream, audio in said:
                if stream in self._formatted:
                    self._send(SayFormatted(stream, audio))
            said = [(stream, audio) for stream, audio in said if stream not in self._formatted]
        if said:
            streams, pieces = zip(*said, strict=True)
            self._send(StreamsSay(streams, tuple(map(len, pieces)), b"".join(pieces)))

    def _send(self, command: Command) -> None:
        self._apply(command)
