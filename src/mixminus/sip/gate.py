"""Who may come in (CONTRACT.md, "Numbers and addresses"), and how strangers are slowed down."""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from mixminus.base.types import RandomBytes
from mixminus.sip.contract import Address
from mixminus.sip.dialog import literal
from mixminus.sip.digest import Authenticated, Challenger, Verdict, algorithm_of
from mixminus.sip.message import Request
from mixminus.sip.settings import SipSettings

PATIENCE: Final = 20.0
"""Refusals that a host may collect before it is ignored for a while."""
RECOVERY_PER_S: Final = 1.0
"""How fast patience comes back."""
CHALLENGE_COST: Final = 0.1
"""A challenge is the normal start of a registration: two hundred phones behind one NAT may start together."""
MAX_HOSTS: Final = 10_000
"""Hosts remembered; beyond it the one that was quiet for longest is forgotten."""


@dataclass(frozen=True, slots=True)
class Admitted:
    user: str | None
    """Who authenticated; None for trunks and loopback."""


@dataclass(frozen=True, slots=True)
class Challenged:
    """To be answered with 401 and these values of WWW-Authenticate."""

    challenges: tuple[str, ...]


class Forbidden:
    """To be answered with 403."""


class Patience:
    """A leaky bucket per host. Memory is bounded however many hosts knock."""

    def __init__(self) -> None:
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def is_out(self, host: str, now: float) -> bool:
        return self._level(host, now) >= PATIENCE

    def spend(self, host: str, cost: float, now: float) -> None:
        self._spent[host] = (self._level(host, now) + cost, now)
        self._spent.move_to_end(host)
        if len(self._spent) > MAX_HOSTS:
            self._spent.popitem(last=False)

    def __len__(self) -> int:
        return len(self._spent)

    def _level(self, host: str, now: float) -> float:
        level, since = self._spent.get(host, (0.0, now))
        return max(0.0, level - (now - since) * RECOVERY_PER_S)


class Gate:
    """Decides about requests that belong to no dialog yet."""

    def __init__(self, realm: str, random_bytes: RandomBytes) -> None:
        self._challenger = Challenger(realm, random_bytes(32))
        self._random_bytes = random_bytes
        self.patience = Patience()

    def caller(
        self, request: Request, source: Address, settings: SipSettings, now: float
    ) -> Admitted | Challenged | Forbidden:
        """May this host call in?"""
        if self._is_at_home(source, settings):
            return Admitted(None)
        return self.user(request, source, settings, now)

    def user(
        self, request: Request, source: Address, settings: SipSettings, now: float
    ) -> Admitted | Challenged | Forbidden:
        """Is it one of our users?"""
        if not settings.users:
            return self._forbid(source, now)
        given = request.get("Authorization")
        if given is None or not given.lower().startswith("digest "):  # a scheme that we do not know proves nothing
            return self._challenge(source, settings, now, stale=False)
        if algorithm_of(given) not in settings.digest_algorithms:
            return self._forbid(source, now)
        match self._challenger.check(given, settings.users, request.method, request.uri, now):
            case Authenticated(user):
                return Admitted(user)
            case Verdict.STALE:
                return self._challenge(source, settings, now, stale=True)
        return self._forbid(source, now)

    def ignores(self, source: Address, settings: SipSettings, now: float) -> bool:
        """Whether a host was refused so often that it gets no answer for a while. Trunks and open loopback never."""
        return not self._is_at_home(source, settings) and self.patience.is_out(source.host, now)

    def blame(self, source: Address, now: float) -> None:
        """Note a refusal."""
        self.patience.spend(source.host, 1.0, now)

    def _is_at_home(self, source: Address, settings: SipSettings) -> bool:
        return (
            source.host in settings.trusted_hosts
            or (bool(settings.trusted_networks) and is_within(source.host, settings.trusted_networks))
            # A WebSocket from this machine may be a browser from anywhere, behind a proxy of ours.
            or (settings.open_to_loopback and is_loopback(source.host) and not source.transport.is_websocket)
        )

    def _challenge(self, source: Address, settings: SipSettings, now: float, *, stale: bool) -> Challenged:
        self.patience.spend(source.host, CHALLENGE_COST, now)
        salt = self._random_bytes(8)
        return Challenged(self._challenger.challenges(salt, now, settings.digest_algorithms, stale=stale))

    def _forbid(self, source: Address, now: float) -> Forbidden:
        self.blame(source, now)
        return Forbidden()


@lru_cache(maxsize=4096)
def is_loopback(host: str) -> bool:
    address = literal(host)
    return address is not None and address.is_loopback


@lru_cache(maxsize=4096)
@lru_cache(maxsize=4096)
def is_within(host: str, networks: tuple[str, ...]) -> bool:
    """Whether an IP address is in one of the networks; those of the other version never are."""
    address = literal(host)
    if address is None:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)
