"""What an agent is told about itself and its surroundings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mixminus.sip.contract import Listener


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
