"""Who does the reading and writing of files: this thread at once, or another one soon."""

import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Final, Protocol

Job = Callable[[], None]

MAX_WAITING_JOBS: Final = 4096
MAX_WAITING_BYTES: Final = 128 << 20
"""8 s of 500 conferences in two channels. Cloud disks stand still for a second or two at times; one that is further
behind loses audio, and that is counted."""


class Disk(Protocol):
    """Runs jobs one after another, in order. Jobs answer for their own errors."""

    def offer(self, job: Job, size_bytes: int = 0) -> bool:
        """Run the job, unless too much waits already: then it is dropped, and False says so."""

    def insist(self, job: Job) -> None:
        """Run the job, whatever waits."""

    def close(self) -> None:
        """Return when all jobs are done."""


class InlineDisk:
    """At once: for tests in virtual time."""

    def offer(self, job: Job, size_bytes: int = 0) -> bool:
        job()
        return True

    def insist(self, job: Job) -> None:
        job()

    def close(self) -> None:
        pass


class ThreadDisk:
    """In a thread of its own, so that a slow disk never delays a tick."""

    def __init__(self, name: str) -> None:
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

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    def _do_offered(self, job: Job, size_bytes: int) -> None:
        job()
        self._done_bytes += size_bytes

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
