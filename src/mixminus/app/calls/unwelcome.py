"""Hosts that are banned, as an operator sees them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from mixminus.app.calls.sip_desk import SipDesk
from mixminus.base.clock import Clock
from mixminus.base.errors import Refusal

log: structlog.stdlib.BoundLogger = structlog.get_logger("mixminus.bans")


@dataclass(frozen=True, slots=True)
class BannedHost:
    """A ban that holds."""

    address: str
    """By which it is lifted: an IPv4 address, or the first of an IPv6 site."""
    network: str
    """All that it is for: that address, or the site's /64."""
    reason: str
    """`refused`, `passwords`, `scanner`."""
    since: datetime
    until: datetime
    bans: int
    """How many there were lately, this one included."""
    ignored: int
    """Requests that got no answer since."""


class Unwelcome:
    """One per node."""

    def __init__(self, desk: SipDesk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock

    def all(self) -> list[BannedHost]:
        """The newest last."""
        now, utc = self._clock.now(), self._clock.utc()
        return [
            BannedHost(
                address=ban.peer.partition("/")[0],
                network=ban.peer,
                reason=ban.offence.value,
                since=utc + timedelta(seconds=ban.since - now),
                until=utc + timedelta(seconds=ban.until - now),
                bans=ban.strikes,
                ignored=ban.ignored,
            )
            for ban in self._desk.bans()
        ]

    def lift(self, address: str) -> None:
        """Listen to a host again, and forget what it did. Raises 20404."""
        if not self._desk.lift_ban(address):
            raise Refusal(20404, 404, f"{address[:60]!r} is not banned: GET /mixminus/v1/Bans lists who is.")
        log.info("ban lifted", address=address)
