"""Far ends' addresses by number, as kernels keep them, and back (`kernels/addresses.py`)."""

import ipaddress
import socket

import numpy as np

from mixminus.base.types import RandomBytes
from mixminus.media.address_state import HOST_BYTES, SIX, FarHosts
from mixminus.media.bundles import clear_row, grown, zeroed
from mixminus.media.kernels.addresses import PORT_BITS, remember
from mixminus.media.ports import HIGHEST_PORT, address_key, address_of
from mixminus.media.state import Line

Address = tuple[str, int]


class Addresses:
    """Of all legs. An IPv6 address is known by its number at the leg where it was met, while it is in use there."""

    def __init__(self, capacity: int, random_bytes: RandomBytes) -> None:
        hosts = zeroed(FarHosts, capacity)
        words = np.frombuffer(random_bytes(8 * (1 + HOST_BYTES)), np.uint64) | np.uint64(1)
        self.hosts = hosts._replace(secret=words)

    def grow(self, capacity: int) -> None:
        self.hosts = grown(self.hosts._replace(secret=np.zeros(0, np.uint64)), capacity)._replace(
            secret=self.hosts.secret
        )

    def forget(self, row: int) -> None:
        """The row is to be somebody else's."""
        if self.hosts.key[row, 0]:
            clear_row((self.hosts.key, self.hosts.host, self.hosts.next), row)

    def number(self, line: Line, row: int, host: str, port: int) -> int:
        """Of an address that the leg in that row may send to; 0 if it is none."""
        if ":" not in host:
            return address_key(host, port)
        if not 0 < port <= HIGHEST_PORT or (known := _octets(host)) is None:
            return 0
        if known.startswith(_MAPPED):
            return address_key(socket.inet_ntop(socket.AF_INET, known[12:16]), port)
        return remember(self.hosts, line, row, np.frombuffer(known, np.uint8)) << PORT_BITS | port

    def address(self, row: int, number: int) -> Address | None:
        """The inverse of `number`; None for one that is not in use any more."""
        if number < SIX:
            return address_of(number) if number else None
        keys = self.hosts.key[row].tolist()
        if (host := number >> PORT_BITS) not in keys:
            return None
        known = self.hosts.host[row, keys.index(host)].tobytes()
        scope = int.from_bytes(known[16:], "little")
        text = socket.inet_ntop(socket.AF_INET6, known[:16])
        return f"{text}%{scope}" if scope else text, number & HIGHEST_PORT


_MAPPED = bytes(10) + b"\xff\xff"


def _octets(host: str) -> bytes | None:
    """Address and scope as the system has them; None if it is no IPv6 address, or the one of nobody."""
    try:
        known = ipaddress.IPv6Address(host)
        scope = 0 if known.scope_id is None else int(known.scope_id)
    except ValueError:
        return None
    if known.is_unspecified or scope not in range(1 << 32):
        return None
    return known.packed + scope.to_bytes(4, "little")
