"""Messages out of a byte stream (RFC 3261 18.3): headers up to an empty line, then Content-Length bytes."""

import re
from typing import Final, Protocol

from mixminus.sip.messages.message import MAX_MESSAGE_BYTES, MalformedMessage

PING: Final = b"\r\n\r\n"
PONG: Final = b"\r\n"
"""Keep-alives of RFC 5626 4.4.1."""
_PINGS: Final = re.compile(rb"(?:\r\n\r\n)+")
"""Those that come together are one: whoever sends thousands gets one answer, and none of our time."""

_CONTENT_LENGTH = re.compile(
    rb"^(?:Content-Length|l)[ \t]*:[ \t]*([0-9]{1,10})[ \t]*\r$", re.IGNORECASE | re.MULTILINE
)


class Framer(Protocol):
    """How messages lie in the bytes of one connection."""

    pongs: int
    """Answers to pings of ours."""

    @property
    def has_part(self) -> bool:
        """Whether the beginning of a message, or of a handshake, waits for its end."""

    @property
    def is_over(self) -> bool:
        """Whether the far end said that nothing more comes."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what a connection brings; returns whole messages, and `PING` for a keep-alive.

        Raises `MalformedMessage` when the stream cannot be followed any more: close the connection then.
        """

    def owed(self) -> bytes:
        """What the framing itself has to say, once: the answer to a handshake, a pong."""

    def framed(self, message: bytes) -> bytes:
        """A message as it goes out."""

    def ping(self) -> bytes:
        """Asks whether the far end lives."""


class StreamFramer:
    """TCP and TLS."""

    is_over = False

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._pinged = False
        self.pongs = 0

    @property
    def has_part(self) -> bool:
        return not PING.startswith(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        self._buffer += data
        frames = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def owed(self) -> bytes:
        return b""

    def framed(self, message: bytes) -> bytes:
        return message

    def ping(self) -> bytes:
        self._pinged = True
        return PING

    def _next(self) -> bytes | None:
        if self._pinged and self._buffer.startswith(PONG):
            # Whoever connected pings and the other side pongs: two pongs are no ping (RFC 5626 3.5.1).
            self._take(len(PONG))
            self._pinged = False
            self.pongs += 1
        if (pings := _PINGS.match(self._buffer)) is not None:
            del self._buffer[: pings.end()]
            return PING
        if PING.startswith(self._buffer):
            return None  # nothing, or the beginning of a keep-alive
        if self._buffer.startswith(PONG):
            del self._buffer[:2]  # a pong, or an empty line before a message (7.5)
        if self._buffer[:1] == b"\r":
            raise MalformedMessage("neither a message nor a keep-alive")
        end = self._buffer.find(b"\r\n\r\n", 0, MAX_MESSAGE_BYTES)
        if end < 0:
            if len(self._buffer) >= MAX_MESSAGE_BYTES:
                raise MalformedMessage("headers without an end")
            return None
        head = bytes(self._buffer[: end + 2])
        lengths = set(_CONTENT_LENGTH.findall(head))
        if len(lengths) != 1:
            # Mandatory on a stream (20.14); two different ones would let one message hide in another.
            raise MalformedMessage("a message on a stream needs one Content-Length")
        size = end + 4 + int(lengths.pop())
        if size > MAX_MESSAGE_BYTES:
            raise MalformedMessage("message too large")
        return self._take(size) if len(self._buffer) >= size else None

    def _take(self, size: int) -> bytes:
        frame = bytes(self._buffer[:size])
        del self._buffer[:size]
        return frame
