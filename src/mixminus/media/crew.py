"""The threads of a worker: a lane each, together on every beat."""

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Final

from mixminus.media.lane import Lane

REAL_TIME_PRIORITY: Final = 20
"""Of 99: before everything that is not real-time, behind the kernel's own threads."""


def ask_for_real_time() -> bool:
    """Have the calling thread, and none that it starts, go before all ordinary ones. Whether that is permitted."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(REAL_TIME_PRIORITY))
        return True
    return False


class Crew:
    """Has every lane served at the same time: the first one on the caller's thread, each other one on its own.

    Kernels let go of the interpreter's lock, so that the lanes do run on several cores.
    """

    def __init__(self, lanes: Sequence[Lane], serve: Callable[[Lane], None]) -> None:
        self._own, *others = lanes
        self._others = others
        self._serve = serve
        self._orders = [SimpleQueue[bool]() for _ in others]
        self._results: SimpleQueue[BaseException | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, args=(lane, orders), name=f"lane {lane.turn.lane}", daemon=True)
            for lane, orders in zip(others, self._orders, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def beat(self) -> None:
        """Return when all lanes are served that have legs. Raises what was raised in one of them."""
        awaited = [orders for lane, orders in zip(self._others, self._orders, strict=True) if not lane.is_idle]
        for orders in awaited:
            orders.put(True)
        self._serve(self._own)
        faults = [self._results.get() for _ in awaited]
        for fault in faults:
            if fault is not None:
                raise fault

    def close(self) -> None:
        """End the threads."""
        for orders in self._orders:
            orders.put(False)
        for thread in self._threads:
            thread.join()

    def _work(self, lane: Lane, orders: "SimpleQueue[bool]") -> None:
        ask_for_real_time()
        while orders.get():
            try:
                self._serve(lane)
            except BaseException as fault:  # the main thread is to know, and to end
                self._results.put(fault)
            else:
                self._results.put(None)
