"""Who does the reading and writing of files: this thread at once, or another one soon."""

import contextlib
import threading
import time
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from mixminus.media.files import Files, SystemFiles

Job = Callable[[], None]

MAX_WAITING_JOBS: Final = 4096
MAX_WAITING_BYTES: Final = 128 << 20
"""8 s of 500 conferences in two channels. Cloud disks stand still for a second or two at times; one that is further
behind loses audio, and that is counted."""

OVERDUE_S: Final = 0.3
"""A sync that takes longer, with the jobs before it, leaves more than a second unsafe (`recorders.SYNC_TICKS`)."""


class Disk(Protocol):
    """Runs jobs one after another, in order. Jobs answer for their own errors."""

    files: Files
    """For the jobs."""

    @property
    def overdue_syncs(self) -> int:
        """How many syncs failed, or took longer than 0.3 s."""

    def offer(self, job: Job, size_bytes: int = 0) -> bool:
        """Run the job, unless too much waits already: then it is dropped, and False says so."""

    def insist(self, job: Job) -> None:
        """Run the job, whatever waits."""

    def sync(self, folder: str) -> None:
        """When the jobs until now are done, let what they wrote there survive a loss of power. Jobs do not wait."""

    def close(self) -> None:
        """Return when all jobs and syncs are done."""


class InlineDisk:
    """At once: for tests in virtual time. Power is never lost there."""

    def __init__(self, files: Files | None = None) -> None:
        self.files = files or SystemFiles()

    @property
    def overdue_syncs(self) -> int:
        return 0

    def offer(self, job: Job, size_bytes: int = 0) -> bool:
        job()
        return True

    def insist(self, job: Job) -> None:
        job()

    def sync(self, folder: str) -> None:
        pass

    def close(self) -> None:
        pass


class ThreadDisk:
    """In a thread of its own, so that a slow disk never delays a tick."""

    def __init__(self, name: str, files: Files | None = None) -> None:
        self.files = files or SystemFiles()
        self._syncer = Syncer(f"{name} sync", self.files, time.monotonic)
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._taken_bytes = 0
        """Counted by who offers, and what is done by the thread: neither needs a lock."""
        self._done_bytes = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting_bytes(self) -> int:
        """How much waits that was offered."""
        return self._taken_bytes - self._done_bytes

    def offer(self, job: Job, size_bytes: int = 0) -> bool:
        if self._jobs.qsize() >= MAX_WAITING_JOBS or self.waiting_bytes + size_bytes > MAX_WAITING_BYTES:
            return False
        self._taken_bytes += size_bytes
        self._jobs.put(partial(self._do_offered, job, size_bytes))
        return True

    def insist(self, job: Job) -> None:
        self._jobs.put(job)

    @property
    def overdue_syncs(self) -> int:
        return self._syncer.overdue

    def sync(self, folder: str) -> None:
        self._jobs.put(partial(self._syncer.ask, folder, self._syncer.now()))

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join()
        self._syncer.close()

    def _do_offered(self, job: Job, size_bytes: int) -> None:
        job()
        self._done_bytes += size_bytes

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


class Syncer:
    """A second thread, since a sync takes as long as the disk likes, and writing need not stand still meanwhile.

    Whatever is asked for during one sync is done by the next: a slow disk has fewer, and never a queue of them.
    """

    def __init__(self, name: str, files: Files, now: Callable[[], float]) -> None:
        self.overdue = 0
        self.now = now
        self._files = files
        self._asked: SimpleQueue[tuple[str, float] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def ask(self, folder: str, since_s: float) -> None:
        """Sync soon; *since_s* is when that was wanted."""
        self._asked.put((folder, since_s))

    def close(self) -> None:
        """Return when all that was asked for is done."""
        self._asked.put(None)
        self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            asked = [self._asked.get()]
            with contextlib.suppress(Empty):
                while True:
                    asked.append(self._asked.get_nowait())
            ending = None in asked
            wanted: dict[str, float] = {}
            for folder, since_s in filter(None, asked):
                wanted.setdefault(folder, since_s)
            for folder, since_s in wanted.items():
                self._sync(folder, since_s)

    def _sync(self, folder: str, since_s: float) -> None:
        """A folder that is gone by now has nothing to keep; for other faults the writing tells of its own."""
        try:
            self._files.sync(folder)
        except FileNotFoundError:
            return
        except (OSError, ValueError):  # ValueError: a path that cannot be one
            self.overdue += 1
            return
        self.overdue += self.now() - since_s > OVERDUE_S
