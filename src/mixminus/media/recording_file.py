"""A WAV file that grows. Its header is right after every append, so that a crash loses what was never handed over.

A loss of power also loses what was not synced: see `recorders`. What is left is put right by `store/wav.py`.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from mixminus.audio.frames import FRAME_SAMPLES, FRAMES_PER_SECOND
from mixminus.audio.wav import HEADER_BYTES, MAX_DATA_BYTES, SAMPLE_BYTES, wav_header
from mixminus.media.coded_state import SCALES
from mixminus.media.contract import RecordingStopped
from mixminus.media.files import Files
from mixminus.media.state import I16, I32, RecorderRows

AUDIBLE: Final = 256
"""Peak of a frame in which somebody is heard: -42 dBFS, above G.711's idle noise and a quiet room."""


@dataclass(frozen=True, slots=True)
class Audio:
    """Some ticks of a recording: a row of samples for each channel, and each tick's peak over all of them."""

    channels: I16
    peaks: I32
    gap_ticks: int = 0
    """Silence before them: what another recording holds already, or what a slow disk has lost."""

    @classmethod
    def copied(cls, rows: RecorderRows, of: Sequence[int], ticks: int, gap_ticks: int) -> Self:
        """The first *ticks* of these rows' buffers."""
        channels = rows.buffer[of, : ticks * FRAME_SAMPLES * SCALES[int(rows.plane[of[0]])]]
        return cls(channels, rows.peak[of, :ticks].max(axis=0), gap_ticks)

    @property
    def ticks(self) -> int:
        """How long it is, with the silence before it."""
        return self.gap_ticks + len(self.peaks)

    @property
    def samples(self) -> bytes:
        """Interleaved."""
        return self.channels.T.tobytes()


class RecordingFile:
    """One recording on disk. All methods run on the disk's thread; *report* is told once how it ended."""

    def __init__(
        self,
        recording: str,
        path: str,
        channels: int,
        rate_hz: int,
        trim: bool,
        report: Callable[[RecordingStopped], None],
        files: Files,
    ) -> None:
        self.folder = os.path.dirname(path) or "."
        self._recording = recording
        self._path = path
        self._channels = channels
        self._rate_hz = rate_hz
        self._trim = trim
        self._report = report
        self._files = files
        self._file: int | None = None
        self._data_bytes = 0
        self._audible_bytes = 0
        """Up to the end of the last tick in which somebody was heard."""

    def open(self) -> None:
        self._attempt(self._create)

    def append(self, audio: Audio) -> None:
        self._attempt(lambda: self._write(audio))

    def finish(self) -> None:
        self._attempt(self._complete)

    @property
    def _tick_bytes(self) -> int:
        return self._rate_hz // FRAMES_PER_SECOND * self._channels * SAMPLE_BYTES

    def _attempt(self, step: Callable[[], None]) -> None:
        """The first error ends the recording: it is reported, and later steps find no file."""
        try:
            step()
        except (OSError, ValueError) as error:
            self._end(f"{self._path} cannot be written: {error}")

    def _create(self) -> None:
        self._file = self._files.create(self._path)
        self._write_header()

    def _write(self, audio: Audio) -> None:
        if self._file is None:
            return
        loud = (audio.peaks >= AUDIBLE).nonzero()[0]
        samples, gap_bytes = audio.samples, audio.gap_ticks * self._tick_bytes
        if self._trim and not self._audible_bytes:
            if not len(loud):
                return
            samples, gap_bytes = samples[loud[0] * self._tick_bytes :], 0
        at_bytes = self._data_bytes + gap_bytes
        end_bytes = at_bytes + len(samples)
        if len(loud):
            quiet_end = (len(audio.peaks) - 1 - int(loud[-1])) * self._tick_bytes
            self._audible_bytes = end_bytes - quiet_end
        if end_bytes > MAX_DATA_BYTES:
            raise ValueError("a WAV file holds no more than 4 GB")
        self._files.write(self._file, samples, HEADER_BYTES + at_bytes)  # a gap is a hole: it reads as silence
        self._data_bytes = end_bytes
        self._write_header()

    def _complete(self) -> None:
        if self._file is None:
            return
        if self._trim:
            self._data_bytes = self._audible_bytes
            self._files.truncate(self._file, HEADER_BYTES + self._data_bytes)
            self._write_header()
        self._end(None)

    def _write_header(self) -> None:
        assert self._file is not None
        self._files.write(self._file, wav_header(self._data_bytes, self._channels, self._rate_hz), 0)

    def _end(self, error: str | None) -> None:
        size_bytes = 0
        if self._file is not None:
            size_bytes = HEADER_BYTES + self._data_bytes
            self._files.close(self._file)
            self._file = None
        duration_ms = self._data_bytes * 1000 // (self._channels * SAMPLE_BYTES * self._rate_hz)
        silent = self._audible_bytes == 0
        self._report(RecordingStopped(self._recording, duration_ms, size_bytes, silent, error))
