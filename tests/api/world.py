"""Requests into the API without a socket: by hand, or through the official SDK."""

import asyncio
import base64
import contextlib
import json
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode, urlsplit

import requests
from starlette.types import ASGIApp
from tests.api.fake_node import START, TOKEN, FakeNode
from tests.api.oas import check_answer
from twilio.http import HttpClient
from twilio.http.response import Response as SdkResponse
from twilio.rest import Client

from mixminus.api.app import build_api
from mixminus.api.auth import Account, Accounts


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> Any:
        """Twilio's error code."""
        return self.json["code"]


def exchange(app: ASGIApp, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
    """One HTTP request, as a server would hand it to the application."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode(errors="surrogateescape"),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
    }
    sent: list[Any] = []

    received = False

    async def receive() -> Any:
        nonlocal received
        if received:
            await asyncio.Event().wait()  # the client stays connected
        received = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    start = sent[0]
    return Answer(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(message.get("body", b"") for message in sent[1:]),
    )


@dataclass
class Api:
    """The API of a fake node, and who asks it."""

    node: FakeNode
    app: ASGIApp
    accounts: Accounts
    host: str = "pbx.example.com:8443"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def account(self) -> str:
        return f"/2010-04-01/Accounts/{self.node.account_sid}"

    def as_user(self, user: str, password: str) -> "Api":
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        return self.with_headers(Authorization=f"Basic {credentials}")

    def with_headers(self, **headers: str) -> "Api":
        return replace(self, headers=self.headers | headers)

    @property
    def patient(self) -> "Api":
        """Takes the answer of a crash, where a server would also see the exception."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            with contextlib.suppress(RuntimeError):
                await self.app(scope, receive, send)

        return replace(self, app=app)

    def request(self, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        """*target* is a path of the account (`/Calls.json`), or begins at the root."""
        rooted = target.startswith(("/2010-04-01/", "/mixminus/", "/healthz", "/readyz", "/metrics"))
        path = target if rooted else self.account + target
        return exchange(self.app, method, path, {"Host": self.host} | self.headers | headers, body)

    def get(self, target: str, **query: str) -> Answer:
        return self.request("GET", target + (f"?{urlencode(query)}" if query else ""))

    def post(self, target: str, *pairs: tuple[str, str], **form: str) -> Answer:
        body = urlencode([*pairs, *form.items()]).encode()
        return self.request("POST", target, body, **{"Content-Type": "application/x-www-form-urlencoded"})

    def delete(self, target: str) -> Answer:
        return self.request("DELETE", target)

    @property
    def sdk(self) -> Client:
        """The official SDK. Each answer that it gets is held against Twilio's own schemas."""
        return Client(str(self.node.account_sid), TOKEN, http_client=InMemory(self))

    def sdk_as(self, user: str, password: str) -> Client:
        return Client(user, password, account_sid=str(self.node.account_sid), http_client=InMemory(self))


class InMemory(HttpClient):  # type: ignore[misc]
    """The SDK's transport: `requests` writes the bytes, as it does in production; nobody sends them."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def request(self, method: str, uri: str, params: Any = None, data: Any = None, **options: Any) -> SdkResponse:
        prepared = requests.Request(
            method.upper(), uri, params=params, data=data, headers=options.get("headers"), auth=options.get("auth")
        ).prepare()
        parts = urlsplit(str(prepared.url))
        assert parts.netloc == "api.twilio.com"
        body = prepared.body or b""
        assert isinstance(body, str | bytes)
        headers = {name: str(value) for name, value in prepared.headers.items()}
        answer = exchange(
            self._api.app,
            str(prepared.method),
            parts.path + (f"?{parts.query}" if parts.query else ""),
            {"Host": parts.netloc} | headers,
            body.encode() if isinstance(body, str) else body,
        )
        check_answer(str(prepared.method), parts.path, answer.status, answer.body)
        return SdkResponse(answer.status, answer.body.decode())


def make_api(node: FakeNode) -> Api:
    account = Account(node.account_sid, TOKEN, START, "The test account")
    accounts = Accounts(account, node.store, node.sids._random_bytes)
    return Api(node, build_api(node, accounts), accounts).as_user(node.account_sid, TOKEN)
