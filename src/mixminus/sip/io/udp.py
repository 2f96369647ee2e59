"""SIP over UDP: one socket, datagrams both ways."""

import asyncio
from collections.abc import Callable
from typing import cast

from mixminus.sip.contract import Address, Transmit, Transport


class UdpEndpoint(asyncio.DatagramProtocol):
    """Hands datagrams to *receive*; `send` drops what cannot be sent: UDP loses packets, the machines repeat them."""

    def __init__(self, receive: Callable[[bytes, Address], None]) -> None:
        self._receive = receive
        self._transport: asyncio.DatagramTransport | None = None
        self.dropped = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The loop's own class does not derive from the abstract one.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._receive(data, Address(Transport.UDP, addr[0], addr[1]))

    def error_received(self, exc: Exception) -> None:
        """An ICMP error about some earlier datagram; it does not say which."""
        self.dropped += 1

    def send(self, transmit: Transmit) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        try:
            self._transport.sendto(transmit.data, (transmit.to.host, transmit.to.port))
        except (OSError, ValueError):
            self.dropped += 1

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
