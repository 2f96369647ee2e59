"""The network as phones see it: datagrams and streams between (host, port) addresses.

Two of them exist: `LoopbackNetwork` with real sockets, `MemoryNetwork` without any. Phones, and whoever joins them
in a test, are written against the three protocols here and cannot tell which one they are on.
"""

from collections.abc import Callable
from typing import Protocol

Address = tuple[str, int]

OnDatagram = Callable[[bytes, Address], None]
"""Called with the data and where it came from."""


class DatagramPort(Protocol):
    """An open UDP port."""

    @property
    def address(self) -> Address: ...

    def send(self, data: bytes, to: Address) -> None:
        """Send and forget; what cannot be delivered is lost, as on any network."""

    def close(self) -> None:
        """Stop receiving. Closing twice is fine."""


class Stream(Protocol):
    """One TCP connection."""

    @property
    def peer(self) -> Address: ...

    def write(self, data: bytes) -> None:
        """Queue bytes; after the end of the connection they are dropped."""

    def close(self) -> None: ...


class StreamUser(Protocol):
    """Whoever reads a stream."""

    def received(self, data: bytes) -> None: ...

    def ended(self) -> None:
        """The peer closed or the connection broke; called at most once, and not after our own `close`."""


OnConnection = Callable[[Stream], StreamUser]
"""Called for every accepted connection; returns who reads it."""


class Listener(Protocol):
    """An open TCP port."""

    @property
    def address(self) -> Address: ...

    def close(self) -> None: ...


class Network(Protocol):
    """Opens ports. Port 0 picks a free one. Raises `OSError` when an address is taken or nobody listens."""

    async def open_datagrams(self, at: Address, on_datagram: OnDatagram) -> DatagramPort: ...

    async def listen(self, at: Address, on_connection: OnConnection) -> Listener: ...

    async def connect(self, to: Address, user: StreamUser) -> Stream: ...
