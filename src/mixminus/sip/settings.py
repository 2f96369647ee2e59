"""What an agent is told about itself and its surroundings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mixminus.sip.contract import Listener
from mixminus.sip.places.networks import is_within
from mixminus.sip.trust.limits import Rate, Rates

HOST_RATES: Final = Rates(invites=Rate(20.0), registers=Rate(100.0), others=Rate(50.0))
"""Two hundred phones behind one NAT register within seconds after a power cut, each with a challenge in between."""
USER_RATES: Final = Rates(invites=Rate(10.0), registers=Rate(5.0), others=Rate(50.0))
"""A side car subscribes to sixty lamps at once."""


@dataclass(frozen=True, slots=True)
class TrunkLimit:
    """How many calls a trunk may begin."""

    name: str
    addresses: tuple[str, ...]
    """Hosts, and networks."""
    invites_per_s: float


@dataclass(frozen=True, slots=True)
class SipSettings:
    """`host` and `port` are our name in Via and Contact: an address that phones can reach, never 0.0.0.0."""

    host: str = "127.0.0.1"
    port: int = 5060
    listeners: tuple[Listener, ...] = ()
    """Where we take messages, and what peers are told of it. Where none fits, they are told `host` and `port`."""
    users: Mapping[str, str] = field(default_factory=dict)
    """Name to password: who may register, and who may call in."""
    trusted_hosts: frozenset[str] = frozenset()
    """IP addresses of trunks, which call in without a password."""
    trusted_networks: tuple[str, ...] = ()
    """Whole networks of theirs: `198.51.100.0/24`."""
    trunk_hosts: frozenset[str] = frozenset()
    """Hosts in the addresses of gateways, names or not: no redirection leads there."""
    trunk_limits: tuple[TrunkLimit, ...] = ()
    """How many calls trunks may begin, where that is limited."""
    host_rates: Rates = HOST_RATES
    """What one address that is no trunk may ask."""
    user_rates: Rates = USER_RATES
    """What one user may ask, from all its addresses."""
    ban_s: float = 60.0
    """How long the first ban of a host lasts; 0: nobody is banned."""
    open_to_loopback: bool = False
    """Whether everybody on this machine may call in."""
    session_expires_s: int = 1800
    """The session interval that we ask for (RFC 4028 4 recommends it); half of it is how soon a peer that died is
    noticed. 0: we ask for none, and never look.
    """
    keepalive_s: float = 25.0
    """How often phones behind a NAT are asked for a sign of life, so that the way to them stays open; 0: never."""
    server_name: str = "Mixminus"
    realm: str = "mixminus"
    digest_algorithms: tuple[str, ...] = ("SHA-256", "MD5")
    """What strangers are challenged with, strongest first (RFC 8760 2.4). Some phones give up when they see one that
    they do not know, whatever stands beside it (libre before 2024, and so Debian's baresip): `("MD5",)` is for them.
    """

    def is_ours(self, host: str, port: int) -> bool:
        """Whether somebody who sends there would send to us."""
        told = ((listener.told_host, listener.told_port) for listener in self.listeners)
        return (host, port) == (self.host, self.port) or (host, port) in told

    def trusts(self, host: str) -> bool:
        """Whether calls from there are a trunk's, and need no password."""
        return host in self.trusted_hosts or is_within(host, self.trusted_networks)

    def trunk_of(self, host: str) -> TrunkLimit | None:
        """The limited trunk that a host belongs to."""
        return next((limit for limit in self.trunk_limits if is_within(host, limit.addresses)), None)
