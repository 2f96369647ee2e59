"""The customer's side of the webhooks: serves TwiML, and keeps what it was sent.

A bare ASGI application: call it in memory, or give it to uvicorn for a real port.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

Pairs = tuple[tuple[str, str], ...]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

EMPTY_TWIML: Final = "<Response/>"
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One request as it arrived."""

    method: str
    path: str
    query: Pairs
    body: bytes
    headers: Pairs
    """Names in lower case."""
    arrived_at: float
    """Seconds of the event loop's clock."""

    @property
    def form(self) -> Pairs:
        """The parameters in order, repeats and blanks kept: of the body, or of the query for a GET."""
        if self.method == "GET":
            return self.query
        return tuple(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def __getitem__(self, name: str) -> str:
        """The first value of a parameter. Raises `KeyError`."""
        for key, value in self.form:
            if key == name:
                return value
        raise KeyError(name)

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    @property
    def signature(self) -> str | None:
        """`X-Twilio-Signature`, as sent."""
        return self.header("x-twilio-signature")

    def matches(self, wanted: dict[str, str]) -> bool:
        """Tell whether every wanted parameter is there with that value."""
        form = self.form
        return all(pair in form for pair in wanted.items())


Answer = str | bytes | Callable[[WebhookRequest], str | Awaitable[str]]
"""TwiML, a file, or who makes TwiML from the request."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent back for a path."""

    answer: Answer = EMPTY_TWIML
    status: int = 200
    headers: Pairs = (("content-type", "text/xml"),)
    delay_s: float = 0.0
    padding_bytes: int = 0
    """White space sent after the document."""


@dataclass(slots=True)
class WebhookApp:
    """Answers empty TwiML until told otherwise; 200 for every path."""

    requests: list[WebhookRequest] = field(default_factory=list)
    """Everything that arrived, in order."""
    _replies: dict[str, Reply] = field(default_factory=dict)
    _taken: set[int] = field(default_factory=set)
    _arrived: asyncio.Event | None = None

    # --- what to answer ----------------------------------------------------------------------------------------

    def answers(self, path: str, twiml: Answer, *, content_type: str = "text/xml", headers: Pairs = ()) -> None:
        """Serve TwiML at *path*, fixed or made by a function or coroutine function from the request."""
        self._replies[path] = Reply(twiml, headers=(("content-type", content_type), *headers))

    def serves(self, path: str, content: bytes, content_type: str = "audio/wav") -> None:
        """Serve a file at *path*."""
        self._replies[path] = Reply(content, headers=(("content-type", content_type),))

    def fails(self, path: str, status: int = 500) -> None:
        """Answer with an error."""
        self._replies[path] = Reply("out of order", status, (("content-type", "text/plain"),))

    def stalls(self, path: str, delay_s: float, twiml: Answer = EMPTY_TWIML) -> None:
        """Answer, but only after *delay_s*."""
        self._replies[path] = Reply(twiml, delay_s=delay_s)

    def redirects(self, path: str, to: str, status: int = 302) -> None:
        """Send the client elsewhere."""
        self._replies[path] = Reply("", status, (("location", to),))

    def overflows(self, path: str, size_bytes: int) -> None:
        """Answer with a valid document and so many bytes of white space."""
        self._replies[path] = Reply(padding_bytes=size_bytes)

    # --- what was sent -----------------------------------------------------------------------------------------

    async def wait_for(self, path: str, *, within_s: float | None = None, **form: str) -> WebhookRequest:
        """Return the first request to *path* with these parameters, also one that is already here.

        Every request is returned once, so waiting twice waits for two. Raises `TimeoutError`.
        """
        async with asyncio.timeout(within_s):
            while True:
                for number, request in enumerate(self.requests):
                    if number not in self._taken and request.path == path and request.matches(form):
                        self._taken.add(number)
                        return request
                await self._next_arrival()

    def received(self, path: str, **form: str) -> list[WebhookRequest]:
        """Every request to *path* with these parameters so far; takes nothing away from `wait_for`."""
        return [request for request in self.requests if request.path == path and request.matches(form)]

    async def _next_arrival(self) -> None:
        if self._arrived is None or self._arrived.is_set():
            self._arrived = asyncio.Event()
        await self._arrived.wait()

    # --- ASGI --------------------------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _serve_lifespan(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = WebhookRequest(
            method=scope["method"],
            path=scope["path"],
            query=tuple(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
            body=await _body(receive),
            headers=tuple(
                (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]
            ),
            arrived_at=asyncio.get_running_loop().time(),
        )
        self.requests.append(request)
        if self._arrived is not None:
            self._arrived.set()
        reply = self._replies.get(request.path, Reply())
        if reply.delay_s > 0:
            await asyncio.sleep(reply.delay_s)
        document = await _document(reply.answer, request)
        with contextlib.suppress(OSError):  # the client may be gone by now: its right
            await _send_reply(send, reply, document)


async def _document(answer: Answer, request: WebhookRequest) -> bytes:
    if isinstance(answer, bytes):
        return answer
    made = answer if isinstance(answer, str) else answer(request)
    return (made if isinstance(made, str) else await made).encode()


async def _send_reply(send: Send, reply: Reply, document: bytes) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers]
    headers.append((b"content-length", str(len(document) + reply.padding_bytes).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    for chunk in (document, *_padding(reply.padding_bytes)):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _padding(size_bytes: int) -> Iterable[bytes]:
    for start in range(0, size_bytes, _CHUNK):
        yield b" " * min(_CHUNK, size_bytes - start)


async def _body(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _serve_lifespan(receive: Receive, send: Send) -> None:
    for phase in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{phase}.complete"})
