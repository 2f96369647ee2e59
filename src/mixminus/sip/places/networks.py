"""Where an IP address belongs, and from how far away it can be used."""

import ipaddress
from functools import lru_cache
from typing import Final

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

SITE_NETWORKS: Final = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
"""RFC 1918, RFC 6598, RFC 4193. Python's `is_private` holds documentation networks for private too."""
EVERYWHERE: Final = 2
"""The `reach` of an address that anybody can use."""


def literal(host: str) -> IpAddress | None:
    """The IP address that a host is written as; None: it is a name."""
    if len(host) > 45:
        return None
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def is_loopback(host: str) -> bool:
    address = literal(host)
    return address is not None and address.is_loopback


@lru_cache(maxsize=4096)
def is_within(host: str, networks: tuple[str, ...]) -> bool:
    """Whether an IP address is in one of the networks; those of the other version never are."""
    address = literal(host)
    if address is None:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)


def reach(address: IpAddress) -> int:
    """From how far away an address can be used: this machine (0), this site (1), `EVERYWHERE`."""
    if address.is_loopback:
        return 0
    return 1 if address.is_link_local or any(address in network for network in SITE_NETWORKS) else EVERYWHERE
