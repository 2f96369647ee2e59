"""Sends what the outbox hands out. A failure reaches `on_failure`, and never the call."""

import asyncio
from collections.abc import Callable

from mixminus.webhooks.contract import HttpFailure, WebhookCall
from mixminus.webhooks.fetching import Courier, fetch_document
from mixminus.webhooks.outbox import Bounds, Delivery, Outbox

RETRIEVAL_FAILED = 11200

OnFailure = Callable[[Delivery, HttpFailure], None]
"""Told once per callback that did not arrive: the delivery (with its own code) and why."""


class WebhookSender:
    """Ordered callbacks per key; a slow or dead server delays its own keys and nothing else.

    `send` never waits. Belongs to one event loop.
    """

    def __init__(self, courier: Courier, on_failure: OnFailure, bounds: Bounds | None = None) -> None:
        self.outbox = Outbox(bounds)
        self._courier = courier
        self._on_failure = on_failure
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    def send(self, key: str, call: WebhookCall, failure_code: int) -> None:
        """Owe a callback, after all earlier ones of the same *key* (a call's or a conference's SID)."""
        self._idle.clear()
        dropped = self.outbox.add(Delivery(key, call, failure_code))
        if dropped is not None:
            message = f"Dropped: too many callbacks wait (per {dropped.rule})"
            self._on_failure(dropped.delivery, HttpFailure(dropped.delivery.failure_code, "full", message))
        self._pump()

    async def drain(self, timeout_s: float) -> int:
        """Wait until nothing is owed, at most *timeout_s*. Returns how many still are."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            pass
        return len(self.outbox)

    async def close(self) -> None:
        """Give up what is owed."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _pump(self) -> None:
        for delivery in self.outbox.take():
            task = asyncio.create_task(self._deliver(delivery), name=f"callback of {delivery.key}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if not self.outbox:
            self._idle.set()

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await fetch_document(delivery.call, self._courier)
        except HttpFailure as failure:
            self._on_failure(delivery, failure)
        except Exception as error:  # the task's top: one callback's bug must not stop the others of its key
            self._on_failure(delivery, HttpFailure(RETRIEVAL_FAILED, "bug", f"{type(error).__name__}: {error}"))
        self.outbox.finished(delivery)
        self._pump()
