"""Who helps browsers to find a way to us: STUN and TURN servers, with credentials for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mixminus.base.clock import Clock
from mixminus.base.settings import Settings
from mixminus.base.sids import Sids
from mixminus.webrtc.turn import TurnCredential, turn_credential

_NAME: Final = "TU"
"""Begins names that nobody else has."""


@dataclass(frozen=True, slots=True)
class IceServers:
    """What is given out at once. Without TURN there is no credential."""

    stun_urls: tuple[str, ...]
    turn_urls: tuple[str, ...]
    credential: TurnCredential | None
    ttl_s: int
    created: datetime


class IceServerDesk:
    """Gives them out, each time under another name, so that a server's log tells who used it."""

    def __init__(self, settings: Settings, clock: Clock, sids: Sids) -> None:
        self._settings = settings
        self._clock = clock
        self._sids = sids

    @property
    def longest_s(self) -> int:
        """How long a credential may be good for."""
        return self._settings.turn_ttl_s

    def give_out(self, ttl_s: int | None = None) -> IceServers:
        """For that long, or as long as may be."""
        settings, now = self._settings, self._clock.utc()
        life_s = self.longest_s if ttl_s is None else min(ttl_s, self.longest_s)
        credential = None
        if settings.turn_secret is not None and settings.turn_urls:
            until = now + timedelta(seconds=life_s)
            credential = turn_credential(settings.turn_secret, self._sids.new(_NAME), int(until.timestamp()))
        turn_urls = settings.turn_urls if credential is not None else ()
        return IceServers(settings.stun_urls, turn_urls, credential, life_s, now)
