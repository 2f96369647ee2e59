"""Who is ignored, and for how long: refusals add up and fade slowly, and each ban lasts longer than the last."""

import ipaddress
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

from mixminus.sip.places.networks import literal

MAX_BAN_S: Final = 86_400.0
STRIKE_FADES_S: Final = 6 * 3600.0
"""After so long without a ban one strike is forgotten: the next ban lasts half as long."""
MAX_HOSTS: Final = 10_000
"""Hosts remembered; beyond it the one that was quiet for longest is forgotten, banned ones last."""
IPV6_SITE_BITS: Final = 64
"""What one customer has at least (RFC 6177): addresses of one site count as one."""


class Offence(StrEnum):
    """What a ban is for."""

    REFUSED = "refused"
    """Requests that nobody may make, or that cannot be understood."""
    PASSWORDS = "passwords"
    """Wrong ones."""
    SCANNER = "scanner"
    """It says itself that it looks for holes."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much of one offence a host may collect, and how fast that is forgotten."""

    most: float
    recovery_per_s: float


TOLERANCE: Final = {
    Offence.REFUSED: Tolerance(20.0, 1.0),
    # A phone that was given a wrong one tries every half minute; whoever guesses gets three tries a minute.
    Offence.PASSWORDS: Tolerance(10.0, 0.05),
    Offence.SCANNER: Tolerance(1.0, 1.0),
}


@dataclass(slots=True)
class _Record:
    levels: dict[Offence, tuple[float, float]] = field(default_factory=dict)
    """How much was collected, and when it was that much."""
    offence: Offence = Offence.REFUSED
    """What the last ban was for."""
    strikes: int = 0
    banned_at: float = 0.0
    until: float = 0.0
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Ban:
    """A ban that holds."""

    peer: str
    """An IPv4 address, or the /64 of an IPv6 one."""
    offence: Offence
    since: float
    until: float
    strikes: int
    """How many bans there were lately, this one included."""
    ignored: int
    """Requests that got no answer since."""


class Bans:
    """Memory is bounded however many hosts knock."""

    def __init__(self) -> None:
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self.counted: Counter[Offence] = Counter()
        """Bans ever."""

    def __len__(self) -> int:
        """Hosts remembered."""
        return len(self._records)

    def is_banned(self, host: str, now: float) -> bool:
        record = self._records.get(peer_of(host))
        return record is not None and now < record.until

    def ignored(self, host: str) -> None:
        """A banned host was not answered."""
        if (record := self._records.get(peer_of(host))) is not None:
            record.ignored += 1

    def blame(self, host: str, offence: Offence, first_ban_s: float, now: float, cost: float = 1.0) -> None:
        """Note an offence; too many are a ban of *first_ban_s*, twice as long each time. 0: nobody is banned."""
        peer = peer_of(host)
        record = self._records.setdefault(peer, _Record())
        self._records.move_to_end(peer)
        if now >= record.until:
            level = _level(record, offence, now) + cost
            record.levels[offence] = (level, now)
            if level >= TOLERANCE[offence].most and first_ban_s:
                self._ban(record, offence, first_ban_s, now)
        if len(self._records) > MAX_HOSTS:
            self._forget_one(now)

    def all(self, now: float) -> tuple[Ban, ...]:
        """Those that hold, the newest last."""
        held = [(peer, record) for peer, record in self._records.items() if now < record.until]
        held.sort(key=lambda item: item[1].banned_at)
        return tuple(
            Ban(peer, record.offence, record.banned_at, record.until, record.strikes, record.ignored)
            for peer, record in held
        )

    def lift(self, peer: str, now: float) -> bool:
        """Forgive a host all; False: it was not banned."""
        if not self.is_banned(peer.partition("/")[0], now):
            return False
        del self._records[peer_of(peer.partition("/")[0])]
        return True

    def _ban(self, record: _Record, offence: Offence, first_ban_s: float, now: float) -> None:
        faded = int((now - record.until) / STRIKE_FADES_S) if record.strikes else 0
        record.strikes = max(0, record.strikes - faded) + 1
        record.offence, record.banned_at, record.ignored = offence, now, 0
        record.until = now + min(MAX_BAN_S, first_ban_s * 2.0 ** min(record.strikes - 1, 32))
        record.levels.clear()
        self.counted[offence] += 1

    def _forget_one(self, now: float) -> None:
        """The quietest that is not banned; a flood of new hosts must not set those free, unless all are."""
        for _ in range(8):
            peer, record = next(iter(self._records.items()))
            if now >= record.until:
                break
            self._records.move_to_end(peer)
        self._records.popitem(last=False)


def _level(record: _Record, offence: Offence, now: float) -> float:
    level, since = record.levels.get(offence, (0.0, now))
    return max(0.0, level - (now - since) * TOLERANCE[offence].recovery_per_s)


@lru_cache(maxsize=4096)
def peer_of(host: str) -> str:
    """Whom a host counts for: itself, or the /64 of an IPv6 address."""
    address = literal(host)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address), IPV6_SITE_BITS), strict=False))
    return host
