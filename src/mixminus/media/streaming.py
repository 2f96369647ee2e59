"""Streams: the engine's end. What they hear leaves as one message a tick; what they say waits here to be played."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from mixminus.audio import g711
from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.bundles import clear_row, grown, zeroed
from mixminus.media.kernels.streams import hush, listen, pour, speak
from mixminus.media.legs import Legs
from mixminus.media.rooms import Rooms
from mixminus.media.slots import Slots
from mixminus.media.stream_state import StreamRows, TrackRows
from mixminus.media.stream_terms import (
    ClearStream,
    CloseStream,
    OpenStream,
    StreamCommand,
    StreamsHeard,
    StreamsSay,
)
from mixminus.media.tapping import Tapping
from mixminus.media.turn import Turn

FIRST_ROWS: Final = 16
_SILENCE: Final = int(g711.ULAW_ENCODING[0])

MAX_TRACKS: Final = 1024


class Streaming:
    """All streams of one engine. Without any, a tick costs nothing."""

    def __init__(self, legs: Legs, rooms: Rooms) -> None:
        self.overflowed = 0
        """Octets that were sent too far ahead."""
        self._legs = legs
        self._rooms = rooms
        self._slots: Slots[int] = Slots(FIRST_ROWS)
        self._rows = zeroed(StreamRows, FIRST_ROWS)
        self._track_slots: Slots[int] = Slots(FIRST_ROWS)
        """By stream and number: see `_track`."""
        self._tracks = zeroed(TrackRows, FIRST_ROWS)
        self._tapping = Tapping(FIRST_ROWS, legs, rooms)
        self._count: dict[int, int] = {}
        """How many tracks each stream has."""
        self._spoken_to: dict[int, set[int]] = {}
        """Streams by leg."""
        self._ended: list[tuple[int, int, int]] = []
        """Epochs that came to their end: stream, epoch, octets played."""
        self._audio = np.zeros(FIRST_ROWS * FRAME_SAMPLES, np.uint8)
        self._names = np.zeros((0, 2), np.int64)

    @property
    def is_idle(self) -> bool:
        return not self._slots.count

    def warm_up(self, turn: Turn) -> None:
        """Compile, or load, the kernels before the first stream needs them in the middle of a beat."""
        nobody = np.zeros(0, np.int32)
        pour(nobody, nobody, 0, np.frombuffer(bytes(1), np.uint8), g711.ULAW_DECODING, self._rows)
        hush(self._rows, 0)
        self._speak(turn)
        self._listen(turn)

    def carry_out(self, command: StreamCommand) -> None:
        match command:
            case OpenStream():
                self._open(command)
            case StreamsSay(streams, octets, audio):
                self._say(streams, octets, audio)
            case ClearStream(stream, epoch):
                self._clear(stream, epoch)
            case CloseStream(stream):
                self._close(stream)

    def forget_leg(self, leg: int) -> None:
        """The leg is about to be closed: who listened to it hears silence, who spoke to it speaks to nobody."""
        self._tapping.forget_leg(leg)
        self._tracks.leg[self._tracks.leg == self._legs.slots.row(leg)] = -1
        for stream in self._spoken_to.pop(leg, ()):
            self._rows.leg[self._slots.row(stream)] = -1

    def begin_tick(self) -> None:
        """Nobody has spoken in it, and nothing was heard."""
        if not self.is_idle:
            self._rows.spoke[:] = 0
            self._audio[:] = _SILENCE

    def speak(self, turn: Turn) -> None:
        """Before the mix."""
        if not self.is_idle:
            self._speak(turn)

    def listen(self, turn: Turn) -> None:
        """After the mix."""
        if not self.is_idle:
            self._listen(turn)

    def heard(self, tick: int) -> Iterator[StreamsHeard]:
        """The message of this tick, if there is any stream."""
        if self.is_idle and not self._ended:
            return
        active = self._slots.active[: self._slots.count]
        spoke = active[self._rows.spoke[active] == 1]
        streams = np.fromiter((self._slots.key(int(row)) for row in spoke), np.int64, len(spoke))
        played = np.stack((streams, self._rows.epoch[spoke], self._rows.played[spoke]), axis=1)
        if self._ended:
            played = np.concatenate((np.array(self._ended, np.int64), played))
            self._ended = []
        audio = self._audio[: self._track_slots.count * FRAME_SAMPLES]
        yield StreamsHeard(tick, self._names.tobytes(), audio.tobytes(), played.tobytes())

    # --- inside ---------------------------------------------------------------------------------------------------

    def _speak(self, turn: Turn) -> None:
        legs, slots = self._legs, self._slots
        speak(slots.active, slots.count, self._rows, legs.mixing, legs.turns, turn.now, turn.lane)

    def _listen(self, turn: Turn) -> None:
        slots = self._track_slots
        listen(
            slots.active,
            slots.count,
            self._tracks,
            self._tapping.taps,
            self._rooms.buses.narrow,
            self._legs.mixing,
            g711.ULAW_ENCODING,
            self._audio,
            turn.scratch.space.total,
            self._legs.turns,
            self._rooms.turns,
            turn.now,
            turn.lane,
        )

    def _open(self, command: OpenStream) -> None:
        stream, leg = command.stream, command.leg
        if stream in self._slots or len(command.tracks) > MAX_TRACKS:
            return
        self._make_room(len(command.tracks))
        row = self._slots.take(stream)
        clear_row(self._rows, row)
        leg_row = None if leg is None else self._legs.slots.row(leg)
        self._rows.leg[row] = -1 if leg_row is None else leg_row
        if leg is not None and leg_row is not None:
            self._spoken_to.setdefault(leg, set()).add(stream)
        for number, taps in enumerate(command.tracks):
            track = self._track_slots.take(_track(stream, number))
            self._tracks.tap[track] = self._tapping.chain(taps)
            self._tracks.room[track], self._tracks.leg[track] = self._tapping.leads(taps)
        self._count[stream] = len(command.tracks)
        self._name_tracks()

    def _say(self, streams: tuple[int, ...], octets: tuple[int, ...], audio: bytes) -> None:
        if len(streams) != len(octets) or sum(octets) != len(audio) or min(octets, default=0) < 0:
            return
        rows = np.array([-1 if (row := self._slots.row(stream)) is None else row for stream in streams], np.int32)
        sizes = np.array(octets, np.int32)
        self.overflowed += pour(
            rows, sizes, len(rows), np.frombuffer(audio, np.uint8), g711.ULAW_DECODING, self._rows
        )

    def _clear(self, stream: int, epoch: int) -> None:
        row = self._slots.row(stream)
        if row is not None:
            self._ended.append((stream, int(self._rows.epoch[row]), int(self._rows.played[row])))
            hush(self._rows, row)
            self._rows.epoch[row] = epoch

    def _close(self, stream: int) -> None:
        if stream not in self._slots:
            return
        for number in range(self._count.pop(stream)):
            track = self._track_slots.release(_track(stream, number))
            self._tapping.release(int(self._tracks.tap[track]))
        self._slots.release(stream)
        for streams in self._spoken_to.values():
            streams.discard(stream)
        self._name_tracks()

    def _name_tracks(self) -> None:
        slots = self._track_slots
        names = [slots.key(int(row)) for row in slots.active[: slots.count]]
        self._names = np.stack(np.divmod(np.array(names, np.int64), MAX_TRACKS), axis=1)

    def _make_room(self, tracks: int) -> None:
        """Double what is used up."""
        slots, track_slots = self._slots, self._track_slots
        if slots.is_full:
            slots.grow(2 * slots.capacity)
            self._rows = grown(self._rows, slots.capacity)
        if track_slots.count + tracks > track_slots.capacity:
            track_slots.grow(2 * track_slots.capacity + tracks)
            self._tracks = grown(self._tracks, track_slots.capacity)
            self._audio = np.zeros(track_slots.capacity * FRAME_SAMPLES, np.uint8)


def _track(stream: int, number: int) -> int:
    return stream * MAX_TRACKS + number
