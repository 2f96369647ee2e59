"""SIP over UDP: one socket, datagrams both ways."""

import asyncio
import socket
from dataclasses import replace
from typing import cast

from mixminus.sip.contract import Address, Listener, Transmit, Transport
from mixminus.sip.io.wire import Ends, WireCounts, bound


class UdpWire(asyncio.DatagramProtocol):
    """Hands datagrams up; `send` drops what cannot be sent: UDP loses packets, and the machines repeat them."""

    def __init__(self, listener: Listener, ends: Ends, counts: WireCounts) -> None:
        self.listener = listener
        self._ends = ends
        self._counts = counts
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls, listener: Listener, ends: Ends, counts: WireCounts) -> "UdpWire":
        """Raises OSError."""
        at = await bound(listener, socket.SOCK_DGRAM)
        host, port = at.getsockname()[:2]
        wire = cls(replace(listener, host=host, port=port), ends, counts)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: wire, sock=at)
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The loop's own class does not derive from the abstract one.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._counts.received[Transport.UDP] += 1
        self._ends.receive(data, Address(Transport.UDP, addr[0], addr[1], self.listener))

    def error_received(self, exc: Exception) -> None:
        """An ICMP error about some earlier datagram; it does not say which."""
        self._counts.dropped[Transport.UDP] += 1

    def send(self, transmit: Transmit) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        try:
            self._transport.sendto(transmit.data, (transmit.to.host, transmit.to.port))
        except (OSError, ValueError):
            self._counts.dropped[Transport.UDP] += 1
        else:
            self._counts.sent[Transport.UDP] += 1

    def has(self, address: Address) -> bool:
        """There are no connections."""
        return False

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
