"""Who carries the jobs to the database: a thread of its own, or the caller itself."""

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from mixminus.base.errors import MixminusError
from mixminus.store.jobs import Job

CarryOut = Callable[[Sequence[Job]], None]
"""Carry out a batch in one transaction and settle every outcome; never raises."""

# Bounds the time one transaction holds back the first job in it. Measured: a batch of 1,000 record saves takes
# about 15 ms; larger ones are not faster per record.
MOST_JOBS_IN_A_TRANSACTION = 1_000

GATHERING_S: Final = 0.005
"""How long a job that nobody waits for waits for others. A step of a call writes four or five records within a
millisecond, and a transaction costs as much as all of them.
"""


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
        self._waiting: list[Job] = []
        self._urgent = False
        """Whether somebody waits for one of them."""
        self._closed = False
        self._changed = threading.Condition()

    def start(self, carry_out: CarryOut) -> None:
        self._thread = threading.Thread(target=self._run, args=(carry_out,), name="mixminus-store", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        return len(self._waiting)

    def submit(self, job: Job) -> None:
        with self._changed:
            if self._closed:
                raise StoreClosed("the store is closed")
            self._waiting.append(job)
            self._urgent = self._urgent or not job.can_wait
            if self._urgent or len(self._waiting) == 1:  # the others find the thread awake
                self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self, carry_out: CarryOut) -> None:
        while jobs := self._take():
            carry_out(jobs)

    def _take(self) -> list[Job]:
        """Wait for a job, gather what else there is. Nothing: there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._changed.wait_for(lambda: self._urgent or self._closed, GATHERING_S)
            batch = self._waiting[:MOST_JOBS_IN_A_TRANSACTION]
            del self._waiting[:MOST_JOBS_IN_A_TRANSACTION]
            self._urgent = self._urgent and bool(self._waiting)
            return batch
