"""The ways out to the phone network: which trunk and which of its gateways is tried when."""

import contextlib
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import structlog

from mixminus.app.calls.addresses import trunks_for
from mixminus.app.trunks.attempts import Attempt, Calling, Destination, Hop
from mixminus.app.trunks.spending import Spending
from mixminus.app.trunks.trunk_queue import Place, TrunkQueue
from mixminus.base.errors import Refusal
from mixminus.base.number_rules import rewritten
from mixminus.base.settings import Gateway, Trunk
from mixminus.base.types import RandomBytes
from mixminus.calls.prices import Tariff
from mixminus.sip.carriers.gateways import Gateways
from mixminus.sip.contract import Invited
from mixminus.sip.messages.routing import loose, routed
from mixminus.sip.messages.uri import AddressError, Uri, at_host_of, target_of

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.trunks")


Guard = Callable[[Trunk], Awaitable[float]]
"""Asked before a call is dialled over a trunk; how long it may last. Raises `Refusal`."""


class Trunks:
    """One per node: what all calls have learned about the gateways."""

    def __init__(
        self, trunks: tuple[Trunk, ...], now: Callable[[], float], random_bytes: RandomBytes, spending: Spending
    ) -> None:
        self._trunks = trunks
        self.spending = spending
        self._now = now
        self._random_bytes = random_bytes
        self.gateways = Gateways()
        self.queue = TrunkQueue(trunks, now)
        self.service_routes: dict[str, tuple[str, ...]] = {}
        """What carriers that we are registered at say of the way to them (RFC 3608), by trunk."""
        self.failures: Counter[tuple[str, str]] = Counter()
        """Calls that failed, by trunk and gateway."""

    def all(self) -> tuple[Trunk, ...]:
        return self._trunks

    def registering(self) -> list[Trunk]:
        return [trunk for trunk in self._trunks if trunk.register]

    def routes(self, trunk: Trunk) -> tuple[str, ...]:
        """The proxies on the way to its gateways."""
        proxy, service = proxy_of(trunk), self.service_routes.get(trunk.name, ())
        return service if proxy and service[:1] == proxy else (*proxy, *service)

    def called(self, invited: Invited) -> str:
        """Whose number was called. A carrier that we registered at names our Contact, and the number in To."""
        if any(trunk.username == invited.called for trunk in self.registering()):
            with contextlib.suppress(AddressError):
                return Uri.parse(invited.to_uri).user or invited.called
        return invited.called

    def calls(self) -> dict[str, int]:
        """Calls out over each trunk."""
        return {trunk.name: self.queue.turnstile(trunk).calls for trunk in self._trunks}

    def usable(self) -> dict[tuple[str, str], bool]:
        """Of every trunk and gateway, whether it is not passed over."""
        now = self._now()
        doors = ((trunk.name, door.uri) for trunk in self._trunks for door in trunk.doors)
        return {(name, uri): not self.gateways.is_sick(uri, now) for name, uri in doors}

    def way_to(self, number: str, calling: Callable[[Trunk], Calling], guard: Guard | None) -> "TrunkWay":
        """Over every trunk that leads to *number* and can be paid. Raises `Refusal` when there is none."""
        trunks = self.spending.affordable(number, trunks_for(number, self._trunks))
        for trunk in trunks:
            for door in trunk.doors:
                usable(door.uri)
            usable(trunk.outbound_proxy or trunk.doors[0].uri)
            if not rewritten(number, trunk.number_rules):
                raise Refusal(21214, 400, f"The number_rules of trunk {trunk.name} leave nothing of {number}.")
        return TrunkWay(self, number, trunks, calling, guard)

    def best_first(self, trunks: tuple[Trunk, ...]) -> list[Trunk]:
        """In the order of the settings, those without a usable gateway last."""
        return sorted(trunks, key=self._all_sick)

    def worth_waiting_for(self, trunks: tuple[Trunk, ...]) -> list[Trunk]:
        """Without those that have no usable gateway, unless none has."""
        return [trunk for trunk in trunks if not self._all_sick(trunk)] or list(trunks)

    def gateways_in_order(self, trunk: Trunk) -> list[Gateway]:
        return self.gateways.in_order(trunk.doors, self._now(), self._draw)

    def works(self, door: Gateway) -> None:
        self.gateways.works(door.uri)

    def failed(self, trunk: Trunk, door: Gateway, status: int, retry_after_s: int | None) -> None:
        self.failures[trunk.name, door.uri] += 1
        self.gateways.failed(door.uri, status, self._now(), retry_after_s)
        sick = self.gateways.is_sick(door.uri, self._now())
        log.warning("gateway failed a call", trunk=trunk.name, gateway=door.uri, status=status, passed_over=sick)

    def _all_sick(self, trunk: Trunk) -> bool:
        now = self._now()
        return all(self.gateways.is_sick(door.uri, now) for door in trunk.doors)

    def _draw(self, below: int) -> int:
        return int.from_bytes(self._random_bytes(8)) % below


class TrunkWay:
    """One call's way (see `attempts.Way`): its room on a trunk, and gateways until one takes it."""

    def __init__(
        self,
        trunks: Trunks,
        number: str,
        leading: tuple[Trunk, ...],
        calling: Callable[[Trunk], Calling],
        guard: Guard | None,
    ) -> None:
        self._trunks = trunks
        self._number = number
        self._leading = leading
        self._calling = calling
        self._guard = guard
        self._guarded_s = math.inf
        self._paid_s: dict[str, float] = {}
        self._place = Place(trunks.queue, lambda: trunks.worth_waiting_for(leading))

    @property
    def longest_s(self) -> float:
        """As the trunk, the guard, and what is left to be spent allow."""
        trunk = self._place.trunk
        if trunk is None:
            return self._guarded_s
        if trunk.name not in self._paid_s:  # later, what this call has cost would count twice
            spending = self._trunks.spending
            left = spending.left_micros(trunk)
            self._paid_s[trunk.name] = spending.tariff(self._number, trunk).seconds_for(left)
        return min(trunk.max_call_s or math.inf, self._guarded_s, self._paid_s[trunk.name])

    @property
    def tariff(self) -> Tariff | None:
        trunk = self._place.trunk
        return self._trunks.spending.tariff(self._number, trunk) if trunk is not None else None

    def turn(self) -> Awaitable[None] | None:
        has_room = self._place.enter()
        return None if has_room and self._guard is None else self._be_let_in(has_room)

    async def _be_let_in(self, has_room: bool) -> None:
        """By a trunk with room, then by the guard. Raises `Refusal`."""
        if not has_room:
            await self._trunks.queue.wait(self._place, max(trunk.queue_s for trunk in self._leading))
        trunk = self._place.trunk
        if trunk is None:
            return  # the call is over
        self._trunks.spending.affordable(self._number, (trunk,))  # others may have called meanwhile
        if self._guard is not None:
            self._guarded_s = await self._guard(trunk)

    def attempts(self) -> Iterator[Attempt]:
        """Every gateway of the trunk that it has room on, then those of the others, best first."""
        first = self._place.trunk
        others = [trunk for trunk in self._trunks.best_first(self._leading) if trunk is not first]
        for trunk in [first, *others] if first is not None else others:
            if self._place.move_to(trunk):
                for door in self._trunks.gateways_in_order(trunk):
                    yield self._attempt(trunk, door)

    def leave(self) -> None:
        self._place.leave()

    def _attempt(self, trunk: Trunk, door: Gateway) -> Attempt:
        uri = at_host_of(door.uri, rewritten(self._number, trunk.number_rules))
        routes = self._trunks.routes(trunk)
        hop = Hop(uri, first_hop(door.uri, routes), routes)
        return Attempt(
            (Destination((hop,), self._calling(trunk)),),
            _GatewayWatch(self._trunks, trunk, door),
            trunk.silence_s,
            trunk.progress_s,
        )


@dataclass(frozen=True, slots=True)
class _GatewayWatch:
    trunks: Trunks
    trunk: Trunk
    door: Gateway

    def works(self) -> None:
        self.trunks.works(self.door)

    def failed(self, status: int, retry_after_s: int | None = None) -> None:
        self.trunks.failed(self.trunk, self.door, status, retry_after_s)


def proxy_of(trunk: Trunk) -> tuple[str, ...]:
    """The Route of what goes through its outbound proxy; none: it has none."""
    return (loose(trunk.outbound_proxy),) if trunk.outbound_proxy is not None else ()


def first_hop(uri: str, routes: tuple[str, ...]) -> str:
    """What is looked up to reach *uri*: the first of the proxies, if there are any."""
    return routed(uri, routes).next_uri or uri


def usable(uri: str) -> str:
    """The SIP URI itself. Raises 13243 for what is none."""
    try:
        target_of(uri)
    except AddressError as error:
        raise Refusal(13243, 400, f"{uri[:100]!r} is not a usable SIP URI: {error}") from error
    return uri
