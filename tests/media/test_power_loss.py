"""The plug is pulled: recordings lose at most a second, whatever the disk did with what was not synced (issue 3)."""

import threading
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mixminus.audio.wav import HEADER_BYTES
from mixminus.media.contract import Play, StartRecording, StopRecording, Tap, Tone
from mixminus.media.disk import OVERDUE_S, InlineDisk, Syncer, ThreadDisk
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.files import SystemFiles
from mixminus.store.wav import mended_wav

ROOM: Final = 1
FRAME_BYTES: Final = 320
SECOND_BYTES: Final = 16_000
BLOCK_BYTES: Final = 4096
SLOWEST_SYNC_TICKS: Final = 14
"""0.28 s: just not overdue."""

Change = Callable[[bytearray], None]


def put(at: int, data: bytes, content: bytearray) -> None:
    content.extend(bytes(max(0, at + len(data) - len(content))))
    content[at : at + len(data)] = data


def cut(size: int, content: bytearray) -> None:
    del content[size:]


@dataclass
class OneFile:
    """What is safe, and what has been done since, in blocks: the disk takes these in any order."""

    safe: bytearray = field(default_factory=bytearray)
    exists_safely: bool = False
    unsafe: list[Change] = field(default_factory=list)

    def make_safe(self, changes: int) -> None:
        for change in self.unsafe[:changes]:
            change(self.safe)
        del self.unsafe[:changes]
        self.exists_safely = True


class VolatileFiles:
    """Forget what was not synced, or any part of that."""

    def __init__(self) -> None:
        self.files: list[OneFile] = []

    def create(self, path: str) -> int:
        self.files.append(OneFile())
        return len(self.files) - 1

    def write(self, file: int, data: bytes, offset: int) -> None:
        at = 0
        while at < len(data):
            size = min(BLOCK_BYTES - (offset + at) % BLOCK_BYTES, len(data) - at)
            self.files[file].unsafe.append(partial(put, offset + at, data[at : at + size]))
            at += size

    def truncate(self, file: int, size_bytes: int) -> None:
        self.files[file].unsafe.append(partial(cut, size_bytes))

    def close(self, file: int) -> None:
        pass

    def sync(self, folder: str) -> None:
        for file in self.files:
            file.make_safe(len(file.unsafe))

    def after_power_loss(self, file: int, kept: Callable[[int], list[bool]]) -> bytes | None:
        """What is found when the power is back; *kept* says which of so many changes had reached the disk."""
        found = self.files[file]
        content = bytearray(found.safe)
        survivors = kept(len(found.unsafe))
        if not found.exists_safely and not any(survivors):
            return None
        for change, survives in zip(found.unsafe, survivors, strict=True):
            if survives:
                change(content)
        return bytes(content)


class SlowDisk(InlineDisk):
    """A sync takes some ticks: what was done when it began is safe when it ends."""

    def __init__(self, files: VolatileFiles, sync_ticks: int) -> None:
        super().__init__(files)
        self._volatile, self._sync_ticks = files, sync_ticks
        self._syncing: list[tuple[int, list[tuple[OneFile, int]]]] = []
        self._ticks = 0

    def sync(self, folder: str) -> None:
        if not self._syncing:  # one at a time; the next one is asked for soon enough
            begun = [(file, len(file.unsafe)) for file in self._volatile.files]
            self._syncing.append((self._ticks + self._sync_ticks, begun))

    def tick(self) -> None:
        self._ticks += 1
        if self._syncing and self._syncing[0][0] <= self._ticks:
            for file, changes in self._syncing.pop()[1]:
                file.make_safe(changes)


class Studio:
    """A room with a tone that never repeats itself, recorded in one channel."""

    def __init__(self, sync_ticks: int) -> None:
        self.files = VolatileFiles()
        self.disk = SlowDisk(self.files, sync_ticks)
        settings = EngineSettings(legs=1, rooms=1, players=1, recorders=1)
        self.engine = Engine(settings, lambda n: bytes(n), disk=self.disk)
        taps = ((Tap("bus", ROOM),),)
        self.engine.apply((Play(5, (Tone((401.3,), 60_000),), room=ROOM), StartRecording("RE1", "/far/1.wav", taps)))

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.engine.tick()
            self.disk.tick()

    def recorded(self) -> bytes:
        """Of the first file, had the power not been lost."""
        content = self.files.after_power_loss(0, lambda changes: [True] * changes)
        assert content is not None
        return content[HEADER_BYTES:]


def samples_of(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        data: bytes = file.readframes(file.getnframes())
        assert path.stat().st_size == HEADER_BYTES + len(data)
    return data


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    ticks=st.integers(30, 400),
    sync_ticks=st.sampled_from([0, 5, SLOWEST_SYNC_TICKS]),
    seed=st.integers(0, 2**32 - 1),
    share=st.sampled_from([0.0, 0.5, 0.9]),
)
def test_whatever_the_disk_forgets_the_file_plays_and_all_but_the_last_second_is_in_it(
    ticks: int, sync_ticks: int, seed: int, share: float
) -> None:
    draw = np.random.default_rng(seed)
    studio = Studio(sync_ticks)
    studio.run(ticks)
    found = studio.files.after_power_loss(0, lambda changes: list(draw.random(changes) < share))
    whole = studio.recorded()
    certain = max(0, ticks * FRAME_BYTES - SECOND_BYTES)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "1.wav"
        if found is not None:
            path.write_bytes(found)
        size = mended_wav(path)
        if certain == 0 and size is None:
            return
        assert size is not None
        assert size.size_bytes == path.stat().st_size
        left = samples_of(path)
    assert len(left) >= certain
    assert left[:certain] == whole[:certain]


@pytest.mark.parametrize("sync_ticks", [0, SLOWEST_SYNC_TICKS])
def test_a_recording_that_ended_is_safe_as_soon(sync_ticks: int) -> None:
    studio = Studio(sync_ticks)
    studio.run(100)
    studio.engine.apply((StopRecording("RE1"),))
    studio.run(50 * 7 // 10)
    found = studio.files.after_power_loss(0, lambda changes: [False] * changes)
    assert found is not None
    assert found[HEADER_BYTES:] == studio.recorded()
    assert len(found) == HEADER_BYTES + 100 * FRAME_BYTES


def test_nothing_is_synced_when_nothing_is_recorded() -> None:
    studio = Studio(0)
    studio.engine.apply((StopRecording("RE1"),))
    studio.run(20)
    studio.disk.sync = lambda folder: pytest.fail(f"synced {folder}")  # type: ignore[method-assign]
    studio.run(50)


class GatedFiles(SystemFiles):
    """Syncs that take until they are let go."""

    def __init__(self) -> None:
        self.synced: list[str] = []
        self.begun, self.go_on = threading.Semaphore(0), threading.Semaphore(0)

    def sync(self, folder: str) -> None:
        self.synced.append(folder)
        self.begun.release()
        assert self.go_on.acquire(timeout=10)


def test_a_slow_sync_holds_no_job_up_and_the_next_one_is_for_all_who_waited(tmp_path: Path) -> None:
    files, done = GatedFiles(), threading.Event()
    disk = ThreadDisk("disk", files)
    disk.sync("first")
    assert files.begun.acquire(timeout=10)
    for _ in range(5):
        disk.sync("later")
    disk.insist(done.set)
    assert done.wait(10), "written although the sync goes on"
    files.go_on.release(2)
    disk.close()
    assert files.synced == ["first", "later"]


def test_a_sync_that_took_too_long_or_failed_is_counted() -> None:
    clock = [0.0]

    class SlowFiles(SystemFiles):
        def sync(self, folder: str) -> None:
            if folder == "broken":
                raise OSError("a bad sector")
            if folder == "gone":
                raise FileNotFoundError(folder)
            if folder == "\0":
                raise ValueError("embedded null byte")
            clock[0] += OVERDUE_S / 2

    syncer = Syncer("sync", SlowFiles(), lambda: clock[0])
    for folder in ("good", "gone", "broken", "\0"):
        syncer.ask(folder, clock[0])
    syncer.ask("late", -OVERDUE_S)
    syncer.close()
    assert syncer.overdue == 3


def test_the_real_file_system_is_synced(tmp_path: Path) -> None:
    SystemFiles().sync(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        SystemFiles().sync(str(tmp_path / "nowhere"))


def test_many_recordings_are_synced_together_five_times_a_second() -> None:
    asked: list[str] = []
    studio = Studio(0)
    studio.disk.sync = asked.append  # type: ignore[method-assign, assignment]
    for n in range(60):
        studio.engine.apply((StartRecording(f"RE{n}", f"/far/{n}.wav", ((Tap("bus", ROOM),),)),))
    studio.run(200)
    assert asked == ["/far"] * 20
