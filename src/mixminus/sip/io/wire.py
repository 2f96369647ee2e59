"""What every listener's socket is to the agent's shell."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from mixminus.sip.contract import Address, Listener, Transmit


class Wire(Protocol):
    """One listener, on the network."""

    listener: Listener

    def send(self, transmit: Transmit) -> None:
        """Now, or as soon as a connection is there; what cannot be sent on a stream is told as lost."""

    def has(self, address: Address) -> bool:
        """Whether a connection to that address is open here."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Ends:
    """Where what a wire hears goes: whole messages, and addresses whose connection is gone or could not be made."""

    receive: Callable[[bytes, Address], None]
    lost: Callable[[Address], None]


@dataclass(slots=True)
class WireCounts:
    """For the metrics."""

    received: Counter[str] = field(default_factory=Counter)
    """Messages, by transport."""
    sent: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    """Connections that we ended or did not take, by reason."""
    dropped: Counter[str] = field(default_factory=Counter)
    """What could not be sent, by transport."""


async def bound(listener: Listener, kind: socket.SocketKind) -> socket.socket:
    """A socket for that listener. Raises OSError: taken, or not ours.

    One for IPv6 takes no IPv4, so that both may listen on the same port, and no address comes in two forms.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(listener.host, listener.port, type=kind, flags=socket.AI_PASSIVE)
    found.sort(key=lambda info: info[0] is not socket.AF_INET)
    family, _, _, _, place = found[0]
    opened = socket.socket(family, kind)
    try:
        opened.setblocking(False)
        if family is socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind is socket.SOCK_STREAM:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(place)
    except OSError:
        opened.close()
        raise
    return opened
