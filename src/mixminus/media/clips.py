"""Decoded files in memory: loaded once, shared by all who play them."""

import os
from collections import OrderedDict
from typing import Final

import numpy as np

from mixminus.audio.frames import RATE_HZ, Samples
from mixminus.audio.tones import tone
from mixminus.media.contract import Pcm, Tone
from mixminus.media.disk import Disk

MAX_CLIP_BYTES: Final = 128 << 20
"""Over two hours at 8 kHz."""

Key = tuple[str, int, int] | Tone
"""A file as it was when we looked (path, time of change, bytes), or a tone."""


class LoadedClip:
    """Samples, or an error, or neither as long as it is being loaded."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.samples: Samples | None = None
        self.error: str | None = None
        self.holders = 0

    @property
    def is_ready(self) -> bool:
        return self.samples is not None or self.error is not None

    @property
    def address(self) -> int:
        return 0 if self.samples is None else int(self.samples.ctypes.data)

    def load(self, source: Pcm | Tone) -> None:
        """Read the file or work out the tone; runs on the disk's thread."""
        if isinstance(source, Tone):
            self.samples = tone(source.frequencies_hz, source.duration_ms, source.level_dbfs)
        else:
            self._read(source.path)

    def _read(self, path: str) -> None:
        try:
            size = os.stat(path).st_size
            if size > MAX_CLIP_BYTES:
                self.error = f"{path} is longer than {MAX_CLIP_BYTES} bytes"
            elif size % 2:
                self.error = f"{path} is not 16-bit samples: its size is odd"
            else:
                self.samples = np.fromfile(path, "<i2").astype(np.int16, copy=False)
        except (OSError, ValueError, MemoryError) as error:
            self.error = f"{path} cannot be read: {error}"


class ClipStore:
    """Leases clips; those that nobody holds are kept, the last used ones first, within a budget."""

    def __init__(self, disk: Disk, budget_bytes: int) -> None:
        self._disk = disk
        self._budget_bytes = budget_bytes
        self._clips: dict[Key, LoadedClip] = {}
        self._idle: OrderedDict[Key, LoadedClip] = OrderedDict()
        self._idle_bytes = 0

    def lease(self, source: Pcm | Tone) -> LoadedClip:
        """The clip of a file or a tone, perhaps not ready yet. Give it back."""
        key = source if isinstance(source, Tone) else _as_it_is_now(source.path)
        clip = self._clips.get(key)
        if clip is None:
            clip = self._clips[key] = LoadedClip(key)
            self._load(clip, source)
        elif clip.holders == 0:
            del self._idle[key]
            self._idle_bytes -= _bytes(clip)
        clip.holders += 1
        return clip

    def give_back(self, clip: LoadedClip) -> None:
        """Undo one `lease`."""
        clip.holders -= 1
        if clip.holders:
            return
        if clip.samples is None:  # an error is not worth keeping, nor is what nobody waits for
            del self._clips[clip.key]
            return
        self._idle[clip.key] = clip
        self._idle_bytes += _bytes(clip)
        while self._idle_bytes > self._budget_bytes:
            key, oldest = self._idle.popitem(last=False)
            self._idle_bytes -= _bytes(oldest)
            del self._clips[key]

    def _load(self, clip: LoadedClip, source: Pcm | Tone) -> None:
        if isinstance(source, Pcm) and source.rate_hz != RATE_HZ:
            clip.error = f"{source.path} has {source.rate_hz} samples a second; {RATE_HZ} are needed"
        elif not self._disk.offer(lambda: clip.load(source)):
            clip.error = "the disk is too slow"


def _as_it_is_now(path: str) -> Key:
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return path, 0, 0
    return path, status.st_mtime_ns, status.st_size


def _bytes(clip: LoadedClip) -> int:
    return 0 if clip.samples is None else clip.samples.nbytes
