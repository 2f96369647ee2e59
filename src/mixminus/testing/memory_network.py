"""A network without sockets: addresses are keys, delivery is a timer of the event loop.

By default everything arrives at once and in order. `Conditions` make a host's datagrams late, shuffled or lost, from
a seeded source, so that a run repeats exactly. Streams are only ever late: TCP neither loses nor reorders.
"""

import asyncio
import heapq
import itertools
import random as randomness
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mixminus.testing.network import (
    Address,
    DatagramPort,
    Listener,
    OnConnection,
    OnDatagram,
    Stream,
    StreamUser,
)

_FIRST_FREE_PORT: Final = 40_000


@dataclass(frozen=True, slots=True)
class Conditions:
    """How badly datagrams travel. `jitter_s` is the longest extra delay; beyond 20 ms it reorders RTP."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    """Share of datagrams lost, 0 to 1."""


class MemoryNetwork:
    """Delivers among everybody who opened a port on the same instance."""

    def __init__(self, random: randomness.Random | None = None) -> None:
        self._random = random or randomness.Random(1)
        self._conditions: dict[str, Conditions] = {}
        self._is_lost: Callable[[bytes, Address, Address], bool] | None = None
        self._ports: dict[Address, _Port] = {}
        self._hosts: dict[str, Callable[[bytes, Address, Address], None]] = {}
        self._listeners: dict[Address, _MemoryListener] = {}
        self._free = itertools.count(_FIRST_FREE_PORT, 2)  # even, with room for RTCP above (RFC 3550 section 11)
        self._post = _Post()
        self.sent = 0
        """Datagrams handed in."""
        self.lost = 0
        """Datagrams that bad conditions lost, or that nobody was there to receive."""

    def impair(self, host: str, conditions: Conditions) -> None:
        """From now on, datagrams from or to *host* travel like this."""
        self._conditions[host] = conditions

    def lose(self, is_lost: Callable[[bytes, Address, Address], bool]) -> None:
        """From now on, lose those datagrams for which *is_lost* (data, from, to) says so."""
        self._is_lost = is_lost

    async def open_datagrams(self, at: Address, on_datagram: OnDatagram) -> DatagramPort:
        address = self._claim(at, self._ports)
        self._ports[address] = port = _Port(self, address, on_datagram)
        return port

    async def listen(self, at: Address, on_connection: OnConnection) -> Listener:
        address = self._claim(at, self._listeners)
        self._listeners[address] = listener = _MemoryListener(self._listeners, address, on_connection)
        return listener

    async def connect(self, to: Address, user: StreamUser) -> Stream:
        if to not in self._listeners:
            raise ConnectionRefusedError(f"nobody listens on {to[0]}:{to[1]}")
        delay_s = self._conditions.get(to[0], Conditions()).delay_s
        near = _MemoryStream(self._post, to, delay_s)
        far = _MemoryStream(self._post, (to[0], next(self._free)), delay_s)
        near.other, far.other = far, near
        near.user = user
        far.user = self._listeners[to].on_connection(far)
        return near

    def attach(self, host: str, on_datagram: Callable[[bytes, Address, Address], None]) -> None:
        """Give *host* to a machine that sorts its datagrams by port itself: it gets data, sender and destination."""
        self._hosts[host] = on_datagram

    def carry(self, data: bytes, sender: Address, to: Address) -> None:
        """Deliver one datagram, or lose it."""
        self.sent += 1
        if self._is_lost is not None and self._is_lost(data, sender, to):
            self.lost += 1
            return
        delay_s = 0.0
        if self._conditions:
            for host in {sender[0], to[0]} & self._conditions.keys():
                conditions = self._conditions[host]
                if self._random.random() < conditions.loss:
                    self.lost += 1
                    return
                delay_s += conditions.delay_s + self._random.random() * conditions.jitter_s
        self._post.deliver(delay_s, lambda: self._arrive(data, sender, to))

    def forget(self, address: Address) -> None:
        """Close a datagram port."""
        self._ports.pop(address, None)

    def _arrive(self, data: bytes, sender: Address, to: Address) -> None:
        if (port := self._ports.get(to)) is not None:
            port.on_datagram(data, sender)
        elif (machine := self._hosts.get(to[0])) is not None:
            machine(data, sender, to)
        else:
            self.lost += 1

    def _claim(self, at: Address, taken: object) -> Address:
        host, port = at
        address = (host, port or next(self._free))
        if address in (self._ports if taken is self._ports else self._listeners):
            raise OSError(f"{host}:{port} is taken")
        return address


class _Post:
    """Calls functions after a delay; those due together are called in the order they were handed in."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def deliver(self, delay_s: float, action: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        if delay_s <= 0:
            loop.call_soon(action)
            return
        heapq.heappush(self._due, (loop.time() + delay_s, next(self._order), action))
        loop.call_later(delay_s, self._deliver_due)

    def _deliver_due(self) -> None:
        now = asyncio.get_running_loop().time() + 1e-6  # timers fire up to the clock's resolution early
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()


class _Port:
    def __init__(self, network: MemoryNetwork, address: Address, on_datagram: OnDatagram) -> None:
        self.address = address
        self.on_datagram = on_datagram
        self._network = network

    def send(self, data: bytes, to: Address) -> None:
        self._network.carry(data, self.address, to)

    def close(self) -> None:
        self._network.forget(self.address)


class _MemoryStream:
    """One end of a connection; `other` is the far end."""

    def __init__(self, post: _Post, peer: Address, delay_s: float) -> None:
        self.peer = peer
        self.other: _MemoryStream | None = None
        self.user: StreamUser | None = None
        self._post = post
        self._delay_s = delay_s

    def write(self, data: bytes) -> None:
        if self.other is not None:
            self._post.deliver(self._delay_s, lambda other=self.other: other.arrive(data))  # type: ignore[misc]

    def close(self) -> None:
        other, self.other, self.user = self.other, None, None
        if other is not None:
            self._post.deliver(self._delay_s, other.hang_up)

    def arrive(self, data: bytes) -> None:
        if self.user is not None:
            self.user.received(data)

    def hang_up(self) -> None:
        user, self.user, self.other = self.user, None, None
        if user is not None:
            user.ended()


class _MemoryListener:
    def __init__(self, others: dict[Address, "_MemoryListener"], at: Address, on_connection: OnConnection) -> None:
        self.address = at
        self.on_connection = on_connection
        self._others = others

    def close(self) -> None:
        self._others.pop(self.address, None)
