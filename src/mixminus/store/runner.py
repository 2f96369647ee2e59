"""Who carries the jobs to the database: a thread of its own, or the caller itself."""

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Protocol

from mixminus.base.errors import MixminusError
from mixminus.store.jobs import Job

CarryOut = Callable[[Sequence[Job]], None]
"""Carry out a batch in one transaction and settle every outcome; never raises."""

# Bounds the time one transaction holds back the first job in it. Measured: a batch of 1,000 record saves takes
# about 15 ms; larger ones are not faster per record.
MOST_JOBS_IN_A_TRANSACTION = 1_000


class StoreClosed(MixminusError):
    """Something was asked of a store after it was closed."""


class Runner(Protocol):
    """Takes jobs in order, hands them on in order."""

    def start(self, carry_out: CarryOut) -> None: ...

    def submit(self, job: Job) -> None:
        """Raises `StoreClosed` after `stop`."""

    def stop(self) -> None:
        """Return when everything that was submitted is settled."""

    @property
    def backlog(self) -> int:
        """Jobs that wait."""


class InlineRunner:
    """Carries out each job at once, in the caller: for tests in virtual time."""

    backlog = 0

    def start(self, carry_out: CarryOut) -> None:
        self._carry_out: CarryOut | None = carry_out

    def submit(self, job: Job) -> None:
        if self._carry_out is None:
            raise StoreClosed("the store is closed")
        self._carry_out([job])

    def stop(self) -> None:
        self._carry_out = None


class ThreadRunner:
    """One thread owns the database. What was asked for while a transaction ran is committed together in the next.

    The queue has no bound: no record may be dropped (law 6), and no actor may wait for the disk in the middle of a
    call. `backlog` is there to be watched instead.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False

    def start(self, carry_out: CarryOut) -> None:
        self._thread = threading.Thread(target=self._run, args=(carry_out,), name="mixminus-store", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        return self._queue.qsize()

    def submit(self, job: Job) -> None:
        with self._gate:  # nothing may be queued behind the end mark, where it would wait forever
            if self._closed:
                raise StoreClosed("the store is closed")
            self._queue.put(job)

    def stop(self) -> None:
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self, carry_out: CarryOut) -> None:
        ended = False
        while not ended:
            batch = self._take()
            ended = batch[-1] is None
            if jobs := [job for job in batch if job is not None]:
                carry_out(jobs)

    def _take(self) -> list[Job | None]:
        """Wait for a job, then take along whatever else is there. The end mark, if it came, is the last."""
        batch = [self._queue.get()]
        try:
            while batch[-1] is not None and len(batch) < MOST_JOBS_IN_A_TRANSACTION:
                batch.append(self._queue.get_nowait())
        except Empty:
            pass
        return batch
