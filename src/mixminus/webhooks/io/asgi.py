"""`Fetch` into an ASGI application in this process: no sockets, so it also works in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote, urlsplit

from mixminus.webhooks.contract import HttpAnswer, HttpFailure, HttpRequest
from mixminus.webhooks.policy import body_is_wanted, shown, too_large

Message = MutableMapping[str, Any]
AsgiApp = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]
"""ASGI 3.0."""


class AsgiFetch:
    """Implements `Fetch`. *apps* by host, with the port where the URL has one; other hosts do not resolve (11210)."""

    def __init__(self, apps: Mapping[str, AsgiApp]) -> None:
        self._apps = dict(apps)

    async def __call__(self, request: HttpRequest) -> HttpAnswer:
        """One exchange. Raises `HttpFailure`; an application that raises has answered 500, as servers do."""
        host = urlsplit(request.url).netloc
        app = self._apps.get(host)
        if app is None:
            raise HttpFailure(11210, "ct", f"{shown(request.url)}: the host name does not resolve")
        exchange = _Exchange(request)
        limit = asyncio.timeout(request.limits.total_ms / 1000)
        try:
            async with limit:
                await app(exchange.scope(), exchange.receive, exchange.send)
        except Exception as error:
            if limit.expired():
                raise HttpFailure(11200, "rt", f"{shown(request.url)}: no complete answer in time") from error
            return HttpAnswer(500, (("content-type", "text/plain"),), repr(error).encode(), request.url)
        return exchange.answer()


class _Exchange:
    """A request as an ASGI server would give it, and the answer as it collects it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._asked = False
        self._complete = asyncio.Event()
        self._status: int | None = None
        self._headers: tuple[tuple[str, str], ...] = ()
        self._body = bytearray()

    def scope(self) -> Message:
        """The connection scope (ASGI HTTP, "HTTP Connection Scope")."""
        parts = urlsplit(self._request.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        own = (("host", parts.netloc), ("content-length", str(len(self._request.body))))
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in (*own, *self._request.headers)
        ]
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self._request.method,
            "scheme": parts.scheme,
            "path": unquote(parts.path),
            "raw_path": parts.path.encode("ascii"),
            "query_string": parts.query.encode("ascii"),
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 0),
            "server": (parts.hostname, port),
        }

    async def receive(self) -> Message:
        """The whole body at once; then nothing until the answer is complete and the client leaves."""
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        await self._complete.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            pairs = message.get("headers", ())
            self._headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in pairs)
        elif message["type"] == "http.response.body":
            if len(self._body) <= self._request.max_body_bytes:
                self._body += message.get("body", b"")
            if not message.get("more_body", False):
                self._complete.set()

    def answer(self) -> HttpAnswer:
        """What was sent. Raises `HttpFailure` 11206 if that is no complete answer, 11750 if it is too large."""
        url = self._request.url
        if self._status is None or not self._complete.is_set():
            raise HttpFailure(11206, "rt", f"{shown(url)}: the application ended without a complete answer")
        answer = HttpAnswer(self._status, self._headers, bytes(self._body), url)
        if not body_is_wanted(self._request, answer.header("content-type")):
            return HttpAnswer(self._status, self._headers, b"", url)
        if len(answer.body) > self._request.max_body_bytes:
            raise too_large(self._request)
        return answer
