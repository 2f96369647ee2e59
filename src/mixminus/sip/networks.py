"""Where an IP address belongs."""

import ipaddress
from functools import lru_cache

from mixminus.sip.dialog import literal


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
