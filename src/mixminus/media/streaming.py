"""Streams: the engine's end. What they hear leaves as one message a beat; what they say waits here to be played."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import numpy as np

from mixminus.audio import g711
from mixminus.media.bundles import clear_row, grown, zeroed
from mixminus.media.contract import Event
from mixminus.media.kernels.streams import hush, listen, pour, speak
from mixminus.media.kernels.turns import Turns
from mixminus.media.legs import Legs
from mixminus.media.rooms import Rooms
from mixminus.media.slots import Slots
from mixminus.media.state import I64
from mixminus.media.stream_state import StreamRows, TrackRows
from mixminus.media.stream_terms import (
    FRAME_OCTETS,
    TRACK_NUMBERS,
    ClearStream,
    CloseStream,
    MoveStream,
    OpenStream,
    StreamCommand,
    StreamsHeard,
    StreamsSay,
)
from mixminus.media.tap import Tap
from mixminus.media.tapping import Tapping
from mixminus.media.turn import Turn

FIRST_ROWS: Final = 16
MAX_TRACKS: Final = 1024


class Streaming:
    """All streams of one engine. Without any, a beat costs nothing."""

    def __init__(self, legs: Legs, rooms: Rooms) -> None:
        self.overflowed = 0
        """Octets that were sent too far ahead."""
        self.left_out = 0
        """Frames that the control plane was too busy for."""
        self._legs = legs
        self._rooms = rooms
        self._slots: Slots[int] = Slots(FIRST_ROWS)
        self._rows = zeroed(StreamRows, FIRST_ROWS)
        self._track_slots: Slots[int] = Slots(FIRST_ROWS)
        """By stream and number: see `_track`."""
        self._tracks = zeroed(TrackRows, FIRST_ROWS)
        self._turns = zeroed(Turns, FIRST_ROWS)
        """Of tracks."""
        self._tapping = Tapping(FIRST_ROWS, legs, rooms)
        self._count: dict[int, int] = {}
        """How many tracks each stream has."""
        self._spoken_to: dict[int, set[int]] = {}
        """Streams by leg."""
        self._ended: list[tuple[int, int, int]] = []
        """Epochs that came to their end: stream, the epoch's complement, octets played."""
        self._audio = np.zeros((FIRST_ROWS, FRAME_OCTETS), np.uint8)
        """By track."""
        self._names = np.zeros((FIRST_ROWS, 2), np.int64)
        """Stream and number of each track."""

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
            case MoveStream():
                self._move(command)
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

    def speak(self, turn: Turn) -> None:
        """Before the mix."""
        if not self.is_idle:
            self._speak(turn)

    def listen(self, turn: Turn) -> None:
        """After the mix."""
        if not self.is_idle:
            self._listen(turn)

    def heard(self, beat: int) -> Iterator[StreamsHeard]:
        """The message of this beat, if there is anything to tell. All lanes have done their work."""
        if self.is_idle and not self._ended:
            return
        tracks = self._track_slots.active[: self._track_slots.count]
        tracks = tracks[self._turns.served[tracks] == beat]
        played = self._played()
        if len(tracks) or len(played):
            octets = np.full(len(tracks), FRAME_OCTETS)
            numbers = np.column_stack((self._names[tracks], self._tracks.tick[tracks], octets))
            yield StreamsHeard(numbers.tobytes(), self._audio[tracks].tobytes(), played.tobytes())

    def leave_out(self, events: Iterable[Event]) -> list[Event]:
        """The same events without audio; what was played is still told, for marks are due by it."""
        rest: list[Event] = []
        for event in events:
            if isinstance(event, StreamsHeard):
                self.left_out += len(event.tracks) // (TRACK_NUMBERS * 8)
                event = msgspec.structs.replace(event, tracks=b"", audio=b"")
            rest.append(event)
        return rest

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
            self._turns,
            self._tapping.taps,
            self._rooms.buses.narrow,
            self._legs.mixing,
            g711.ULAW_ENCODING,
            self._audio,
            turn.scratch.space.total,
            self._legs.turns,
            self._rooms.turns,
            turn.now,
            self._legs.seats.beats,
            turn.lane,
        )

    def _played(self) -> I64:
        """Of streams that spoke in this beat, and of epochs that have ended."""
        streams = self._slots.active[: self._slots.count]
        streams = streams[self._rows.spoke[streams] == 1]
        self._rows.spoke[streams] = 0
        ids = np.fromiter((self._slots.key(int(row)) for row in streams), np.int64, len(streams))
        played = np.column_stack((ids, self._rows.epoch[streams], self._rows.played[streams]))
        if self._ended:
            played = np.concatenate((np.array(self._ended, np.int64), played))
            self._ended = []
        return played

    def _open(self, command: OpenStream) -> None:
        stream, leg = command.stream, command.leg
        if stream in self._slots or len(command.tracks) > MAX_TRACKS:
            return
        self._make_room(len(command.tracks))
        row = self._slots.take(stream)
        clear_row(self._rows, row)
        self._speak_to(stream, row, leg)
        for number, taps in enumerate(command.tracks):
            track = self._track_slots.take(_track(stream, number))
            clear_row(self._tracks, track)
            clear_row(self._turns, track)
            self._names[track] = stream, number
            self._listen_at(track, taps)
        self._count[stream] = len(command.tracks)

    def _move(self, command: MoveStream) -> None:
        stream = command.stream
        if self._count.get(stream) != len(command.tracks):
            return
        row = self._slots.row(stream)
        assert row is not None
        self._fall_silent(stream)
        # The last of what was cleared was for the ears where it was.
        self._rows.read[row] += self._rows.fading[row]
        self._rows.fading[row] = 0
        self._speak_to(stream, row, command.leg)
        if command.leg is not None:
            self._legs.forget_under_way(command.leg)
        for number, taps in enumerate(command.tracks):
            track = self._track_slots.row(_track(stream, number))
            assert track is not None
            self._tapping.release(int(self._tracks.tap[track]))
            self._listen_at(track, taps)

    def _speak_to(self, stream: int, row: int, leg: int | None) -> None:
        leg_row = None if leg is None else self._legs.slots.row(leg)
        self._rows.leg[row] = -1 if leg_row is None else leg_row
        if leg is not None and leg_row is not None:
            self._spoken_to.setdefault(leg, set()).add(stream)

    def _listen_at(self, track: int, taps: tuple[Tap, ...]) -> None:
        self._tracks.tap[track] = self._tapping.chain(taps)
        self._tracks.room[track], self._tracks.leg[track] = self._tapping.leads(taps)

    def _fall_silent(self, stream: int) -> None:
        """It speaks to nobody."""
        for streams in self._spoken_to.values():
            streams.discard(stream)

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
            self._ended.append((stream, ~int(self._rows.epoch[row]), int(self._rows.played[row])))
            hush(self._rows, row)
            self._rows.epoch[row] = epoch

    def _close(self, stream: int) -> None:
        if stream not in self._slots:
            return
        for number in range(self._count.pop(stream)):
            track = self._track_slots.release(_track(stream, number))
            self._tapping.release(int(self._tracks.tap[track]))
        self._slots.release(stream)
        self._fall_silent(stream)

    def _make_room(self, tracks: int) -> None:
        """Double what is used up."""
        slots, track_slots = self._slots, self._track_slots
        if slots.is_full:
            slots.grow(2 * slots.capacity)
            self._rows = grown(self._rows, slots.capacity)
        if track_slots.count + tracks > track_slots.capacity:
            track_slots.grow(2 * track_slots.capacity + tracks)
            self._tracks = grown(self._tracks, track_slots.capacity)
            self._turns = grown(self._turns, track_slots.capacity)
            self._names = np.resize(self._names, (track_slots.capacity, 2))
            self._audio = np.zeros((track_slots.capacity, FRAME_OCTETS), np.uint8)


def _track(stream: int, number: int) -> int:
    return stream * MAX_TRACKS + number
