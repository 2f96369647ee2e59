"""One connection: bytes to messages and back."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

from mixminus.sip.connections.framing import Framer, StreamFramer
from mixminus.sip.connections.liveness import Liveness
from mixminus.sip.connections.websocket import WebSocketFramer
from mixminus.sip.contract import Address, Listener
from mixminus.sip.messages.message import MalformedMessage

MAX_UNSENT_BYTES: Final = 1 << 20
"""A peer that stops reading loses its connection instead of our memory."""


class Keeper(Protocol):
    """Whoever has the table of connections."""

    listener: Listener

    def made(self, connection: "StreamConnection") -> None: ...

    def received(self, connection: "StreamConnection", message: bytes) -> None: ...

    def proven(self, connection: "StreamConnection") -> None: ...

    def gone(self, connection: "StreamConnection", reason: str) -> None: ...


class StreamConnection(asyncio.Protocol):
    """`came_in`, or we opened it. `reason` is why we ended it, if we did."""

    def __init__(self, keeper: Keeper, now: Callable[[], float], *, came_in: bool, keepalive_s: float) -> None:
        transport = keeper.listener.transport
        self._keeper = keeper
        self._now = now
        self._framer: Framer = WebSocketFramer() if transport.is_websocket else StreamFramer()
        self._reason = ""
        self._transport: asyncio.Transport | None = None
        self.came_in = came_in
        self.was_made = False
        self.known_as: set[str] = set()
        """Names that its certificate was found to be for."""
        self.peer: Address
        # Who connected pings (RFC 5626 3.5.1); in a WebSocket either may, and must be answered (RFC 6455 5.5.2).
        pings = transport.is_websocket or not came_in
        self.liveness = Liveness(
            now(),
            proven=not came_in,
            keepalive_s=keepalive_s if pings else 0.0,
            must_pong=transport.is_websocket,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        place = transport.get_extra_info("peername")
        if place is None:  # gone already
            self._transport.abort()
            return
        self.peer = Address(self._keeper.listener.transport, place[0], place[1], self._keeper.listener)
        self.was_made = True
        self._keeper.made(self)

    def data_received(self, data: bytes) -> None:
        was_proven, messages = self.liveness.is_proven, []
        try:
            messages = self._framer.feed(data)
        except MalformedMessage:
            self._reason = self._reason or "malformed"
        self._write(self._framer.owed())
        framer = self._framer
        self.liveness.heard(self._now(), whole=bool(messages), has_part=framer.has_part, pongs=framer.pongs)
        if self.liveness.is_proven and not was_proven:
            self._keeper.proven(self)
        for message in messages:
            self._keeper.received(self, message)
        if self._transport is not None and (self._reason or framer.is_over):
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self.was_made:
            self._keeper.gone(self, self._reason)

    @property
    def is_up(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def proof(self) -> Any:
        """What `ssl` knows of the far end; None in the clear."""
        return self._transport.get_extra_info("ssl_object") if self._transport is not None else None

    def write(self, message: bytes) -> None:
        self._write(self._framer.framed(message))

    def ping(self) -> None:
        self._write(self._framer.ping())

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self, reason: str = "") -> None:
        """End it at once."""
        self._reason = self._reason or reason
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is None or not self.is_up or not data:
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self.abort("deaf")
