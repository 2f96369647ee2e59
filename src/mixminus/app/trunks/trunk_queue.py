"""Calls that wait until a trunk has room for them: `queued`, in Twilio's words; first come, first served."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from mixminus.base.errors import Refusal
from mixminus.base.settings import Trunk
from mixminus.calls.turnstile import Turnstile

QUEUED_FOR_TOO_LONG: Final = 10004
"""Twilio's number: call concurrency limit exceeded."""

LOOK_AGAIN_S: Final = 1.0


class Place:
    """One call's place on a trunk, or in the queue for one."""

    def __init__(self, queue: "TrunkQueue", trunks: Callable[[], Iterable[Trunk]]) -> None:
        self._queue = queue
        self.trunks = trunks
        """Those that would do, as they stand now, best first."""
        self.trunk: Trunk | None = None
        """Where it has room."""
        self.waiting: asyncio.Future[None] | None = None

    def enter(self) -> bool:
        """Take the first trunk that has room now."""
        return any(self.move_to(trunk) for trunk in self.trunks())

    def move_to(self, trunk: Trunk) -> bool:
        """Have room there instead of anywhere else, if there is."""
        if self.trunk is not trunk:
            if not self._queue.turnstile(trunk).enter(self._queue.now()):
                return False
            self._leave_trunk()
            self.trunk = trunk
        return True

    def leave(self) -> None:
        """The call is over, wherever it is; harmless a second time."""
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(None)
        self._leave_trunk()

    def _leave_trunk(self) -> None:
        if self.trunk is not None:
            left, self.trunk = self.trunk, None
            self._queue.turnstile(left).leave()
            self._queue.serve()


class TrunkQueue:
    """One per node."""

    def __init__(self, trunks: Iterable[Trunk], now: Callable[[], float]) -> None:
        self.now = now
        self._turnstiles = {trunk.name: Turnstile(trunk.max_calls, trunk.calls_per_second) for trunk in trunks}
        self._queue: list[Place] = []
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Calls that wait."""
        return len(self._queue)

    def turnstile(self, trunk: Trunk) -> Turnstile:
        return self._turnstiles[trunk.name]

    async def wait(self, place: Place, patience_s: float) -> None:
        """Until *place* has room, or its call is over. Raises `Refusal` after *patience_s*."""
        place.waiting = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        self._arm()
        try:
            async with asyncio.timeout(patience_s):
                await place.waiting
        except TimeoutError:
            why = f"The call was queued for {patience_s:g} s, and no trunk to its number had room."
            raise Refusal(QUEUED_FOR_TOO_LONG, 503, why) from None
        finally:
            if place in self._queue:
                self._queue.remove(place)

    def serve(self) -> None:
        """Let in whoever has room now, in the order in which they came."""
        for place in list(self._queue):
            if not any(turnstile.is_open(self.now()) for turnstile in self._turnstiles.values()):
                break
            if place.waiting is not None and not place.waiting.done() and place.enter():
                self._queue.remove(place)
                place.waiting.set_result(None)
        self._arm()

    def _arm(self) -> None:
        """Wake when the next trunk may take a call, and once a second, since a sick one may be well again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._queue:
            now = self.now()
            times = (turnstile.opens_at for turnstile in self._turnstiles.values())
            soon = min((at for at in times if at > now), default=now + LOOK_AGAIN_S)
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(loop.time() + min(soon - now, LOOK_AGAIN_S) + 1e-6, self.serve)
