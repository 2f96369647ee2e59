"""The far end of a WebSocket that a node dials, without a network: an agent's, or a text application's."""

import asyncio
from typing import Protocol


class Listener(Protocol):
    """The node's end."""

    def received(self, data: bytes, *, is_text: bool) -> None: ...

    def closed(self, complaint: str | None) -> None:
        """None: by a close handshake."""


class FarSocket:
    """One WebSocket, from the upgrade to the end."""

    def __init__(self, url: str, headers: tuple[tuple[str, str], ...], listener: Listener) -> None:
        self.url = url
        self.headers = {name.lower(): value for name, value in headers}
        self.closed_with: int | None = None
        """The node's close code; None while it is open, or when we closed it."""
        self.is_congested = False
        """Set it, and we read too slowly."""
        self.is_open = True
        self._listener = listener
        self._loop = asyncio.get_running_loop()

    def close(self, code: int = 1000) -> None:
        """The node's side (AgentSocket)."""
        if self.is_open:
            self.closed_with = code
            self._end(None)

    def throw(self, data: bytes, *, is_text: bool = True) -> None:
        """Any bytes."""
        self._loop.call_soon(lambda: self._listener.received(data, is_text=is_text))

    def hang_up(self) -> None:
        """Close the WebSocket properly."""
        self._end(None)

    def break_off(self) -> None:
        """Be gone without a close handshake."""
        self._end("The WebSocket broke off")

    def _end(self, complaint: str | None) -> None:
        if self.is_open:
            self.is_open = False
            self._loop.call_soon(self._listener.closed, complaint)
