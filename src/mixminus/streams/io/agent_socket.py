"""Media Streams over real WebSockets.

picows, because its `send` returns at once: a frame goes out from within the tick's own callback, and nobody needs a
task and a queue for each agent (docs/decisions/0009-streams-are-played-by-the-engine.md).
"""

import asyncio
import errno
import logging
import ssl
from collections.abc import Callable
from typing import Final

from picows import WSCloseCode, WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from mixminus.streams.contract import NORMAL_CLOSURE, AgentListener, AgentSocket, Fault, StreamError, Upgrade
from mixminus.streams.faults import (
    BROKEN_PIPE,
    CONNECT_FAILED,
    CONNECT_REFUSED,
    CONNECT_TIMED_OUT,
    NOT_UPGRADED,
    TLS_FAILED,
    UNREACHABLE,
    WEBSOCKET_PROTOCOL,
)
from mixminus.streams.reading import MAX_MESSAGE_BYTES

CONNECT_TIMEOUT_S: Final = 10.0
"""From the name's look-up to the answer to the upgrade; a document's URL has as long (1.3)."""
UPGRADE_TIMEOUT_S: Final = 5.0
"""Of these, for the answer to the upgrade."""

PING_EVERY_S: Final = 20.0
PONG_WITHIN_S: Final = 20.0
"""Twilio documents no ping, and agents complained that a dead peer went unnoticed (10.2, 28)."""

CLOSE_WITHIN_S: Final = 2.0
"""For the agent's half of the close handshake."""

CONGESTED_BYTES: Final = 64 * 1024
"""Unsent: about 4 s of one track. From here on frames are left out."""
DEAF_BYTES: Final = 4 << 20
"""Unsent, although frames are left out: an agent that asks for answers and does not read them."""

SILENT: Final = logging.Logger("picows", logging.CRITICAL + 1)
"""What goes wrong is told as a fault, once."""

TEXT: Final = WSMsgType.TEXT
"""Looked up once, and not 50 times a second and stream."""

CLOSE_CODES: Final = {code.value: code for code in WSCloseCode}


class AgentConnection(WSListener):
    """One WebSocket: an `AgentSocket`, and where its frames arrive."""

    def __init__(self, listener: AgentListener) -> None:
        self._listener = listener
        self._transport: WSTransport | None = None
        self._unsent: Callable[[], int] = _nothing
        """How many bytes wait for the agent to read."""
        self._pieces: list[bytes] = []
        """Of a message that comes in fragments."""
        self._pieces_are_text = True
        self._fault: Fault | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._is_over = False

    # --- AgentSocket ----------------------------------------------------------------------------------------------

    @property
    def is_congested(self) -> bool:
        return self._unsent() > CONGESTED_BYTES

    def send(self, message: bytes) -> None:
        transport = self._transport
        if transport is None or self._is_over or self._closing is not None:
            return
        if self._unsent() > DEAF_BYTES:
            self._fail(BROKEN_PIPE, "The agent does not read what it is sent")
        else:
            transport.send(TEXT, message)

    def close(self, code: int = NORMAL_CLOSURE) -> None:
        if self._transport is not None and not self._is_ending:
            self._transport.send_close(CLOSE_CODES.get(code, WSCloseCode.OK))
            self._disconnect_soon(self._transport)

    # --- the owner ------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """The upgrade was answered, and the WebSocket is not gone already."""
        return self._transport is not None

    def abandon(self) -> None:
        """Nobody waits for it any more: it is ended as soon as it is open."""
        self._is_over = True
        if self._transport is not None:
            self._transport.disconnect(False)

    # --- WSListener -----------------------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._unsent = transport.underlying_transport.get_write_buffer_size
        if self._is_over:
            transport.disconnect(False)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if self._is_over:
            return
        if kind is TEXT and frame.fin and not self._pieces:
            self._listener.received(frame.get_payload_as_bytes(), is_text=True)
        elif kind in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            self._gather(kind, frame.get_payload_as_bytes(), is_last=frame.fin)
        elif kind is WSMsgType.CLOSE:
            if not transport.is_close_frame_sent:
                transport.send_close(WSCloseCode.OK)
                self._disconnect_soon(transport)
            self._is_over = True
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self._closing is not None:
            self._closing.cancel()
        elif self._fault is None and not self._is_over:
            self._fault = _broken_off(transport)
        self._is_over = True
        self._listener.closed(self._fault)

    # --- inside ---------------------------------------------------------------------------------------------------

    @property
    def _is_ending(self) -> bool:
        return self._is_over or self._closing is not None

    def _disconnect_soon(self, transport: WSTransport) -> None:
        self._closing = asyncio.get_running_loop().call_later(CLOSE_WITHIN_S, transport.disconnect, False)

    def _gather(self, kind: WSMsgType, piece: bytes, *, is_last: bool) -> None:
        if (kind is WSMsgType.CONTINUATION) != bool(self._pieces):
            self._fail(WEBSOCKET_PROTOCOL, "The fragments of a message are out of order")
            return
        if kind is not WSMsgType.CONTINUATION:
            self._pieces_are_text = kind is WSMsgType.TEXT
        self._pieces.append(piece)
        if sum(map(len, self._pieces)) > MAX_MESSAGE_BYTES:
            self._fail(WEBSOCKET_PROTOCOL, f"A message is longer than {MAX_MESSAGE_BYTES} bytes")
        elif is_last:
            message, self._pieces = b"".join(self._pieces), []
            self._listener.received(message, is_text=self._pieces_are_text)

    def _fail(self, code: int, message: str) -> None:
        if self._transport is not None and not self._is_over:
            self._is_over, self._fault = True, Fault(code, message)
            self._transport.disconnect(False)


def _nothing() -> int:
    return 0


def _broken_off(transport: WSTransport) -> Fault:
    """Why a WebSocket ended that neither side had closed."""
    shaking = transport.close_handshake
    sent = shaking.sent if shaking is not None else None
    if sent is not None and sent.code in (WSCloseCode.PROTOCOL_ERROR, WSCloseCode.MESSAGE_TOO_BIG):
        return Fault(WEBSOCKET_PROTOCOL, f"The agent breaks the WebSocket protocol: {sent.reason[:120]}")
    return Fault(BROKEN_PIPE, "The WebSocket broke off without a close handshake")


async def dial_agent(upgrade: Upgrade, listener: AgentListener) -> AgentSocket:
    """Open a WebSocket (`contract.DialAgent`). Raises `StreamError`. Redirects are not followed: 31920."""
    connection = AgentConnection(listener)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await ws_connect(
                lambda request, response: connection,
                upgrade.url,
                extra_headers=list(upgrade.headers),
                websocket_handshake_timeout=UPGRADE_TIMEOUT_S,
                logger_name=SILENT,
                enable_auto_ping=True,
                auto_ping_idle_timeout=PING_EVERY_S,
                auto_ping_reply_timeout=PONG_WITHIN_S,
                max_frame_size=MAX_MESSAGE_BYTES,
                max_redirects=0,
            )
    except (WSError, OSError, ValueError) as error:  # a TimeoutError is an OSError
        connection.abandon()
        raise _stream_error(error) from error
    except asyncio.CancelledError:
        connection.abandon()
        raise
    if not connection.is_open:
        raise StreamError(NOT_UPGRADED, "The agent hung up instead of answering the upgrade")
    return connection


def _stream_error(error: Exception) -> StreamError:
    match error:
        case WSError():
            return StreamError(NOT_UPGRADED, f"The agent did not accept the upgrade: {str(error)[:120]}")
        case ssl.SSLError():
            return StreamError(TLS_FAILED, f"The TLS handshake failed: {error.reason or error}")
        case TimeoutError():
            return StreamError(CONNECT_TIMED_OUT, "No WebSocket in time")
        case ConnectionRefusedError():
            return StreamError(CONNECT_REFUSED, "The connection was refused")
        case BrokenPipeError() | ConnectionResetError():
            return StreamError(BROKEN_PIPE, "The connection broke off during the upgrade")
        case OSError(errno=errno.EHOSTUNREACH | errno.ENETUNREACH):
            return StreamError(UNREACHABLE, "There is no way to the host")
        case OSError() if error.errno is not None and error.errno < 0:  # socket.gaierror
            return StreamError(UNREACHABLE, "The host name does not resolve")
        case _:
            return StreamError(CONNECT_FAILED, f"No connection: {str(error)[:120]}")
