"""A router between a home and the network in memory: it gives out ports, and forgets them when nobody uses them.

Each port of the home appears as one port of the router, to everybody the same (endpoint-independent mapping, RFC 4787
REQ-1); in comes only what those send who were spoken to from inside (address-dependent filtering, REQ-8); only what
goes out keeps it open (REQ-6 asks for no more).
"""

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import Final

from mixminus.testing.memory_network import MemoryNetwork
from mixminus.testing.network import Address, DatagramPort, Listener, OnConnection, OnDatagram, Stream, StreamUser

_FIRST_PORT: Final = 50_000


@dataclass(slots=True)
class _Mapping:
    """A port of the router, and who inside has it."""

    inside: "_InsidePort"
    used_at: float
    spoken_to: set[str] = field(default_factory=set)


class Nat:
    """A `Network` for phones at home; `public_host` is what everybody else sees. Streams are not translated."""

    def __init__(self, network: MemoryNetwork, public_host: str, forgets_after_s: float) -> None:
        self.public_host = public_host
        self.refused = 0
        """Datagrams from outside that found their port closed."""
        self._network = network
        self._forgets_after_s = forgets_after_s
        self._mappings: dict[int, _Mapping] = {}
        self._free = itertools.count(_FIRST_PORT, 2)
        self._free_inside = itertools.count(5060, 2)
        network.attach(public_host, self._arrived)

    async def open_datagrams(self, at: Address, on_datagram: OnDatagram) -> DatagramPort:
        host, port = at
        return _InsidePort(self, (host, port or next(self._free_inside)), on_datagram)

    async def listen(self, at: Address, on_connection: OnConnection) -> Listener:
        return await self._network.listen(at, on_connection)

    async def connect(self, to: Address, user: StreamUser) -> Stream:
        return await self._network.connect(to, user)

    def send(self, inside: "_InsidePort", data: bytes, to: Address) -> None:
        """Let a datagram out, and open or keep a port for what comes back."""
        outer = next((port for port, mapping in self._live() if mapping.inside is inside), None)
        if outer is None:
            outer = next(self._free)
            self._mappings[outer] = _Mapping(inside, self._now())
        mapping = self._mappings[outer]
        mapping.used_at = self._now()
        mapping.spoken_to.add(to[0])
        self._network.carry(data, (self.public_host, outer), to)

    def _arrived(self, data: bytes, sender: Address, to: Address) -> None:
        mapping = dict(self._live()).get(to[1])
        if mapping is None or sender[0] not in mapping.spoken_to:
            self.refused += 1
            return
        mapping.inside.on_datagram(data, sender)

    def _live(self) -> list[tuple[int, _Mapping]]:
        now = self._now()
        for port in [p for p, m in self._mappings.items() if now - m.used_at > self._forgets_after_s]:
            del self._mappings[port]
        return list(self._mappings.items())

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


class _InsidePort:
    """A port of a phone at home."""

    def __init__(self, nat: Nat, address: Address, on_datagram: OnDatagram) -> None:
        self.address = address
        self.on_datagram = on_datagram
        self._nat = nat
        self._open = True

    def send(self, data: bytes, to: Address) -> None:
        if self._open:
            self._nat.send(self, data, to)

    def close(self) -> None:
        self._open, self.on_datagram = False, _drop


def _drop(data: bytes, sender: Address) -> None:
    """Nobody is there any more."""
