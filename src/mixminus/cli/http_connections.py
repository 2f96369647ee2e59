"""Which HTTP connections may stay: one that asks nothing holds no place that others need."""

import asyncio
import resource
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_CONNECTIONS: Final = 1024
REQUEST_S: Final = 20.0
"""From the connection, or a request's first byte, to the request's last."""
MAX_HEAD_BYTES: Final = 64 << 10
"""Of a request's line and headers, and of what follows its last chunk. The parser keeps them, and copies what it has
of an unfinished one with every packet."""
TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
"""RFC 6585 5."""


class Places:
    """At most *most* connections. When all places are taken, the one that rested longest makes room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._end_of: dict[object, Callable[[], None]] = {}
        self._resting: dict[object, None] = {}
        """Those whom we owe no answer, the longest first."""
        self.given_up = 0
        """Ended to make room, or not let in."""

    def __len__(self) -> int:
        return len(self._end_of)

    def take(self, who: object, end: Callable[[], None]) -> None:
        """A new connection. It rests until it has asked something; *end* is called if it has to go."""
        if len(self._end_of) >= self._most:
            self.given_up += 1
            longest = next(iter(self._resting), None)
            if longest is None:
                end()
                return
            end_longest = self._end_of[longest]
            self.leave(longest)
            end_longest()
        self._end_of[who] = end
        self._resting[who] = None

    def works(self, who: object) -> None:
        """It asked something: it stays until it has its answer."""
        self._resting.pop(who, None)

    def rests(self, who: object) -> None:
        """It has its answer."""
        if who in self._end_of:
            self._resting.pop(who, None)
            self._resting[who] = None

    def leave(self, who: object) -> None:
        self._end_of.pop(who, None)
        self._resting.pop(who, None)


class PatientHttp(HttpToolsProtocol):
    """A connection that is ended when a request does not become whole, in time or in size.

    Uvicorn only knows a time between requests, and httptools no size of a head.
    """

    def __init__(self, places: Places, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._places = places
        self._asking: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        """Received since a request began, or a piece of its body came."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin()
        self._places.take(self, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._asked()
        self._places.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._begin()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._head_bytes = 0

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._head_bytes = 0

    def on_message_complete(self) -> None:
        self._asked()
        self._head_bytes = 0
        if self.cycle is not None and not self.cycle.response_complete:
            self._places.works(self)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:  # else another request waits already
            self._places.rests(self)

    def handle_websocket_upgrade(self) -> None:
        """From here on it is another protocol's, with pings of its own."""
        self._asked()
        self._places.leave(self)
        super().handle_websocket_upgrade()

    def _begin(self) -> None:
        if self._asking is None:
            self._asking = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _asked(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None


def most_connections() -> int:
    """A quarter of the files that may be open: SIP may take half; webhooks, streams and the database need some."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, soft // 4)
