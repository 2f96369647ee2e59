"""What we ask the domain name system, what it says, and how long that is believed (RFC 1035, 2308, 2782, 3403)."""

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

NEGATIVE_TTL_S: Final = 30.0
"""How long it is believed that a name has no such records, whatever its zone allows: somebody may be adding them."""
UNANSWERED_TTL_S: Final = 5.0
"""How long a server that did not answer is spared the same question."""
SHORTEST_TTL_S: Final = 1.0
LONGEST_TTL_S: Final = 3600.0
STALE_S: Final = 3600.0
"""So long after its end an answer is still good when nobody gives a newer one (RFC 8767)."""
MAX_ANSWERS: Final = 4096
"""Beyond it the answer that was used least lately is forgotten."""


class RecordType(StrEnum):
    NAPTR = "NAPTR"
    SRV = "SRV"
    A = "A"
    AAAA = "AAAA"


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question; `name` is in lower case, without the last dot."""

    type: RecordType
    name: str


@dataclass(frozen=True, slots=True)
class Naptr:
    """RFC 3403 4.1; of the replacement, since SIP uses no regular expressions (RFC 3263 4.1)."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Srv:
    """RFC 2782. A target that is empty says that the service is decidedly not there."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Host:
    """What A and AAAA say."""

    address: str


Record = Naptr | Srv | Host


@dataclass(frozen=True, slots=True)
class Answer:
    """No records: there are none. `answered` is False where nobody said even that."""

    records: tuple[Record, ...]
    ttl_s: float
    answered: bool = True


UNANSWERED: Final = Answer((), UNANSWERED_TTL_S, answered=False)


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    until: float


class DnsCache:
    """What was said lately."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Lookup, _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, lookup: Lookup, now: float) -> Answer | None:
        """None: it must be asked."""
        kept = self._kept.get(lookup)
        if kept is None or kept.until <= now:
            return None
        self._kept.move_to_end(lookup)
        return kept.answer

    def learn(self, lookup: Lookup, answer: Answer, now: float) -> Answer:
        """Keep a fresh answer; returns what to go by, which is the last one if nobody answered now."""
        before = self._kept.get(lookup)
        lasts_s = min(max(answer.ttl_s, SHORTEST_TTL_S), LONGEST_TTL_S)
        if not answer.answered:
            lasts_s = UNANSWERED_TTL_S
            if before is not None and before.answer.records and now < before.until + STALE_S:
                return before.answer
        elif not answer.records:
            lasts_s = min(lasts_s, NEGATIVE_TTL_S)
        self._kept[lookup] = _Kept(answer, now + lasts_s)
        self._kept.move_to_end(lookup)
        if len(self._kept) > MAX_ANSWERS:
            self._kept.popitem(last=False)
        return answer
