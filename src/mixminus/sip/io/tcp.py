"""SIP over TCP: connections that came in, connections that we opened, one table by far address."""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from mixminus.sip.contract import Address, Transmit, Transport
from mixminus.sip.framing import StreamFramer
from mixminus.sip.message import MalformedMessage

MAX_CONNECTIONS: Final = 4096
"""Well below the usual limit of open files; one more is closed at once."""
MAX_UNSENT_BYTES: Final = 1 << 20
"""A peer that stops reading loses its connection instead of our memory."""
CONNECT_TIMEOUT_S: Final = 10.0


class TcpConnections:
    """All connections of one listener. `receive` gets whole messages, `lost` is told once per address."""

    def __init__(self, receive: Callable[[bytes, Address], None], lost: Callable[[Address], None]) -> None:
        self._receive = receive
        self._lost = lost
        self._open: dict[Address, TcpConnection] = {}
        self._opening: dict[Address, list[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self) -> "TcpConnection":
        """The protocol factory of the server."""
        return TcpConnection(self)

    def send(self, transmit: Transmit) -> None:
        """Use the connection to that address; without one, open it and send when it is up."""
        if (connection := self._open.get(transmit.to)) is not None:
            connection.write(transmit.data)
        elif transmit.to in self._opening:
            self._opening[transmit.to].append(transmit.data)
        else:
            self._opening[transmit.to] = [transmit.data]
            task = asyncio.get_running_loop().create_task(self._connect(transmit.to), name=f"sip-tcp {transmit.to}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for connection in list(self._open.values()):
            connection.close()

    async def _connect(self, to: Address) -> None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await asyncio.get_running_loop().create_connection(lambda: TcpConnection(self), to.host, to.port)
        except (OSError, TimeoutError):
            del self._opening[to]
            self._lost(to)

    # --- told by the connections -----------------------------------------------------------------------------

    def opened(self, connection: "TcpConnection") -> bool:
        """Enter it, and send what waited for it; False: there are too many."""
        if len(self._open) >= MAX_CONNECTIONS:
            return False
        self._open[connection.peer] = connection
        for data in self._opening.pop(connection.peer, []):
            connection.write(data)
        return True

    def received(self, connection: "TcpConnection", message: bytes) -> None:
        self._receive(message, connection.peer)

    def closed(self, connection: "TcpConnection") -> None:
        if self._open.get(connection.peer) is connection:
            del self._open[connection.peer]
            self._lost(connection.peer)


class TcpConnection(asyncio.Protocol):
    """One connection: bytes to messages."""

    def __init__(self, connections: TcpConnections) -> None:
        self._connections = connections
        self._framer = StreamFramer()
        self._transport: asyncio.Transport
        self.peer: Address

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        host, port = transport.get_extra_info("peername")[:2]
        self.peer = Address(Transport.TCP, host, port)
        if not self._connections.opened(self):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._framer.feed(data):
                self._connections.received(self, message)
        except MalformedMessage:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.closed(self)

    def write(self, data: bytes) -> None:
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._transport.abort()

    def close(self) -> None:
        self._transport.close()
