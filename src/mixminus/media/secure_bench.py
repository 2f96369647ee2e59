"""Where handshakes are worked on: a thread of its own, behind the beats."""

import contextlib
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

Job = Callable[[], None]


class Bench(Protocol):
    """Does jobs one after another, in order. Jobs answer for their own errors, and see to it that they are few."""

    def offer(self, job: Job) -> None:
        """Do it soon."""

    def close(self) -> None:
        """Return when all jobs are done."""


class InlineBench:
    """At once: for tests in virtual time."""

    def offer(self, job: Job) -> None:
        job()

    def close(self) -> None:
        pass


class ThreadBench:
    """In a thread of ordinary priority: public-key operations take a millisecond, and a beat has five."""

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def offer(self, job: Job) -> None:
        self._jobs.put(job)

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # it inherited the haste of the beats
            os.setpriority(os.PRIO_PROCESS, 0, max(0, os.getpriority(os.PRIO_PROCESS, 0)))
        while (job := self._jobs.get()) is not None:
            job()
