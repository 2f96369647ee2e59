"""How much a peer may ask: a token bucket for each source address and for each user, by kind of request."""

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from mixminus.sip.trust.bans import peer_of

MAX_BUCKETS: Final = 20_000
"""Beyond it the one that was not used for longest is forgotten: by then it is full again, unless there is a flood."""
BURST_S: Final = 5.0
"""How many seconds' worth may come at once. Phones behind one NAT start together after a power cut."""


class Pace(Enum):
    """What is done about a request."""

    FINE = auto()
    TOO_FAST = auto()
    """503 with Retry-After (RFC 3261 21.5.4)."""
    FLOOD = auto()
    """No answer at all: answering would double the flood."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests per second; 0: as many as there are."""

    per_s: float

    @property
    def burst(self) -> float:
        return max(1.0, self.per_s * BURST_S)


@dataclass(frozen=True, slots=True)
class Rates:
    """By kind of request."""

    invites: Rate
    registers: Rate
    others: Rate

    def of(self, method: str) -> Rate:
        return {"INVITE": self.invites, "REGISTER": self.registers}.get(method, self.others)


class Limiter:
    """A bucket goes into debt by one burst at most: it has recovered in twice the time of a burst, whatever came."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, who: str, kind: str, rate: Rate, now: float) -> Pace:
        """Count one request of *kind*."""
        if not rate.per_s:
            return Pace.FINE
        key = (who, kind)
        tokens, since = self._buckets.get(key, (rate.burst, now))
        left = min(rate.burst, tokens + (now - since) * rate.per_s) - 1.0
        self._buckets[key] = (max(left, -rate.burst), now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        if left >= 0:
            return Pace.FINE
        return Pace.TOO_FAST if left >= -rate.burst else Pace.FLOOD


def kind_of(method: str) -> str:
    return method if method in ("INVITE", "REGISTER") else "others"


def host_key(host: str) -> str:
    return f"host {peer_of(host)}"


def user_key(user: str) -> str:
    return f"user {user}"
