"""When the media worker dies, its calls end with a verdict (law 6), and another worker takes its place."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from mixminus.app.assembly import Node
from mixminus.app.calls.call_session import Verdict
from mixminus.base.errors import MixminusError
from mixminus.calls.records import CallStatus

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.node")

WINDING_UP_S: Final = 5.0
"""A call ends in milliseconds; whatever does not is left behind rather than waited for."""

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
"""Between attempts to start a worker: doubled each time, so that a broken machine is not kept busy by us."""


class WorkerWatch:
    """Told of a loss by the media link. No call is taken until the new worker ticks."""

    def __init__(self, node: Node, start_worker: Callable[[], Awaitable[None]]) -> None:
        self._node = node
        self._start_worker = start_worker
        self.losses = 0

    def lost(self, reason: str) -> None:
        """The worker is gone, and all legs with it."""
        self.losses += 1
        self._node.tasks.spawn(self._recover(reason), "recovery of the media worker")

    async def _recover(self, reason: str) -> None:
        self._node.incoming.has_media = False
        calls = self._node.exchange.live_calls
        log.error("the media worker was lost", reason=reason, calls=len(calls))
        for call in calls:
            call.end(Verdict(CallStatus.FAILED, f"The media worker was lost: {reason}."))
        # The old legs must be forgotten before there is a worker that could be told of them.
        ended = [asyncio.ensure_future(call.ended.wait()) for call in calls]
        if ended:
            _, hanging = await asyncio.wait(ended, timeout=WINDING_UP_S)
            for waiting in hanging:
                waiting.cancel()
        await self._restart()
        log.info("the media worker was replaced")
        self._node.incoming.has_media = True

    async def _restart(self) -> None:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                return await self._start_worker()
            except (MixminusError, OSError) as error:
                log.error("no media worker", reason=str(error), next_attempt_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
