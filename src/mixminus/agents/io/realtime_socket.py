"""The WebSocket to OpenAI Realtime.

picows, as for Media Streams (docs/decisions/0009-streams-are-played-by-the-engine.md): `send` returns at once:
fifty messages a second and call need no task and no queue.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from picows import WSCloseCode, WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from mixminus.agents.description import BadAgent, Dialect, Realtime
from mixminus.agents.realtime.link import Broken

CONNECT_WITHIN_S: Final = 6.0
PING_EVERY_S: Final = 10.0
PONG_WITHIN_S: Final = 10.0
CLOSE_WITHIN_S: Final = 1.0
MOST_BYTES: Final = 32 << 20
"""Of one message; the service's own limit for what it takes is 15 MiB of audio."""
CONGESTED_BYTES: Final = 1 << 20
"""Unsent: a minute of a caller's audio. Who takes nothing for so long is away."""

NOT_FOR_US: Final = frozenset({400, 401, 403, 404})
"""Answers to the upgrade that will be the same the next time."""

SILENT: Final = logging.Logger("picows", logging.CRITICAL + 1)
"""It would write down addresses and frames; what goes wrong is told by `broke`."""


def address(service: Realtime) -> str:
    """The URL with the model in its query, unless it names one, or is Azure's and names a deployment."""
    parts = urlsplit(service.url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if not {"model", "deployment"} & {name for name, _ in query}:
        query.append(("model", service.model))
    return urlunsplit(parts._replace(query=urlencode(query)))


def headers(service: Realtime, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """With the key of the environment. Raises `BadAgent` without one."""
    key = environment.get(service.key_env)
    if not key:
        raise BadAgent(f"{service.model} needs a key in the environment variable {service.key_env}")
    beta = [("OpenAI-Beta", "realtime=v1")] if service.events is Dialect.BETA else []
    return [("Authorization", f"Bearer {key}"), *beta]


class ServiceSocket(WSListener):
    """One WebSocket. `told` gets its messages, `broke` is called once, unless it was closed by us."""

    def __init__(self, told: Callable[[bytes], None], broke: Callable[[Broken], None]) -> None:
        self._told = told
        self._broke = broke
        self._transport: WSTransport | None = None
        self._pieces: list[bytes] = []
        self._is_over = False

    async def open(self, url: str, extra_headers: list[tuple[str, str]]) -> None:
        """Connect; what goes wrong is told as `broke`."""
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                await ws_connect(
                    lambda: self,
                    url,
                    extra_headers=extra_headers,
                    websocket_handshake_timeout=CONNECT_WITHIN_S,
                    logger_name=SILENT,
                    enable_auto_ping=True,
                    auto_ping_idle_timeout=PING_EVERY_S,
                    auto_ping_reply_timeout=PONG_WITHIN_S,
                    max_frame_size=MOST_BYTES,
                    max_redirects=0,
                )
        except (WSError, OSError, ValueError) as error:  # a TimeoutError is an OSError
            self._end(_why(error))

    def send(self, message: bytes) -> None:
        if self._transport is None or self._is_over:
            return
        if self._transport.underlying_transport.get_write_buffer_size() > CONGESTED_BYTES:
            self._transport.disconnect(False)
            self._end(Broken("the service takes nothing"))
        else:
            self._transport.send(WSMsgType.TEXT, message)

    def close(self) -> None:
        """Done with it: nothing more is told."""
        self._is_over = True
        if self._transport is not None:
            self._transport.send_close(WSCloseCode.OK)
            asyncio.get_running_loop().call_later(CLOSE_WITHIN_S, self._transport.disconnect, False)

    # --- WSListener ---

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        if self._is_over:
            transport.disconnect(False)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if self._is_over:
            return
        if frame.msg_type is WSMsgType.CLOSE:
            code, reason = frame.get_close_code(), frame.get_close_message() or b""
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
            self._end(Broken(f"closed with {code}: {_text(reason)}"))
        elif frame.msg_type in (WSMsgType.TEXT, WSMsgType.CONTINUATION):
            self._pieces.append(frame.get_payload_as_bytes())
            if sum(map(len, self._pieces)) > MOST_BYTES:
                transport.disconnect(False)
                self._end(Broken("a message without an end"))
            elif frame.fin:
                message, self._pieces = b"".join(self._pieces), []
                self._told(message)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        self._end(Broken("the WebSocket broke off"))

    def _end(self, broken: Broken) -> None:
        if not self._is_over:
            self._is_over = True
            self._broke(broken)


def _why(error: Exception) -> Broken:
    """What the upgrade came to. The text of a refusal may hold what we had sent, so it is not told."""
    response = getattr(error, "response", None)
    if response is not None:
        status = int(response.status)
        return Broken(f"the upgrade was answered with {status}", status in NOT_FOR_US)
    if isinstance(error, TimeoutError):
        return Broken("no connection in time")
    return Broken(f"no connection: {type(error).__name__}", isinstance(error, ValueError))


def _text(reason: bytes | str) -> str:
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
    return text[:120]
