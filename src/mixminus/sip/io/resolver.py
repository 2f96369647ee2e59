"""Host names to addresses: asks what `locating` wants to know, and remembers (RFC 3263)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from mixminus.base.types import Draw
from mixminus.sip.contract import Address
from mixminus.sip.messages.uri import Uri
from mixminus.sip.places.dns import Answer, DnsCache, Lookup
from mixminus.sip.places.locating import Means, Unlocated, locate

LONGEST_S: Final = 6.0
"""For all that one address needs: a DNS that hangs fails the calls that need it, and no others."""


class Resolver:
    """One per node. Who wants to know what is being asked already waits for the same answer."""

    def __init__(
        self,
        now: Callable[[], float],
        draw: Draw,
        ask: Callable[[Lookup], Awaitable[Answer]],
        means: Means | None = None,
    ) -> None:
        self._now = now
        self._draw = draw
        self._ask = ask
        self._means = means or Means()
        self._cache = DnsCache()
        self._asking: dict[Lookup, asyncio.Task[Answer]] = {}

    async def locate(self, uri: str) -> tuple[Address, ...]:
        """Where a SIP address leads, best first. Raises `AddressError`: nowhere (`Unlocated`), or not over what we
        speak.
        """
        steps = locate(Uri.parse(uri), self._means, self._draw)
        try:
            async with asyncio.timeout(LONGEST_S):
                lookups = next(steps)
                while True:
                    answers = await asyncio.gather(*(self._answer(lookup) for lookup in lookups))
                    lookups = steps.send(dict(zip(lookups, answers, strict=True)))
        except StopIteration as done:
            places: tuple[Address, ...] = done.value
            return places
        except TimeoutError:
            raise Unlocated(f"{uri}: the DNS does not answer", unanswered=True) from None

    def close(self) -> None:
        for task in self._asking.values():
            task.cancel()

    async def _answer(self, lookup: Lookup) -> Answer:
        if (known := self._cache.find(lookup, self._now())) is not None:
            return known
        if (task := self._asking.get(lookup)) is None:
            task = asyncio.get_running_loop().create_task(
                self._learn(lookup), name=f"DNS {lookup.type} {lookup.name}"
            )
            self._asking[lookup] = task
            task.add_done_callback(lambda _: self._asking.pop(lookup, None))
        return await asyncio.shield(task)  # who gives up must not take the answer from others

    async def _learn(self, lookup: Lookup) -> Answer:
        return self._cache.learn(lookup, await self._ask(lookup), self._now())
