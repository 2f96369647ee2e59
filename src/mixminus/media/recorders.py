"""Recordings: taps in the engine, files on the disk's thread, a buffer for each channel in between."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Final

from mixminus.audio.frames import RATE_HZ
from mixminus.media.bundles import clear_row, grown, zeroed
from mixminus.media.coded_state import NARROW, SCALES, WIDE
from mixminus.media.contract import RecordingStopped, StartRecording, Tap
from mixminus.media.disk import Disk
from mixminus.media.kernels.turns import Turns
from mixminus.media.legs import Legs
from mixminus.media.recording_file import Audio, RecordingFile
from mixminus.media.rooms import Rooms
from mixminus.media.slots import Slots
from mixminus.media.state import PAUSED_WITH_SILENCE, PAUSED_WITH_SKIP, RECORDING, RecorderRows
from mixminus.media.tapping import TAP_KINDS, Tapping

FLUSH_TICKS: Final = 25
"""Half a second: so much is lost with the process."""
SYNC_TICKS: Final = 10
"""0.2 s. A loss of power takes what the process had (0.5 s), what waited to be synced (0.2 s), and what came while
the disk was at it (0.3 s, else that is counted as overdue): together the second that we promise."""

MAX_CHANNELS: Final = 64
"""More than anybody's player shows; tracks beyond that are files of their own."""

Channels = Sequence[Sequence[Tap]]


@dataclass(slots=True)
class _Recorder:
    file: RecordingFile
    turn: int
    """The tick of each half second at which it is written."""
    channels: list[int] = field(default_factory=list)
    """Ids, in order; each has a row."""
    rows: list[int] = field(default_factory=list)
    handed_ticks: int = 0
    """How long the file is, with all that was handed to the disk."""
    gap_ticks: int = 0
    """Silence that the file needs before what comes next."""

    def give_back(self, audio: Audio) -> None:
        """The disk did not take it: its time becomes silence, so that what follows keeps its place."""
        self.gap_ticks = audio.ticks
        self.handed_ticks -= audio.ticks


class Recorders:
    """Starts, pauses and ends recordings, and hands what they heard to the disk twice a second."""

    def __init__(self, capacity: int, legs: Legs, rooms: Rooms, disk: Disk) -> None:
        self.slots: Slots[int] = Slots(capacity)
        """By channel."""
        self.rows = zeroed(RecorderRows, capacity)
        self.turns = zeroed(Turns, capacity)
        self.tapping = Tapping(2 * capacity, legs, rooms)
        self.lost_flushes = 0
        """How often the disk was too slow for half a second of a recording, which is silence now."""
        self.wide: set[str] = set()
        """Recordings at 16 kHz."""
        self._legs = legs
        self._rooms = rooms
        self._disk = disk
        self._ids = count()
        self._recorders: dict[str, _Recorder] = {}
        self._unsynced: set[str] = set()
        """Folders that were written to."""
        self._turns: list[dict[str, _Recorder]] = [{} for _ in range(FLUSH_TICKS)]
        """Recordings are spread over the ticks of half a second, so that none of these has much to do."""
        self._refused: deque[RecordingStopped] = deque()
        self._ended: deque[RecordingStopped] = deque()
        """Filled by the disk's thread."""

    @property
    def count(self) -> int:
        """How many recordings run."""
        return len(self._recorders)

    @property
    def overdue_syncs(self) -> int:
        """How often more than a second of recordings was at the mercy of the power supply."""
        return self._disk.overdue_syncs

    def start(self, start: StartRecording) -> None:
        """Begin with the next tick. What is wrong is told by `take_ended`."""
        if (fault := self._fault(start)) is not None:
            self._refused.append(RecordingStopped(start.recording, 0, 0, True, fault))
            return
        plane = self._plane_of(start)
        rate_hz = SCALES[plane] * RATE_HZ
        file = RecordingFile(
            start.recording,
            start.path,
            len(start.channels),
            rate_hz,
            start.trim_silence,
            self._ended.append,
            self._disk.files,
        )
        turn = min(range(FLUSH_TICKS), key=lambda turn: len(self._turns[turn]))
        recorder = _Recorder(file, turn)
        for taps in start.channels:
            self._add_channel(recorder, taps, plane)
        self._keep_time(recorder, start.channels)
        if start.aligned_with is not None:
            self._align(recorder, self._recorders[start.aligned_with])
        if plane != NARROW:
            self.wide.add(start.recording)
        self._recorders[start.recording] = self._turns[turn][start.recording] = recorder
        self._disk.insist(file.open)
        self._unsynced.add(file.folder)

    def set_taps(self, recording: str, channels: Channels) -> None:
        """Record from elsewhere. Channels that are not spoken of fall silent."""
        recorder = self._recorders.get(recording)
        if recorder is None:
            return
        for at, row in enumerate(recorder.rows):
            self.tapping.release(int(self.rows.tap[row]))
            self.rows.tap[row] = self.tapping.chain(channels[at] if at < len(channels) else ())
        self._keep_time(recorder, channels)

    def pause(self, recording: str, skip: bool) -> None:
        self._set_mode(recording, PAUSED_WITH_SKIP if skip else PAUSED_WITH_SILENCE)

    def resume(self, recording: str) -> None:
        self._set_mode(recording, RECORDING)

    def stop(self, recording: str) -> None:
        """Write what is left, and close the file. An unknown recording is ignored."""
        recorder = self._recorders.get(recording)
        if recorder is None:
            return
        if (audio := self._take(recorder)) is not None:
            self._disk.insist(partial(recorder.file.append, audio))
        self._disk.insist(recorder.file.finish)
        self._unsynced.add(recorder.file.folder)
        self._free(recording)

    def flush(self, tick: int) -> None:
        """Hand over what is due in this tick, all of it at once: the disk's thread wakes up when we are done."""
        taken = [(recorder, self._take(recorder)) for recorder in self._turns[tick % FLUSH_TICKS].values()]
        due = [(recorder, audio) for recorder, audio in taken if audio is not None]
        size_bytes = sum(audio.channels.nbytes for _, audio in due)
        if due and not self._disk.offer(partial(_append, due), size_bytes):
            self.lost_flushes += len(due)
            for recorder, audio in due:
                recorder.give_back(audio)
        self._unsynced.update(recorder.file.folder for recorder, _ in due)
        if tick % SYNC_TICKS == 0:
            self._sync()

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
        self.tapping.forget_leg(leg)
        self.rows.leg[self.rows.leg == self._legs.slots.row(leg)] = -1

    def close(self) -> None:
        """End all recordings."""
        for recording in tuple(self._recorders):
            self.stop(recording)
        self._sync()

    def _sync(self) -> None:
        """Let what was written survive a loss of power, soon."""
        while self._unsynced:
            self._disk.sync(self._unsynced.pop())

    def _fault(self, start: StartRecording) -> str | None:
        if start.recording in self._recorders:
            return "the recording runs already"
        if not 1 <= len(start.channels) <= MAX_CHANNELS:
            return f"a recording has 1 to {MAX_CHANNELS} channels"
        if start.aligned_with is not None and start.aligned_with not in self._recorders:
            return f"there is no recording {start.aligned_with} to align with"
        unknown = [tap.kind for taps in start.channels for tap in taps if tap.kind not in TAP_KINDS]
        return f"there is no tap {unknown[0]!r}" if unknown else None

    def _add_channel(self, recorder: _Recorder, taps: Sequence[Tap], plane: int) -> None:
        if self.slots.is_full:
            self.slots.grow(2 * self.slots.capacity)
            self.rows = grown(self.rows, self.slots.capacity)
            self.turns = grown(self.turns, self.slots.capacity)
        channel = next(self._ids)
        row = self.slots.take(channel)
        clear_row(self.rows, row)
        clear_row(self.turns, row)
        self.rows.tap[row] = self.tapping.chain(taps)
        self.rows.plane[row] = plane
        self.rows.mode[row] = RECORDING
        recorder.channels.append(channel)
        recorder.rows.append(row)

    def _keep_time(self, recorder: _Recorder, channels: Channels) -> None:
        """Take all channels of a file in the same turns: those of the room that is tapped, or else of the leg."""
        room, leg = self.tapping.leads([tap for channel in channels for tap in channel])
        self.rows.room[recorder.rows], self.rows.leg[recorder.rows] = room, leg

    def _plane_of(self, start: StartRecording) -> int:
        """A file has one rate: the leader's, or 16 kHz if anybody who is to be recorded is wideband at the start."""
        if start.aligned_with is not None:
            return int(self.rows.plane[self._recorders[start.aligned_with].rows[0]])
        tapped = (tap for taps in start.channels for tap in taps)
        legs = (leg for tap in tapped for leg in (self._rooms.members(tap.id) if tap.kind == "bus" else (tap.id,)))
        return WIDE if any(self._legs.is_wideband(leg) for leg in legs) else NARROW

    def _align(self, recorder: _Recorder, leader: _Recorder) -> None:
        """Let the file begin where the leader's began."""
        recorder.gap_ticks = leader.handed_ticks + leader.gap_ticks + int(self.rows.ticks[leader.rows[0]])
        self.rows.mode[recorder.rows] = self.rows.mode[leader.rows[0]]

    def _set_mode(self, recording: str, mode: int) -> None:
        if recorder := self._recorders.get(recording):
            self.rows.mode[recorder.rows] = mode

    def _take(self, recorder: _Recorder) -> Audio | None:
        """Empty its buffers."""
        rows = recorder.rows
        ticks = int(self.rows.ticks[rows[0]])
        if ticks == 0:
            return None
        self.rows.ticks[rows] = 0
        audio = Audio.copied(self.rows, rows, ticks, recorder.gap_ticks)
        recorder.handed_ticks += audio.ticks
        recorder.gap_ticks = 0
        return audio

    def _free(self, recording: str) -> None:
        recorder = self._recorders.pop(recording, None)
        if recorder is None:
            return
        del self._turns[recorder.turn][recording]
        self.wide.discard(recording)
        for channel, row in zip(recorder.channels, recorder.rows, strict=True):
            self.tapping.release(int(self.rows.tap[row]))
            self.slots.release(channel)


def _append(due: Sequence[tuple[_Recorder, Audio]]) -> None:
    """On the disk's thread."""
    for recorder, audio in due:
        recorder.file.append(audio)
