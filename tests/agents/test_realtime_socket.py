"""The WebSocket to the service, against servers that end it in every way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from mixminus.agents.io.realtime_socket import ServiceSocket
from mixminus.agents.realtime.link import Broken

pytestmark = [pytest.mark.network, pytest.mark.timeout(30)]

Serve = Callable[[web.WebSocketResponse], Awaitable[object]]


@asynccontextmanager
async def server(serve: Serve, status: int = 101) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.StreamResponse:
        if status != 101:
            return web.Response(status=status, headers={"Location": "/elsewhere"})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await serve(socket)
        return socket

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


class Ends:
    def __init__(self) -> None:
        self.told: list[bytes] = []
        self.broke: list[Broken] = []
        self.socket = ServiceSocket(self.told.append, self.broke.append)

    async def after(self, url: str) -> Broken:
        await self.socket.open(url, [("Authorization", "Bearer sk-secret")])
        async with asyncio.timeout(5):
            while not self.broke:  # noqa: ASYNC110  nobody could set an event
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        [broken] = self.broke  # once
        assert "sk-secret" not in broken.why
        return broken


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4000, 4999])
async def test_a_close_is_told_with_its_code(code: int) -> None:
    async with server(lambda socket: socket.close(code=code, message=b"Your session hit the maximum")) as url:
        broken = await Ends().after(url)
    assert str(code) in broken.why
    assert "maximum" in broken.why
    assert not broken.for_good


async def test_a_line_that_breaks_is_told() -> None:
    async def cut(socket: web.WebSocketResponse) -> None:
        assert socket._writer is not None
        socket._writer.transport.abort()

    async with server(cut) as url:
        assert "broke off" in (await Ends().after(url)).why


@pytest.mark.parametrize(("status", "for_good"), [(401, True), (403, True), (404, True), (429, False), (503, False)])
async def test_an_upgrade_that_is_refused_is_told_with_its_status(status: int, for_good: bool) -> None:
    async with server(lambda socket: socket.close(), status) as url:
        broken = await Ends().after(url)
    assert broken == Broken(f"the upgrade was answered with {status}", for_good)


async def test_a_redirect_is_not_followed_with_the_key() -> None:
    async with server(lambda socket: socket.close(), 302) as url:
        assert "302" in (await Ends().after(url)).why


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1/", "ws://nowhere.invalid/"])
async def test_who_cannot_be_reached_may_be_tried_again(url: str) -> None:
    assert not (await Ends().after(url)).for_good


async def test_messages_in_pieces_are_one_and_a_socket_that_we_closed_tells_nothing() -> None:
    large = "x" * 200_000

    async def talk(socket: web.WebSocketResponse) -> None:
        await socket.send_str(large)
        await socket.receive()

    ends = Ends()
    async with server(talk) as url:
        await ends.socket.open(url, [])
        async with asyncio.timeout(5):
            while not ends.told:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        ends.socket.close()
        await asyncio.sleep(0.1)
    assert ends.told == [large.encode()]
    assert ends.broke == []
