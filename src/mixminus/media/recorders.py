"""Recordings: taps in the engine, files on the disk's thread, a buffer in between."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from mixminus.audio.frames import FRAME_SAMPLES
from mixminus.media.contract import RecordingStopped, StartRecording, Tap
from mixminus.media.disk import Disk
from mixminus.media.legs import Legs
from mixminus.media.recording_file import Audio, RecordingFile
from mixminus.media.rooms import Rooms
from mixminus.media.slots import Chains, Slots
from mixminus.media.state import (
    MAX_CHANNELS,
    PAUSED_WITH_SILENCE,
    PAUSED_WITH_SKIP,
    RECORDING,
    TAP_BUS,
    TAP_LEG_IN,
    TAP_LEG_OUT,
    RecorderRows,
    Taps,
    clear_row,
    grown,
    zeroed,
)

FLUSH_TICKS: Final = 25
"""Half a second."""

TAP_KINDS: Final = {"bus": TAP_BUS, "leg_in": TAP_LEG_IN, "leg_out": TAP_LEG_OUT}


@dataclass(slots=True)
class _Recorder:
    file: RecordingFile
    taps: list[int] = field(default_factory=list)
    rooms: list[int] = field(default_factory=list)


class Recorders:
    """Starts, pauses and ends recordings, and hands what they heard to the disk twice a second."""

    def __init__(self, capacity: int, legs: Legs, rooms: Rooms, disk: Disk) -> None:
        self.slots: Slots[str] = Slots(capacity)
        self.rows = zeroed(RecorderRows, capacity)
        self.taps = zeroed(Taps, 2 * capacity)
        self.lost_flushes = 0
        """How often the disk was too slow for half a second of a recording."""
        self._tap_rows = Chains(2 * capacity)
        self._taps_on_leg: dict[int, list[int]] = {}
        self._legs = legs
        self._rooms = rooms
        self._disk = disk
        self._recorders: dict[str, _Recorder] = {}
        self._refused: deque[RecordingStopped] = deque()
        self._ended: deque[RecordingStopped] = deque()
        """Filled by the disk's thread."""

    def start(self, start: StartRecording) -> None:
        """Begin with the next tick. What is wrong is told by `take_ended`."""
        if (fault := self._fault(start)) is not None:
            self._refused.append(RecordingStopped(start.recording, 0, 0, True, fault))
            return
        if self.slots.is_full:
            self.slots.grow(2 * self.slots.capacity)
            self.rows = grown(self.rows, self.slots.capacity)
        row = self.slots.take(start.recording)
        clear_row(self.rows, row)
        channels = len(start.channels)
        file = RecordingFile(start.recording, start.path, channels, start.trim_silence, self._ended.append)
        recorder = self._recorders[start.recording] = _Recorder(file)
        self.rows.channels[row] = channels
        for channel, taps in enumerate(start.channels):
            first = -1
            for tap in taps:
                first = self._add_tap(recorder, tap, first)
            self.rows.tap[row, channel] = first
        self.rows.mode[row] = RECORDING
        self._disk.insist(file.open)

    def pause(self, recording: str, skip: bool) -> None:
        self._set_mode(recording, PAUSED_WITH_SKIP if skip else PAUSED_WITH_SILENCE)

    def resume(self, recording: str) -> None:
        self._set_mode(recording, RECORDING)

    def stop(self, recording: str) -> None:
        """Write what is left, and close the file. An unknown recording is ignored."""
        recorder = self._recorders.get(recording)
        if recorder is None:
            return
        row = self.slots.row(recording)
        assert row is not None
        if (audio := self._take(row)) is not None:
            self._disk.insist(lambda: recorder.file.append(audio))
        self._disk.insist(recorder.file.finish)
        self._free(recording)

    def flush(self, tick: int) -> None:
        """Hand over what is due; each recording has its own tick for that, so that they take turns."""
        for recording, recorder in self._recorders.items():
            row = self.slots.row(recording)
            assert row is not None
            if (tick + row) % FLUSH_TICKS == 0 and (audio := self._take(row)) is not None:
                append = recorder.file.append
                self.lost_flushes += not self._disk.offer(partial(append, audio))

    def take_ended(self) -> Iterator[RecordingStopped]:
        """Recordings that are complete, or failed."""
        while self._refused:
            yield self._refused.popleft()
        while self._ended:
            ended = self._ended.popleft()
            self._free(ended.recording)
            yield ended

    def forget_leg(self, leg: int) -> None:
        """Its taps are silent from now on: the row will be another leg's."""
        for tap in self._taps_on_leg.pop(leg, ()):
            self.taps.row[tap] = -1

    def close(self) -> None:
        """End all recordings."""
        for recording in tuple(self._recorders):
            self.stop(recording)

    def _fault(self, start: StartRecording) -> str | None:
        if start.recording in self._recorders:
            return "the recording runs already"
        if not 1 <= len(start.channels) <= MAX_CHANNELS:
            return f"a recording has 1 to {MAX_CHANNELS} channels"
        unknown = [tap.kind for taps in start.channels for tap in taps if tap.kind not in TAP_KINDS]
        return f"there is no tap {unknown[0]!r}" if unknown else None

    def _add_tap(self, recorder: _Recorder, wanted: Tap, following: int) -> int:
        if self._tap_rows.is_full:
            self._tap_rows.grow(2 * self._tap_rows.capacity)
            self.taps = grown(self.taps, self._tap_rows.capacity)
        tap = self._tap_rows.take()
        recorder.taps.append(tap)
        if wanted.kind == "bus":
            recorder.rooms.append(wanted.id)
            index: int | None = self._rooms.hold(wanted.id)
        else:
            index = self._legs.slots.row(wanted.id)
            if index is not None:
                self._taps_on_leg.setdefault(wanted.id, []).append(tap)
        self.taps.kind[tap] = TAP_KINDS[wanted.kind]
        self.taps.row[tap] = -1 if index is None else index
        self.taps.next[tap] = following
        return tap

    def _set_mode(self, recording: str, mode: int) -> None:
        row = self.slots.row(recording)
        if row is not None:
            self.rows.mode[row] = mode

    def _take(self, row: int) -> Audio | None:
        """Empty the row's buffer."""
        ticks = int(self.rows.ticks[row])
        if ticks == 0:
            return None
        self.rows.ticks[row] = 0
        samples = ticks * FRAME_SAMPLES * int(self.rows.channels[row])
        return Audio(self.rows.buffer[row, :samples].tobytes(), self.rows.peak[row, :ticks].copy())

    def _free(self, recording: str) -> None:
        recorder = self._recorders.pop(recording, None)
        if recorder is None:
            return
        self.slots.release(recording)
        for tap in recorder.taps:
            self._tap_rows.release(tap)
        mine = set(recorder.taps)
        for leg, taps in tuple(self._taps_on_leg.items()):
            if left := [tap for tap in taps if tap not in mine]:
                self._taps_on_leg[leg] = left
            else:
                del self._taps_on_leg[leg]
        for room in recorder.rooms:
            self._rooms.release(room)
