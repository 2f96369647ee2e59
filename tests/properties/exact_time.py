"""Virtual time in which no timer fires before its time, not even by the last bit of a float.

The SIP pump asks for `now + deadline - now`, which may round to less than the deadline; called then, it finds nothing
due and asks again. Where time passes by timers only, it does so for ever.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Final, TypeVar, TypeVarTuple

from mixminus.testing.virtual_time import VirtualTimeLoop

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

LIMIT_S: Final = 300.0
NEVER_EARLY_S: Final = 2e-9
"""asyncio calls what is due within a nanosecond."""


class ExactLoop(VirtualTimeLoop):
    """Timers are a nanosecond late."""

    def __init__(self) -> None:
        super().__init__(LIMIT_S)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Arguments], object],
        *args: *Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return super().call_at(when + NEVER_EARLY_S, callback, *args, context=context)


def run_exactly(main: Coroutine[Any, Any, T]) -> T:
    """Like `run_virtual`."""
    with asyncio.Runner(loop_factory=ExactLoop) as runner:
        return runner.run(main)
