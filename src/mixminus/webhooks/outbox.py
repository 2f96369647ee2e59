"""What callbacks are owed, and which may go now: one at a time per key, keys independent, hosts bounded."""

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from mixminus.webhooks.contract import WebhookCall


@dataclass(frozen=True, slots=True)
class Delivery:
    """A callback that is owed."""

    key: str
    """What it is in order with: the SID of a call or of a conference."""
    call: WebhookCall
    failure_code: int
    """What its failure is reported as: 15003 for calls, 16011 for conferences."""

    @property
    def host(self) -> str:
        """Host and port, as far as the URL has them."""
        try:
            return urlsplit(self.call.url).netloc.rpartition("@")[2].lower()
        except ValueError:
            return ""


class Full(StrEnum):
    """Why a delivery was dropped. Each has a counter."""

    KEY = "key"
    """Too many wait for this key: the oldest went, so that the final status still arrives."""
    HOST = "host"
    """Too many wait for this host: the new one went."""
    TOTAL = "total"
    """Too many wait at all: the new one went."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Sizes. A host's share of what may wait is below the total, so a dead one cannot take it all."""

    waiting_per_key: int = 1_000
    waiting_per_host: int = 20_000
    waiting: int = 100_000
    running_per_host: int = 16
    running: int = 256


@dataclass(frozen=True, slots=True)
class Dropped:
    """A delivery that will not be tried, and the rule that says so."""

    delivery: Delivery
    rule: Full


class Outbox:
    """A core: whoever owns it performs what `take` hands out, and reports each with `finished`."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._waiting: dict[str, deque[Delivery]] = {}
        self._waiting_at: Counter[str] = Counter()
        self._waiting_count = 0
        self._running: dict[str, Delivery] = {}
        self._running_at: Counter[str] = Counter()
        self._ready: dict[str, OrderedDict[str, None]] = {}
        """By host: the keys of which nothing runs and whose next delivery goes there, longest ready first."""
        self.dropped: Counter[Full] = Counter()
        self.finished_count = 0

    def __len__(self) -> int:
        """How many are owed: waiting and running."""
        return self._waiting_count + len(self._running)

    def add(self, delivery: Delivery) -> Dropped | None:
        """Owe one more. Returns what was dropped for lack of room, if anything was."""
        if self._waiting_count >= self._bounds.waiting:
            return self._dropped(delivery, Full.TOTAL)
        if self._waiting_at[delivery.host] >= self._bounds.waiting_per_host:
            return self._dropped(delivery, Full.HOST)
        dropped = None
        if len(self._waiting.get(delivery.key, ())) >= self._bounds.waiting_per_key:
            self._unready(delivery.key)
            dropped = self._dropped(self._next_of(delivery.key), Full.KEY)
        self._waiting.setdefault(delivery.key, deque()).append(delivery)
        self._waiting_at[delivery.host] += 1
        self._waiting_count += 1
        self._make_ready(delivery.key)
        return dropped

    def take(self) -> list[Delivery]:
        """What may go now; it counts as running until `finished`."""
        taken: list[Delivery] = []
        for host in list(self._ready):
            while host in self._ready and self._may_run(host):
                key = next(iter(self._ready[host]))
                self._unready(key)
                delivery = self._next_of(key)
                self._running[key] = delivery
                self._running_at[host] += 1
                taken.append(delivery)
        return taken

    def finished(self, delivery: Delivery) -> None:
        """It arrived, or it failed for good: the next of its key may go."""
        del self._running[delivery.key]
        _count_down(self._running_at, delivery.host)
        self.finished_count += 1
        self._make_ready(delivery.key)

    def _may_run(self, host: str) -> bool:
        return self._running_at[host] < self._bounds.running_per_host and len(self._running) < self._bounds.running

    def _make_ready(self, key: str) -> None:
        if key in self._waiting and key not in self._running:
            self._ready.setdefault(self._waiting[key][0].host, OrderedDict())[key] = None

    def _unready(self, key: str) -> None:
        host = self._waiting[key][0].host
        keys = self._ready.get(host, OrderedDict())
        keys.pop(key, None)
        if not keys:
            self._ready.pop(host, None)

    def _next_of(self, key: str) -> Delivery:
        queue = self._waiting[key]
        delivery = queue.popleft()
        if not queue:
            del self._waiting[key]
        _count_down(self._waiting_at, delivery.host)
        self._waiting_count -= 1
        return delivery

    def _dropped(self, delivery: Delivery, rule: Full) -> Dropped:
        self.dropped[rule] += 1
        return Dropped(delivery, rule)


def _count_down(counter: Counter[str], host: str) -> None:
    """One less; hosts with none are forgotten, since there is no end of them."""
    counter[host] -= 1
    if not counter[host]:
        del counter[host]
