"""Which gateway takes the next call: priority and weight, and which of them are sick (RFC 2782, RFC 3263 4.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mixminus.base.settings import Gateway
from mixminus.base.types import Draw

FIRST_REST_S: Final = 5.0
LONGEST_REST_S: Final = 300.0
"""How long a sick gateway is passed over: doubled with every failure in a row, but never longer than this."""
DEAD: Final = frozenset({408, 503})
"""Silence, a broken connection, or overload: one is enough to pass a gateway over."""
STRIKES: Final = 3
"""Other failures may be those of one number; so many in a row are the gateway's."""


def leaves(status: int, *, rang: bool) -> bool:
    """Whether a refusal says that this gateway failed, and not that the called party cannot be had.

    After ringing, 408 is a proxy's word for nobody answered (RFC 3261 16.8), and another gateway would ring the same
    phone again. A challenge that we could not meet rang nobody.
    """
    return 500 <= status < 600 or status in (401, 407, 430) or (status == 408 and not rang)


@dataclass(slots=True)
class _Record:
    failures: int = 0
    """In a row."""
    rests_until: float = 0.0
    must_answer: bool = False
    """It was silent, and is passed over until it answers an OPTIONS, however long it has rested."""


class Gateways:
    """The health of every gateway, by URI: two trunks may share one."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}
        self.probed: set[str] = set()
        """Gateways that are sent OPTIONS."""

    def in_order(self, doors: Iterable[Gateway], now: float, draw: Draw) -> list[Gateway]:
        """Healthy ones first, by priority, shuffled by weight; the sick come last, since nobody may be better."""
        ranks: dict[tuple[bool, int], list[Gateway]] = {}
        for door in doors:
            ranks.setdefault((self.is_sick(door.uri, now), door.priority), []).append(door)
        return [door for _, equals in sorted(ranks.items()) for door in _shuffled(equals, draw)]

    def is_sick(self, uri: str, now: float) -> bool:
        record = self._records.get(uri)
        return record is not None and (record.must_answer or record.rests_until > now)

    def works(self, uri: str) -> None:
        """Somebody answered, or it said clearly that the called party cannot be had."""
        self._records.pop(uri, None)

    def failed(self, uri: str, status: int, now: float, retry_after_s: int | None = None) -> None:
        """It failed a call, with the status that stands for how."""
        record = self._records.setdefault(uri, _Record())
        record.must_answer = record.must_answer or (status == 408 and uri in self.probed)
        if record.rests_until > now:
            return  # a call that was under way when it fell sick says nothing new
        record.failures += 1
        if status in DEAD or record.failures >= STRIKES:
            rest_s = FIRST_REST_S * 2.0 ** min(record.failures - 1, 10)
            rest_s = max(rest_s, retry_after_s or 0)
            record.rests_until = now + min(rest_s, LONGEST_REST_S)

    def answered_probe(self, uri: str, status: int, now: float) -> None:
        """An OPTIONS met that status; any but silence and 503 is a sign of life (RFC 3261 11)."""
        record = self._records.get(uri)
        if status in DEAD:
            self.failed(uri, 408, now)
        elif record is not None and record.must_answer:
            record.must_answer = False  # what it failed still counts, in case it lives and takes no calls
        elif record is not None and record.rests_until <= now:
            del self._records[uri]

    def next_probe_s(self, uri: str, now: float, interval_s: float) -> float:
        """How long to wait before the next OPTIONS: a sick one is asked when it has rested."""
        record = self._records.get(uri)
        return max(1.0, record.rests_until - now) if record is not None and record.must_answer else interval_s


def _shuffled(equals: list[Gateway], draw: Draw) -> list[Gateway]:
    """In an order where each comes first as often as its weight says (RFC 2782, "Weight")."""
    left, order = list(equals), []
    while left:
        ticket = draw(sum(door.weight for door in left))
        for door in left:
            ticket -= door.weight
            if ticket < 0:
                order.append(door)
                left.remove(door)
                break
    return order
