"""SIP over a WebSocket (RFC 7118), server side: one message of the WebSocket is one of SIP."""

from typing import Any, Final

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from mixminus.sip.messages.message import MAX_MESSAGE_BYTES, MalformedMessage

SUBPROTOCOL: Final = "sip"
"""RFC 7118 4.1: who does not ask for it does not mean us."""
PIECE_COST: Final = 16
"""What a fragment costs beside its bytes: there may be empty ones without end."""
ROOM: Final = MAX_MESSAGE_BYTES + 256 * PIECE_COST


class WebSocketFramer:
    """A `Framer`. The upgrade comes first; nothing can be sent before it is done."""

    def __init__(self) -> None:
        self._socket = WSConnection(ConnectionType.SERVER)
        self._owed = bytearray()
        self._parts: list[bytes] = []
        self._room = ROOM
        self._is_open = False
        self.is_over = False
        self.pongs = 0

    @property
    def has_part(self) -> bool:
        return not self._is_open or bool(self._parts)

    def feed(self, data: bytes) -> list[bytes]:
        frames: list[bytes] = []
        try:
            self._socket.receive_data(data)
            for event in self._socket.events():
                if (frame := self._taken(event)) is not None:
                    frames.append(frame)
        except RemoteProtocolError as error:
            hint = error.event_hint
            if isinstance(hint, RejectConnection):
                self._owed += self._socket.send(hint)
            raise MalformedMessage("not a WebSocket that can be followed") from error
        return frames

    def owed(self) -> bytes:
        owed, self._owed = bytes(self._owed), bytearray()
        return owed

    def framed(self, message: bytes) -> bytes:
        """As text where it is some: bodies may be anything (RFC 7118 4.2)."""
        if not self._is_open:
            return b""
        try:
            return self._sent(TextMessage(data=message.decode()))
        except UnicodeDecodeError:
            return self._sent(BytesMessage(data=message))

    def ping(self) -> bytes:
        return self._sent(Ping()) if self._is_open else b""

    # --- inside ---------------------------------------------------------------------------------------------------

    def _taken(self, event: Event) -> bytes | None:
        match event:
            case Request():
                self._upgrade(event)
            case Ping():
                self._owed += self._socket.send(event.response())
            case Pong():
                self.pongs += 1
            case CloseConnection():
                self._owed += self._sent(event.response())
                self._is_open, self.is_over = False, True
            case Message():
                return self._gathered(event)
        return None

    def _upgrade(self, request: Request) -> None:
        if SUBPROTOCOL not in (name.lower() for name in request.subprotocols):
            self._owed += self._socket.send(RejectConnection(status_code=400))
            raise MalformedMessage("a WebSocket for something else")
        self._owed += self._socket.send(AcceptConnection(subprotocol=SUBPROTOCOL))
        self._is_open = True

    def _gathered(self, piece: Message[Any]) -> bytes | None:
        data = piece.data.encode() if isinstance(piece.data, str) else bytes(piece.data)
        self._parts.append(data)
        self._room -= len(data) + PIECE_COST
        if self._room < 0:
            raise MalformedMessage("message too large")
        if not piece.message_finished:
            return None
        whole, self._parts, self._room = b"".join(self._parts), [], ROOM
        return whole

    def _sent(self, event: Event) -> bytes:
        """Nothing, once the far end has closed."""
        try:
            return self._socket.send(event)
        except LocalProtocolError:
            return b""
