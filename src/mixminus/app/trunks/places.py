"""Where addresses lead: looked up, and those that failed lately last (RFC 3263 4.3)."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from mixminus.sip.carriers.gateways import Gateways
from mixminus.sip.contract import Address

MAX_SICK: Final = 1024
"""Places whose failures are remembered; beyond it the one that failed first is tried as if it never had."""

Locate = Callable[[str], Awaitable[tuple[Address, ...]]]
"""A SIP address to its places, best first. Raises `AddressError`."""


class Places:
    """One per node: what all calls have learned about the places behind names."""

    def __init__(self, locate: Locate, now: Callable[[], float]) -> None:
        self._locate = locate
        self._now = now
        self._health = Gateways()
        self._sick: OrderedDict[str, None] = OrderedDict()

    async def of(self, uri: str) -> tuple[Address, ...]:
        """All of them, the sick ones last: nobody else may be better. Raises `AddressError`."""
        found = await self._locate(uri)
        now = self._now()
        return tuple(sorted(found, key=lambda place: self._health.is_sick(_key(place), now)))

    def works(self, place: Address) -> None:
        self._sick.pop(_key(place), None)
        self._health.works(_key(place))

    def failed(self, place: Address, status: int, retry_after_s: int | None = None) -> None:
        """It was silent (408), could not be reached or had no room (503)."""
        self._sick[_key(place)] = None
        self._health.failed(_key(place), status, self._now(), retry_after_s)
        if len(self._sick) > MAX_SICK:
            self._health.works(self._sick.popitem(last=False)[0])


def _key(place: Address) -> str:
    return f"{place.transport}:{place.host}:{place.port}"
