"""What the engine knows, as arrays, of far ends' addresses; see `state`."""

from typing import Final, NamedTuple

from mixminus.media.state import I32, I64, U8, U64

SIX: Final = 1 << 62
"""An address's number from here on is one of IPv6 (`kernels/addresses.py`)."""
FAR_HOSTS: Final = 16
"""IPv6 addresses that are kept of a leg: two in use, and more than can come in one beat."""
HOST_BYTES: Final = 20
"""Of an IPv6 address and its scope (RFC 4007)."""


class FarHosts(NamedTuple):
    """By leg: what the numbers of IPv6 addresses stand for."""

    key: I64
    """Without a port; 0: free."""
    host: U8
    next: I32
    """To be overwritten."""
    secret: U64
    """Of the hash; not by leg."""


COLUMNS: Final = {
    "FarHosts.key": (FAR_HOSTS,),
    "FarHosts.host": (FAR_HOSTS, HOST_BYTES),
}
"""Shapes of what is more than a number a row."""
