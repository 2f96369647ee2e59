"""Strangers who connect to the HTTP port and ask nothing take nobody's place."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from mixminus.base.settings import Endpoint
from mixminus.cli import http_connections
from mixminus.cli.http_connections import Places
from mixminus.cli.http_server import HttpServer

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
MOST = 8
WHOLE = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body())


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[HttpServer, AsyncExitStack, Endpoint]]:
    server = HttpServer(Starlette(routes=[Route("/", echo, methods=["POST"])]), most=MOST)
    at = await server.start(Endpoint("127.0.0.1", 0))
    try:
        async with AsyncExitStack() as connections:
            yield server, connections, at
    finally:
        await server.stop()


async def connect(connections: AsyncExitStack, at: Endpoint, data: bytes = b"") -> Connection:
    reader, writer = await asyncio.open_connection(at.host, at.port)
    connections.callback(writer.close)
    writer.write(data)
    return reader, writer


async def answer(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        return await reader.readexactly(2)


@pytest.mark.network
@pytest.mark.parametrize("said", [b"", b"POST / HTT", WHOLE[:-1]])
async def test_whoever_asks_is_answered_beside_many_who_do_not(said: bytes) -> None:
    async with serving() as (server, connections, at):
        for _ in range(5 * MOST):
            await connect(connections, at, said)
        reader, _ = await connect(connections, at, WHOLE)
        assert await answer(reader) == b"hi"
        assert len(server.places) == MOST
        assert server.places.given_up == 5 * MOST + 1 - MOST


@pytest.mark.network
@pytest.mark.parametrize("said", [b"", b"POST / HTT", WHOLE[:-1], WHOLE + b"POST"])
async def test_a_request_that_does_not_become_whole_ends_its_connection(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connections, "REQUEST_S", 0.05)
    async with serving() as (server, connections, at):
        reader, _ = await connect(connections, at, said)
        async with asyncio.timeout(5):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                await reader.readexactly(1_000)
        assert len(server.places) == 0


@pytest.mark.network
@pytest.mark.parametrize(
    ("begun", "more"),
    [
        (b"POST /", b"x" * 4_096),
        (b"POST / HTTP/1.1\r\nX: ", b"x" * 4_096),
        (b"POST / HTTP/1.1\r\n", b"X: x\r\n" * 1_000),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: ", b"x" * 4_096),
    ],
)
async def test_a_head_that_does_not_end_ends_its_connection(begun: bytes, more: bytes) -> None:
    async with serving() as (server, connections, at):
        _, writer = await connect(connections, at, begun)
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionError):
                for _ in range(1_000):
                    writer.write(more)
                    await writer.drain()
                    await asyncio.sleep(0)
                pytest.fail("four megabytes were taken")
            while len(server.places):  # noqa: ASYNC110  nobody could set an event
                await asyncio.sleep(0.01)


@pytest.mark.network
async def test_a_long_body_is_no_head() -> None:
    async with serving() as (_, connections, at):
        body = b"x" * 3_000_000
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
        reader, _ = await connect(connections, at, head + body)
        async with asyncio.timeout(5):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(len(body)) == body


@pytest.mark.network
async def test_a_connection_that_asks_again_and_again_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "REQUEST_S", 0.05)
    async with serving() as (_, connections, at):
        reader, writer = await connect(connections, at)
        for _ in range(3):
            writer.write(WHOLE)
            assert await answer(reader) == b"hi"
            await asyncio.sleep(0.06)  # longer than a request may take: none is being made


def test_the_one_that_rested_longest_makes_room_and_nobody_who_waits_for_an_answer() -> None:
    ended: list[str] = []
    places = Places(3)
    for who in ("asking", "old", "new"):
        places.take(who, lambda who=who: ended.append(who))  # type: ignore[misc]
    places.works("asking")
    places.take("next", lambda: ended.append("next"))
    assert ended == ["old"]
    places.rests("asking")
    places.take("last", lambda: ended.append("last"))
    assert ended == ["old", "new"]
    for who in ("asking", "next", "last"):
        places.works(who)
    places.take("too many", lambda: ended.append("too many"))
    assert ended == ["old", "new", "too many"]
    assert (len(places), places.given_up) == (3, 3)
