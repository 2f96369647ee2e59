"""Real UDP and TCP sockets, through asyncio."""

import asyncio
from typing import cast

from mixminus.testing.network import (
    Address,
    DatagramPort,
    Listener,
    OnConnection,
    OnDatagram,
    Stream,
    StreamUser,
)


class LoopbackNetwork:
    """The network of this machine. Nothing keeps a phone from using other interfaces, if given their address."""

    async def open_datagrams(self, at: Address, on_datagram: OnDatagram) -> DatagramPort:
        loop = asyncio.get_running_loop()
        _, port = await loop.create_datagram_endpoint(lambda: _UdpPort(on_datagram), local_addr=at)
        return port

    async def listen(self, at: Address, on_connection: OnConnection) -> Listener:
        loop = asyncio.get_running_loop()
        return _TcpListener(await loop.create_server(lambda: _TcpStream(on_connection), *at))

    async def connect(self, to: Address, user: StreamUser) -> Stream:
        loop = asyncio.get_running_loop()
        _, stream = await loop.create_connection(lambda: _TcpStream(lambda _: user), *to)
        return stream


class _UdpPort(asyncio.DatagramProtocol):
    def __init__(self, on_datagram: OnDatagram) -> None:
        self._on_datagram = on_datagram
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._on_datagram(data, (addr[0], addr[1]))

    @property
    def address(self) -> Address:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    def send(self, data: bytes, to: Address) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, to)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class _TcpStream(asyncio.Protocol):
    def __init__(self, on_connection: OnConnection) -> None:
        self._on_connection = on_connection
        self._transport: asyncio.Transport | None = None
        self._user: StreamUser | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._user = self._on_connection(self)

    def data_received(self, data: bytes) -> None:
        if self._user is not None:
            self._user.received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        user, self._user = self._user, None
        if user is not None:
            user.ended()

    @property
    def peer(self) -> Address:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("peername")[:2]
        return host, port

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        self._user = None
        if self._transport is not None:
            self._transport.close()


class _TcpListener:
    def __init__(self, server: asyncio.Server) -> None:
        self._server = server
        self._address: Address = server.sockets[0].getsockname()[:2]

    @property
    def address(self) -> Address:
        return self._address

    def close(self) -> None:
        self._server.close()
