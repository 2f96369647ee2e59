"""Carries SIP messages to and from the network: one UDP port, or TCP connections with framing by Content-Length."""

import asyncio
import re
from collections.abc import Callable
from typing import Final, Literal, Protocol

from mixminus.testing.network import Address, DatagramPort, Listener, Network, Stream
from mixminus.testing.user_agent.message import Message, SipSyntaxError, parse_message

TransportName = Literal["udp", "tcp"]

_CONTENT_LENGTH: Final = re.compile(rb"\r\n(?:Content-Length|l)[ \t]*:[ \t]*(\d+)", re.IGNORECASE)

Reply = Callable[[bytes], None]
"""Sends bytes back the way a message came (RFC 3261 18.2.2, RFC 3581)."""

OnMessage = Callable[[Message, Reply], None]


class Wire(Protocol):
    """A phone's signalling socket."""

    reliable: bool
    malformed: int
    """How often something arrived that was no SIP message."""

    @property
    def address(self) -> Address: ...

    async def open(self) -> None: ...

    def send(self, data: bytes, to: Address) -> None: ...

    def close(self) -> None: ...


class UdpWire:
    """One message a datagram."""

    reliable = False

    def __init__(self, network: Network, host: str, on_message: OnMessage) -> None:
        self.malformed = 0
        self._network = network
        self._host = host
        self._on_message = on_message
        self._port: DatagramPort | None = None

    async def open(self) -> None:
        self._port = await self._network.open_datagrams((self._host, 0), self._receive)

    @property
    def address(self) -> Address:
        assert self._port is not None, "the phone is not open"
        return self._port.address

    def send(self, data: bytes, to: Address) -> None:
        if self._port is not None:
            self._port.send(data, to)

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def _receive(self, data: bytes, sender: Address) -> None:
        if not data.strip():
            return  # a keep-alive (RFC 5626 3.5.1)
        try:
            message = parse_message(data)
        except SipSyntaxError:
            self.malformed += 1
            return
        self._on_message(message, lambda answer: self.send(answer, sender))


class TcpWire:
    """Listens for connections and opens them on demand; one connection a peer, kept until either side closes it."""

    reliable = True

    def __init__(self, network: Network, host: str, on_message: OnMessage) -> None:
        self.malformed = 0
        self._network = network
        self._host = host
        self._on_message = on_message
        self._listener: Listener | None = None
        self._links: dict[Address, _Link] = {}
        self._connecting: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._listener = await self._network.listen((self._host, 0), self._accept)

    @property
    def address(self) -> Address:
        assert self._listener is not None, "the phone is not open"
        return self._listener.address

    def send(self, data: bytes, to: Address) -> None:
        link = self._links.get(to)
        if link is None:
            if self._listener is None:
                return
            link = self._links[to] = _Link(self, to)
            task = asyncio.get_running_loop().create_task(self._connect(link, to), name=f"SIP connection to {to}")
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)
        link.write(data)

    def close(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()
        for task in self._connecting:
            task.cancel()
        for link in list(self._links.values()):
            link.close()
        self._links.clear()

    def deliver(self, data: bytes, link: "_Link") -> None:
        """Take one framed message."""
        try:
            message = parse_message(data)
        except SipSyntaxError:
            self.malformed += 1
            return
        self._on_message(message, link.write)

    def drop(self, peer: Address) -> None:
        """Forget a connection that ended."""
        self._links.pop(peer, None)

    def _accept(self, stream: Stream) -> "_Link":
        link = self._links[stream.peer] = _Link(self, stream.peer)
        link.attach(stream)
        return link

    async def _connect(self, link: "_Link", to: Address) -> None:
        try:
            link.attach(await self._network.connect(to, link))
        except OSError:
            self.drop(to)  # the transaction's timer tells its owner


class _Link:
    """One connection; what is written before it stands is kept."""

    def __init__(self, wire: TcpWire, peer: Address) -> None:
        self._wire = wire
        self._peer = peer
        self._stream: Stream | None = None
        self._waiting: list[bytes] = []
        self._buffer = b""

    def attach(self, stream: Stream) -> None:
        self._stream = stream
        for data in self._waiting:
            stream.write(data)
        self._waiting.clear()

    def write(self, data: bytes) -> None:
        if self._stream is None:
            self._waiting.append(data)
        else:
            self._stream.write(data)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def received(self, data: bytes) -> None:
        self._buffer = (self._buffer + data).lstrip(b"\r\n")  # keep-alives stand between messages
        while (head := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = _CONTENT_LENGTH.search(self._buffer, 0, head + 2)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < end:
                return
            message, self._buffer = self._buffer[:end], self._buffer[end:].lstrip(b"\r\n")
            self._wire.deliver(message, self)

    def ended(self) -> None:
        self._wire.drop(self._peer)


def make_wire(transport: TransportName, network: Network, host: str, on_message: OnMessage) -> Wire:
    """The wire for a transport's name."""
    if transport == "udp":
        return UdpWire(network, host, on_message)
    return TcpWire(network, host, on_message)
