"""A Flask application and the official SDK inside a `World`: no sockets, virtual time.

Both are synchronous, the world is not: they run in threads, for which the world's clock stands still, and what they
ask is carried out by the world's loop, whose clock goes on meanwhile.
"""

import asyncio
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from flask import Flask
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from twilio.http import HttpClient
from twilio.http.response import Response as SdkResponse
from twilio.rest import Client

from mixminus.api.app import build_api
from mixminus.api.auth import Account, Accounts
from mixminus.testing.virtual_time import VirtualTimeLoop
from mixminus.testing.webhook_app import WebhookApp
from mixminus.testing.world import APP_HOST, World

APP_URL = f"http://{APP_HOST}"


class FlaskHost:
    """ASGI in front of Flask. Give it to a world before it opens, and the application when there is one."""

    def __init__(self) -> None:
        self.flask: Flask
        self.requests: list[tuple[str, int]] = []
        """Every path that was asked for, and the status of the answer."""

    def attach(self, world: World) -> None:
        world.app = cast(WebhookApp, self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive()).get("body", b"")
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
        query = scope["query_string"].decode()
        status, headers, answer = await self.ask(scope["method"], scope["path"], body, headers, query)
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": answer})

    async def ask(
        self, method: str, path: str, body: Any = b"", headers: Any = (), query: str = ""
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """One request to the application: its status, headers, body."""

        def exchange() -> tuple[int, list[tuple[str, str]], bytes]:
            answer = self.flask.test_client().open(
                path, base_url=APP_URL, method=method, data=body, headers=list(headers), query_string=query
            )
            return answer.status_code, list(answer.headers), answer.get_data()

        result = await asyncio.to_thread(exchange)
        self.requests.append((path, result[0]))
        return result


def sdk_in(world: World) -> Client:
    """The official SDK for an open world, to be used from threads."""
    account = Account(world.account_sid, world.auth_token, world.clock.utc(), "A world")
    api = build_api(world.exchange, Accounts(account, world.store, world.random.randbytes))
    return Client(world.account_sid, world.auth_token, http_client=_WorldHttp(api))


class _WorldHttp(HttpClient):  # type: ignore[misc]
    """The SDK's transport: `requests` writes the bytes, the world's loop carries them."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api
        self._loop = asyncio.get_running_loop()

    def request(self, method: str, uri: str, params: Any = None, data: Any = None, **options: Any) -> SdkResponse:
        prepared = requests.Request(
            method, uri, params=params, data=data, headers=options.get("headers"), auth=options.get("auth")
        ).prepare()
        future = asyncio.run_coroutine_threadsafe(self._exchange(prepared), self._loop)
        return future.result(timeout=10)

    async def _exchange(self, request: requests.PreparedRequest) -> SdkResponse:
        parts = urlsplit(str(request.url))
        body = request.body or b""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": parts.scheme,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), str(value).encode()) for name, value in request.headers.items()]
            + [(b"host", parts.netloc.encode())],
            "client": ("127.0.0.1", 1),
            "server": (parts.hostname, 443),
        }
        sent: list[Message] = []

        async def receive() -> Message:
            content = body if isinstance(body, bytes) else str(body).encode()
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        with cast(VirtualTimeLoop, self._loop).inside():
            await self._api(scope, receive, send)
        text = b"".join(message.get("body", b"") for message in sent[1:]).decode()
        return SdkResponse(sent[0]["status"], text)
