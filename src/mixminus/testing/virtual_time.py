"""An event loop whose clock jumps: a simulated minute costs what its work costs, and repeats exactly.

When nothing is ready the loop does not sleep: it sets its clock to the next timer. When there is no next timer
either, nobody can ever wake anybody again, and it says what every task waits for instead of hanging. (The looptime
package moves the clock in the same way; it does not tell such a deadlock from waiting for a socket, which is what
these tests need most.)

Work outside the loop, in threads, takes real time while the clock stands still: `run_in_executor` and
`asyncio.to_thread` are known about, anything else is announced with `VirtualTimeLoop.outside`.
"""

import asyncio
import contextlib
import selectors
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, TypeVar

T = TypeVar("T")

_OUTSIDE_POLL_S: Final = 0.01
_EVENT_MASK = list[tuple[selectors.SelectorKey, int]]


class Stuck(Exception):
    """A simulation cannot go on, or goes on for too long; the text lists every task and where it waits."""


class Deadlock(Stuck):
    """Nothing is scheduled, and the main task is not done."""


class TooLong(Stuck):
    """The simulated time ran out."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Starts at second 0. Raises `Deadlock` or `TooLong` out of `run_until_complete`."""

    def __init__(self, limit_s: float = 3_600.0) -> None:
        super().__init__(_JumpingSelector(self._wait))
        self._now = 0.0
        self._limit_s = limit_s
        self._outside = 0

    def time(self) -> float:
        return self._now

    @contextlib.contextmanager
    def outside(self) -> Iterator[None]:
        """While this is open something outside the loop is at work, and the clock stands still for it."""
        self._outside += 1
        try:
            yield
        finally:
            self._outside -= 1

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """While this is open, somebody who works outside waits for what the loop does: the clock goes on for that."""
        self._outside -= 1
        try:
            yield
        finally:
            self._outside += 1

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """As ever; the clock stands still until it is done."""
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self._outside += 1
        future.add_done_callback(self._executor_done)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        with self.outside():
            await super().shutdown_default_executor(*args)

    def _executor_done(self, _: asyncio.Future[Any]) -> None:
        self._outside -= 1

    def _wait(self, timeout_s: float | None, poll: Callable[[float], _EVENT_MASK]) -> _EVENT_MASK:
        """Stand in for the selector's wait of *timeout_s*; None means that no timer is set."""
        if timeout_s is not None and timeout_s <= 0:
            return poll(0)
        if events := poll(_OUTSIDE_POLL_S if self._outside else 0):
            return events
        if self._outside:
            return events
        if timeout_s is None:
            raise Deadlock(f"nothing is scheduled any more at {self._now:.3f} s\n{self._what_tasks_wait_for()}")
        self._now += timeout_s
        if self._now > self._limit_s:
            limit_s, self._limit_s = self._limit_s, float("inf")  # leaves time for the tasks to be cancelled
            raise TooLong(f"not done after {limit_s:.0f} simulated seconds\n{self._what_tasks_wait_for()}")
        return events

    def _what_tasks_wait_for(self) -> str:
        return "\n".join(sorted(_describe(task) for task in asyncio.all_tasks(self)))


class _JumpingSelector(selectors.DefaultSelector):
    """Asks its loop how to wait."""

    def __init__(self, wait: Callable[[float | None, Callable[[float], _EVENT_MASK]], _EVENT_MASK]) -> None:
        super().__init__()
        self._wait = wait

    def select(self, timeout: float | None = None) -> _EVENT_MASK:
        return self._wait(timeout, super().select)


def _describe(task: asyncio.Task[Any]) -> str:
    """One line: the task's name and the innermost line where it waits."""
    where = "not started"
    awaited: Any = task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            where = f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
    return f"  {task.get_name()} waits at {where}"


def run_virtual(main: Coroutine[Any, Any, T], *, limit_s: float = 3_600.0) -> T:
    """Run *main* to its end in virtual time, like `asyncio.run`.

    Raises `Deadlock` when nothing can happen any more, and `TooLong` after *limit_s* simulated seconds.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(limit_s)) as runner:
        return runner.run(main)
