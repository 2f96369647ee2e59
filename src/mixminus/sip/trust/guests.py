"""Hosts that are trusted for a while: carriers that we are registered at may call in as long as we are."""

from dataclasses import dataclass, replace

from mixminus.sip.endpoint import Endpoint


class Guests:
    """Adds hosts to those of the settings, and takes them out when their time is over."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._guests: dict[str, _Guest] = {}

    def admit(self, host: str, until: float) -> None:
        """Trust *host* until then, and no longer than was said last. Hosts of the settings are trusted anyway."""
        settings = self._endpoint.settings
        if host not in self._guests:
            if host in settings.trusted_hosts:
                return
            self._guests[host] = _Guest(self, host)
        self._endpoint.settings = replace(settings, trusted_hosts=settings.trusted_hosts | {host})
        self._endpoint.sleepers.set(self._guests[host], until)

    def leave(self, host: str) -> None:
        settings = self._endpoint.settings
        self._endpoint.settings = replace(settings, trusted_hosts=settings.trusted_hosts - {host})
        del self._guests[host]


@dataclass(frozen=True, slots=True)
class _Guest:
    guests: Guests
    host: str

    def wake(self, now: float) -> None:
        """Its time is over."""
        self.guests.leave(self.host)
