"""The ways out to the phone network: which trunk and which of its gateways is tried when."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog

from mixminus.app.addresses import trunks_for
from mixminus.app.attempts import Attempt, Calling, Destination
from mixminus.base.errors import Refusal
from mixminus.base.settings import Gateway, Trunk
from mixminus.base.types import RandomBytes
from mixminus.sip.contract import Address
from mixminus.sip.gateways import Gateways
from mixminus.sip.uri import DEFAULT_PORT, AddressError, Uri, bracketed

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.trunks")


class Trunks:
    """One per node: what all calls have learned about the gateways."""

    def __init__(self, trunks: tuple[Trunk, ...], now: Callable[[], float], random_bytes: RandomBytes) -> None:
        self._trunks = trunks
        self._now = now
        self._random_bytes = random_bytes
        self.gateways = Gateways()
        self.failures: Counter[tuple[str, str]] = Counter()
        """Calls that failed, by trunk and gateway."""

    def usable(self) -> dict[tuple[str, str], bool]:
        """Of every trunk and gateway, whether it is not passed over."""
        now = self._now()
        doors = ((trunk.name, door.uri) for trunk in self._trunks for door in trunk.doors)
        return {(name, uri): not self.gateways.is_sick(uri, now) for name, uri in doors}

    def attempts(self, number: str, calling: Callable[[Trunk], Calling]) -> Iterator[Attempt]:
        """Every gateway of every trunk that leads to *number*, best first. Raises `Refusal` when there is none.

        The order within a trunk is decided when its turn comes.
        """
        trunks = trunks_for(number, self._trunks)
        places = {door.uri: place_of(door.uri) for trunk in trunks for door in trunk.doors}
        return self._in_turn(number, trunks, places, calling)

    def _in_turn(
        self,
        number: str,
        trunks: tuple[Trunk, ...],
        places: dict[str, Address],
        calling: Callable[[Trunk], Calling],
    ) -> Iterator[Attempt]:
        for trunk in sorted(trunks, key=self._all_sick):
            for door in self.gateways.in_order(trunk.doors, self._now(), self._draw):
                place = places[door.uri]
                uri = f"sip:{number}@{bracketed(place.host)}:{place.port};transport={place.transport}"
                yield Attempt(
                    (Destination(uri, place, calling(trunk)),),
                    _GatewayWatch(self, trunk, door),
                    trunk.silence_s,
                    trunk.progress_s,
                )

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


@dataclass(frozen=True, slots=True)
class _GatewayWatch:
    trunks: Trunks
    trunk: Trunk
    door: Gateway

    def works(self) -> None:
        self.trunks.works(self.door)

    def failed(self, status: int, retry_after_s: int | None = None) -> None:
        self.trunks.failed(self.trunk, self.door, status, retry_after_s)


def place_of(uri: str) -> Address:
    """Where a SIP URI leads: host, port and transport. Raises 13243 for what is none."""
    try:
        target = Uri.parse(uri)
    except AddressError as error:
        raise Refusal(13243, 400, f"{uri[:100]!r} is not a usable SIP URI: {error}") from error
    return Address(target.transport, target.host, target.port or DEFAULT_PORT)
