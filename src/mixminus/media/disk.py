"""Who does the reading and writing of files: this thread at once, or another one soon."""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final, Protocol

Job = Callable[[], None]

MAX_WAITING_JOBS: Final = 4096
"""About 2 s of 1,000 recordings. A disk that is further behind loses audio, and that is counted."""


class Disk(Protocol):
    """Runs jobs one after another, in order. Jobs answer for their own errors."""

    def offer(self, job: Job) -> bool:
        """Run the job, unless too many wait already: then it is dropped, and False says so."""

    def insist(self, job: Job) -> None:
        """Run the job, whatever waits."""

    def close(self) -> None:
        """Return when all jobs are done."""


class InlineDisk:
    """At once: for tests in virtual time."""

    def offer(self, job: Job) -> bool:
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
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def offer(self, job: Job) -> bool:
        if self._jobs.qsize() >= MAX_WAITING_JOBS:
            return False
        self._jobs.put(job)
        return True

    def insist(self, job: Job) -> None:
        self._jobs.put(job)

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
