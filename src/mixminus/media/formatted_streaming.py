"""The twin of `Streaming` for other formats than 8 kHz µ-law, and for streams that hear more or less as they go on.

Each format has a plane, on which its streams hear and are heard. An application sits at the far end of a pipe, so a
pipe carries as much as is listened to, or said, at its ends.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from mixminus.audio import g711
from mixminus.audio.frames import FRAMES_PER_SECOND
from mixminus.media.bundles import clear_row, grown, zeroed
from mixminus.media.coded_state import FULL, NARROW, WIDE
from mixminus.media.formatted_state import LINEAR_16, MULAW, OPUS_PACKETS, Listened, Spoken
from mixminus.media.kernels.formatted import cut, pour, pour_packets, speak_formatted
from mixminus.media.kernels.turns import Turns
from mixminus.media.legs import Legs
from mixminus.media.opus_library import OpusTerms
from mixminus.media.rooms import Rooms
from mixminus.media.slots import Slots
from mixminus.media.state import I64, U8
from mixminus.media.stream_terms import (
    AddTrack,
    ClearStream,
    CloseStream,
    DropTrack,
    MoveStream,
    OpenFormatted,
    SayFormatted,
    StreamCommand,
    StreamsHeard,
)
from mixminus.media.tap import Tap
from mixminus.media.tapping import Tapping
from mixminus.media.turn import Turn

FIRST_ROWS: Final = 4
MAX_TRACKS: Final = 1 << 20
"""Ever, of a stream."""
LONGEST_PACKET_SAMPLES: Final = 5760
"""120 ms at 48 kHz (RFC 6716 section 3.2.5)."""
OPUS_TERMS: Final = OpusTerms(bitrate_bps=32_000, complexity=5, fec=False)
"""A WebSocket loses nothing."""
SILENT_OPUS: Final = b"\xf8\xff\xfe"
"""20 ms of silence at 48 kHz, as CELT codes it: for a track that has nothing to encode."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a stream's audio is coded."""

    encoding: int
    rate_hz: int

    @property
    def frame(self) -> int:
        """Samples of 20 ms."""
        return self.rate_hz // FRAMES_PER_SECOND

    @property
    def plane(self) -> int:
        return {8_000: NARROW, 16_000: WIDE}.get(self.rate_hz, FULL)


FORMATS: Final = {
    ("mulaw", 8_000): Format(MULAW, 8_000),
    ("linear", 8_000): Format(LINEAR_16, 8_000),
    ("linear", 16_000): Format(LINEAR_16, 16_000),
    ("linear", 24_000): Format(LINEAR_16, 24_000),
    ("opus", 48_000): Format(OPUS_PACKETS, 48_000),
}


@dataclass(slots=True)
class Opened:
    """A stream that is open."""

    row: int
    format: Format
    leg: int | None
    tracks: dict[int, tuple[Tap, ...]] = field(default_factory=dict)
    decoder: U8 | None = None


class FormattedStreaming:
    """All such streams of one engine. Without any, a beat costs nothing."""

    def __init__(self, legs: Legs, rooms: Rooms) -> None:
        self.overflowed = 0
        """Samples that were sent too far ahead."""
        self.above = 0
        """Streams with a plane above the narrow one."""
        self._legs = legs
        self._rooms = rooms
        self._open: dict[int, Opened] = {}
        self.slots: Slots[int] = Slots(FIRST_ROWS)
        self.spoken = zeroed(Spoken, FIRST_ROWS)
        self.track_slots: Slots[int] = Slots(FIRST_ROWS)
        """By stream and number: see `_track`."""
        self.tracks = zeroed(Listened, FIRST_ROWS)
        self.turns = zeroed(Turns, FIRST_ROWS)
        """Of tracks."""
        self.tapping = Tapping(FIRST_ROWS, legs, rooms)
        self._names = np.zeros((FIRST_ROWS, 2), np.int64)
        """Stream and number of each track."""
        self._encoders: dict[int, U8] = {}
        """By row of a track."""
        self._ended: list[tuple[int, int, int]] = []
        """Epochs that came to their end: stream, the epoch's complement, how much was played."""
        self._scratch = np.zeros(LONGEST_PACKET_SAMPLES, np.int16)

    @property
    def is_idle(self) -> bool:
        return not self._open

    def warm_up(self, turn: Turn) -> None:
        """Compile, or load, the kernels before the first stream needs them in the middle of a beat."""
        pour(self.spoken, 0, np.zeros(0, np.int16))
        cut(self.spoken, 0)
        pour_packets(self.spoken, 0, np.frombuffer(b"", np.uint8), 0, 0, self._scratch)
        self._speak(turn)

    def carry_out(self, command: StreamCommand) -> None:
        match command:
            case OpenFormatted():
                self._begin(command)
            case MoveStream():
                self._move(command)
            case AddTrack(stream, track, taps):
                self._add_track(stream, track, taps)
            case DropTrack(stream, track):
                self._drop_track(stream, track)
            case SayFormatted(stream, audio):
                self._say(stream, audio)
            case ClearStream(stream, epoch):
                self._clear(stream, epoch)
            case CloseStream(stream):
                self._close(stream)

    def forget_leg(self, leg: int) -> None:
        """The leg is about to be closed: who listened to it hears silence, who spoke to it speaks to nobody."""
        self.tapping.forget_leg(leg)
        self.tracks.leg[self.tracks.leg == self._legs.slots.row(leg)] = -1
        for opened in self._open.values():
            if opened.leg == leg:
                opened.leg = None
                self.spoken.leg[opened.row] = -1

    def speak(self, turn: Turn) -> None:
        """Before the mix."""
        if self._open:
            self._speak(turn)

    def heard(self, beat: int) -> Iterator[StreamsHeard]:
        """The message of this beat, if there is anything to tell. All lanes have done their work."""
        if not self._open and not self._ended:
            return
        tracks = self.track_slots.active[: self.track_slots.count]
        tracks = tracks[self.turns.served[tracks] == beat]
        played = self._played()
        if len(tracks) or len(played):
            frames = [self._frame(track) for track in tracks.tolist()]
            octets = np.fromiter(map(len, frames), np.int64, len(frames))
            numbers = np.column_stack((self._names[tracks], self.tracks.tick[tracks], octets))
            yield StreamsHeard(numbers.tobytes(), b"".join(frames), played.tobytes())

    # --- inside ---------------------------------------------------------------------------------------------------

    def _speak(self, turn: Turn) -> None:
        slots, legs = self.slots, self._legs
        speak_formatted(slots.active, slots.count, self.spoken, legs.mixing, legs.turns, turn.now, turn.lane)

    def _frame(self, track: int) -> bytes:
        octets = int(self.tracks.octets[track])
        return self.tracks.payload[track, :octets].tobytes() if octets else SILENT_OPUS

    def _played(self) -> I64:
        """Of streams that spoke in this beat, and of epochs that have ended."""
        rows = self.slots.active[: self.slots.count]
        rows = rows[self.spoken.spoke[rows] == 1]
        self.spoken.spoke[rows] = 0
        told = self._ended + [self._figures(self.slots.key(row)) for row in rows.tolist()]
        self._ended = []
        return np.array(told, np.int64).reshape(-1, 3)

    def _figures(self, stream: int) -> tuple[int, int, int]:
        opened = self._open[stream]
        octets = 2 if opened.format.encoding == LINEAR_16 else 1
        return stream, int(self.spoken.epoch[opened.row]), octets * int(self.spoken.played[opened.row])

    def _begin(self, command: OpenFormatted) -> None:
        form = FORMATS.get((command.encoding, command.rate_hz))
        opus = self._legs.coded.opus
        if command.stream in self._open or form is None or (form.encoding == OPUS_PACKETS and opus is None):
            return
        if self.slots.is_full:
            self.slots.grow(2 * self.slots.capacity)
            self.spoken = grown(self.spoken, self.slots.capacity)
        row = self.slots.take(command.stream)
        clear_row(self.spoken, row)
        opened = self._open[command.stream] = Opened(row, form, command.leg)
        if form.encoding == OPUS_PACKETS and opus is not None:
            opened.decoder = opus.new_decoder(form.rate_hz)
        self._speak_to(opened)
        self.spoken.plane[row], self.spoken.frame[row] = form.plane, form.frame
        self.above += form.plane != NARROW
        for track, taps in enumerate(command.tracks):
            self._add_track(command.stream, track, taps)
        self._widen(opened)

    def _move(self, command: MoveStream) -> None:
        """See `Streaming._move`. Tracks that came later are none of it: whoever added them drops them."""
        opened = self._open.get(command.stream)
        if opened is None:
            return
        spoken, row, before = self.spoken, opened.row, opened.leg
        spoken.read[row] += spoken.fading[row]
        spoken.fading[row] = 0
        if spoken.read[row] == spoken.written[row]:  # the filters hold the last of it
            spoken.middle[row], spoken.said[row], spoken.sounds[row] = 0, 0, 0
        opened.leg = command.leg
        self._speak_to(opened)
        if before is not None:
            self._listen_above(before)
        if command.leg is not None:
            self._legs.forget_under_way(command.leg)
        for number, taps in enumerate(command.tracks):
            self._listen_elsewhere(opened, _track(command.stream, number), number, taps)
        self._widen(opened)

    def _listen_elsewhere(self, opened: Opened, key: int, number: int, taps: tuple[Tap, ...]) -> None:
        track, before = self.track_slots.row(key), opened.tracks.get(number)
        if track is None or before is None:
            return
        self.tapping.release(int(self.tracks.tap[track]))
        self.tracks.tap[track] = self.tapping.chain(taps)
        self.tracks.room[track], self.tracks.leg[track] = self.tapping.leads(taps)
        opened.tracks[number] = taps
        self._widen_for(before)
        self._widen_for(taps)

    def _speak_to(self, opened: Opened) -> None:
        leg_row = None if opened.leg is None else self._legs.slots.row(opened.leg)
        self.spoken.leg[opened.row] = -1 if leg_row is None else leg_row

    def _add_track(self, stream: int, number: int, taps: tuple[Tap, ...]) -> None:
        opened = self._open.get(stream)
        if opened is None or number in opened.tracks or not 0 <= number < MAX_TRACKS:
            return
        slots = self.track_slots
        if slots.is_full:
            slots.grow(2 * slots.capacity)
            self.tracks, self.turns = grown(self.tracks, slots.capacity), grown(self.turns, slots.capacity)
            self._names = np.resize(self._names, (slots.capacity, 2))
        row, form, opus = slots.take(_track(stream, number)), opened.format, self._legs.coded.opus
        clear_row(self.tracks, row)
        clear_row(self.turns, row)
        self._names[row] = stream, number
        self.tracks.plane[row], self.tracks.encoding[row], self.tracks.frame[row] = (
            form.plane,
            form.encoding,
            form.frame,
        )
        self.tracks.tap[row] = self.tapping.chain(taps)
        self.tracks.room[row], self.tracks.leg[row] = self.tapping.leads(taps)
        if form.encoding == OPUS_PACKETS and opus is not None:
            memory = self._encoders[row] = opus.new_encoder(form.rate_hz, OPUS_TERMS)
            self.tracks.opus_encoder[row] = memory.ctypes.data
        opened.tracks[number] = taps
        self._widen_for(taps)

    def _drop_track(self, stream: int, number: int) -> None:
        opened = self._open.get(stream)
        if opened is None or number not in opened.tracks:
            return
        taps = opened.tracks.pop(number)
        row = self.track_slots.release(_track(stream, number))
        self.tapping.release(int(self.tracks.tap[row]))
        self._encoders.pop(row, None)
        self._widen_for(taps)

    def _say(self, stream: int, audio: bytes) -> None:
        opened, opus = self._open.get(stream), self._legs.coded.opus
        if opened is None:
            return
        octets = np.frombuffer(audio, np.uint8)
        if opened.decoder is not None and opus is not None:
            decoder = opened.decoder.ctypes.data
            lost = pour_packets(self.spoken, opened.row, octets, opus.decode_address, decoder, self._scratch)
        elif opened.format.encoding == MULAW:
            lost = pour(self.spoken, opened.row, g711.decode_ulaw(audio))
        else:
            whole = octets[: len(octets) // 2 * 2].view("<i2").astype(np.int16)
            lost = pour(self.spoken, opened.row, whole)
        self.overflowed += lost

    def _clear(self, stream: int, epoch: int) -> None:
        opened = self._open.get(stream)
        if opened is not None:
            _, before, played = self._figures(stream)
            self._ended.append((stream, ~before, played))
            cut(self.spoken, opened.row)
            self.spoken.epoch[opened.row] = epoch

    def _close(self, stream: int) -> None:
        opened = self._open.get(stream)
        if opened is None:
            return
        for number in tuple(opened.tracks):
            self._drop_track(stream, number)
        del self._open[stream]
        self.slots.release(stream)
        self.above -= opened.format.plane != NARROW
        self._widen(opened)

    def _widen(self, opened: Opened) -> None:
        """Let the pipe that a stream speaks to carry its plane."""
        if opened.leg is not None:
            self._listen_above(opened.leg)

    def _widen_for(self, taps: tuple[Tap, ...]) -> None:
        """Let pipes carry the plane that is listened to at their ends."""
        for tap in taps:
            row = self._legs.slots.row(tap.id) if tap.kind == "leg_in" else None
            if row is not None and (peer := self._legs.peer(row)) is not None:
                self._listen_above(peer)

    def _listen_above(self, leg: int) -> None:
        """Find the plane on which a pipe's leg is to hear, for what comes out at the other end."""
        row = self._legs.slots.row(leg)
        if row is None or (peer := self._legs.peer(row)) is None:
            return
        end = Tap("leg_in", peer)
        planes = [
            opened.format.plane
            for opened in self._open.values()
            if opened.leg == leg or any(end in taps for taps in opened.tracks.values())
        ]
        self._legs.coded.hear_above(row, max(planes, default=NARROW))


def _track(stream: int, number: int) -> int:
    return stream * MAX_TRACKS + number
