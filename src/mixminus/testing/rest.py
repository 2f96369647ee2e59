"""The official Twilio SDK against a node in this process: no sockets, so it also works in virtual time."""

import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


class AsgiHttpClient(AsyncHttpClient):  # type: ignore[misc]
    """Implements the SDK's transport: every host leads to one ASGI application."""

    def __init__(self, app: AsgiApp) -> None:
        super().__init__(logging.getLogger("twilio"), True)
        self._app = app

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        exchange = _Exchange(method, url, params or {}, data or {}, headers or {}, auth)
        await self._app(exchange.scope(), exchange.receive, exchange.send)
        return Response(exchange.status, exchange.body.decode(), exchange.headers)


class _Exchange:
    """One request as an ASGI server would give it, and the answer as it comes."""

    def __init__(
        self,
        method: str,
        url: str,
        params: Mapping[str, object],
        data: Mapping[str, object],
        headers: Mapping[str, str],
        auth: tuple[str, str] | None,
    ) -> None:
        self._method = method.upper()
        self._url = urlsplit(url)
        self._query = "&".join(part for part in (self._url.query, urlencode(params, doseq=True)) if part)
        self._form = urlencode(data, doseq=True).encode()
        self._given = dict(headers) | _authorization(auth)
        self.status = 500
        self.headers: dict[str, str] = {}
        self.body = b""

    def scope(self) -> Message:
        headers = {name.lower(): value for name, value in self._given.items()}
        headers |= {"host": self._url.netloc, "content-length": str(len(self._form))}
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._method,
            "scheme": self._url.scheme,
            "path": unquote(self._url.path),
            "raw_path": self._url.path.encode(),
            "query_string": self._query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "server": (self._url.hostname, self._url.port or 443),
            "client": ("127.0.0.1", 1),
        }

    async def receive(self) -> Message:
        return {"type": "http.request", "body": self._form, "more_body": False}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")


def sdk_for(app: AsgiApp, account_sid: str, auth_token: str) -> Client:
    """The SDK's client: use the `…_async` methods."""
    return Client(account_sid, auth_token, http_client=AsgiHttpClient(app))


def _authorization(auth: tuple[str, str] | None) -> dict[str, str]:

    return {} if auth is None else {"authorization": "Basic " + b64encode(":".join(auth).encode()).decode()}
