"""The WebSocket client against aiohttp's server, on loopback."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import WSMsgType, web

from mixminus.streams.contract import AgentSocket, Fault, StreamError, Upgrade
from mixminus.streams.faults import BROKEN_PIPE
from mixminus.streams.io import agent_socket
from mixminus.streams.io.agent_socket import dial_agent

pytestmark = pytest.mark.network

Handler = Callable[[web.WebSocketResponse, web.Request], Awaitable[None]]


class Heard:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[bytes, bool]] = asyncio.Queue()
        self.end: asyncio.Future[Fault | None] = asyncio.get_running_loop().create_future()

    def received(self, data: bytes, *, is_text: bool) -> None:
        self.messages.put_nowait((data, is_text))

    def closed(self, fault: Fault | None) -> None:
        self.end.set_result(fault)


def with_agent(handler: Handler, story: Callable[[str], Awaitable[None]]) -> None:
    """Serve *handler*, and live through *story* with its address."""

    async def answer(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(autoping=True)
        await ws.prepare(request)
        await handler(ws, request)
        return ws

    async def run() -> None:
        app = web.Application()
        app.router.add_get("/agent", answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        try:
            async with asyncio.timeout(20):
                await story(f"ws://127.0.0.1:{port}")
        finally:
            await runner.cleanup()

    asyncio.run(run())


async def dial(url: str, headers: tuple[tuple[str, str], ...] = ()) -> tuple[AgentSocket, Heard]:
    heard = Heard()
    return await dial_agent(Upgrade(url, headers), heard), heard


def test_messages_travel_both_ways_and_headers_with_the_upgrade() -> None:
    async def echo(ws: web.WebSocketResponse, request: web.Request) -> None:
        await ws.send_str(request.headers["X-Twilio-Signature"] + request.query_string)
        async for message in ws:
            assert message.type is WSMsgType.TEXT
            await ws.send_str(message.data)
            await ws.send_bytes(message.data.encode())

    async def story(at: str) -> None:
        agent, heard = await dial(f"{at}/agent?a=b", (("X-Twilio-Signature", "proof"),))
        assert await heard.messages.get() == (b"proofa=b", True)
        agent.send(b'{"event":"connected"}')
        assert await heard.messages.get() == (b'{"event":"connected"}', True)
        assert await heard.messages.get() == (b'{"event":"connected"}', False)
        agent.close()
        assert await heard.end is None

    with_agent(echo, story)


def test_the_agent_may_close() -> None:
    async def leave(ws: web.WebSocketResponse, request: web.Request) -> None:
        await ws.send_str("bye")
        await ws.close(code=1000)

    async def story(at: str) -> None:
        agent, heard = await dial(f"{at}/agent")
        assert await heard.end is None
        assert heard.messages.get_nowait() == (b"bye", True)
        agent.send(b"too late")
        agent.close()

    with_agent(leave, story)


def test_an_agent_that_breaks_off_is_a_fault() -> None:
    async def vanish(ws: web.WebSocketResponse, request: web.Request) -> None:
        assert request.transport is not None
        request.transport.abort()

    async def story(at: str) -> None:
        _, heard = await dial(f"{at}/agent")
        fault = await heard.end
        assert fault is not None
        assert fault.code == 31903

    with_agent(vanish, story)


def test_a_message_in_fragments_is_one_message() -> None:
    async def fragment(ws: web.WebSocketResponse, request: web.Request) -> None:
        assert request.transport is not None
        request.transport.write(b"\x01\x03abc" + b"\x89\x00" + b"\x00\x03def" + b"\x80\x03ghi")
        await ws.receive()

    async def story(at: str) -> None:
        agent, heard = await dial(f"{at}/agent")
        assert await heard.messages.get() == (b"abcdefghi", True)
        agent.close()
        await heard.end

    with_agent(fragment, story)


@pytest.mark.parametrize("frames", [b"\x80\x01x", b"\x01\x01a\x81\x01b", b"\x83\x00"])
def test_an_agent_that_breaks_the_protocol_is_a_fault(frames: bytes) -> None:
    async def babble(ws: web.WebSocketResponse, request: web.Request) -> None:
        assert request.transport is not None
        request.transport.write(frames)
        await asyncio.sleep(1)

    async def story(at: str) -> None:
        _, heard = await dial(f"{at}/agent")
        fault = await heard.end
        assert fault is not None
        assert fault.code == 31924

    with_agent(babble, story)


def test_a_slow_agent_is_congested_and_a_deaf_one_is_left() -> None:
    async def sleep(ws: web.WebSocketResponse, request: web.Request) -> None:
        assert request.transport is not None
        request.transport.pause_reading()
        await asyncio.sleep(5)

    async def story(at: str) -> None:
        agent, heard = await dial(f"{at}/agent")
        sent = 0
        while not agent.is_congested:
            agent.send(b"x" * 1_000)
            sent += 1
            assert sent < 100_000
        while not heard.end.done():
            agent.send(b"x" * 100_000)
            await asyncio.sleep(0)
        fault = heard.end.result()
        assert fault is not None
        assert fault.code == 31903

    with_agent(sleep, story)


def test_an_agent_that_does_not_answer_a_close_is_left_after_two_seconds() -> None:
    async def sleep(ws: web.WebSocketResponse, request: web.Request) -> None:
        await asyncio.sleep(5)

    async def story(at: str) -> None:
        agent, heard = await dial(f"{at}/agent")
        agent.close()
        async with asyncio.timeout(3):
            assert await heard.end is None

    with_agent(sleep, story)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("{at}/nothing", 31920),
        ("ws://127.0.0.1:{free}/", 31902),
        ("wss://127.0.0.1:{at_port}/agent", 31910),
        ("ws://no-such-host.invalid/", 31904),
    ],
)
def test_why_a_websocket_cannot_be_opened(url: str, code: int) -> None:
    async def never(ws: web.WebSocketResponse, request: web.Request) -> None:
        raise AssertionError

    async def story(at: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = probe.getsockname()[1]
        with pytest.raises(StreamError) as refusal:
            await dial(url.format(at=at, free=free, at_port=at.rpartition(":")[2]))
        assert refusal.value.code == code

    with_agent(never, story)


def test_a_server_that_hangs_up_during_the_upgrade() -> None:
    async def story(at: str) -> None:
        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(StreamError) as refusal:
            await dial(f"ws://127.0.0.1:{port}/")
        assert refusal.value.code in (31903, 31920)
        server.close()

    async def never(ws: web.WebSocketResponse, request: web.Request) -> None:
        raise AssertionError

    with_agent(never, story)


def test_an_agent_that_is_gone_without_a_word_is_noticed_by_its_missing_pong(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/sip.md, "Who is gone": with pings every 20 s and as long for the pong it takes 41 s at most."""
    assert (agent_socket.PING_EVERY_S, agent_socket.PONG_WITHIN_S) == (20.0, 20.0)
    monkeypatch.setattr(agent_socket, "PING_EVERY_S", 0.1)
    monkeypatch.setattr(agent_socket, "PONG_WITHIN_S", 0.1)

    async def die(ws: web.WebSocketResponse, request: web.Request) -> None:
        await asyncio.sleep(10)  # and reads nothing

    async def story(at: str) -> None:
        _, heard = await dial(f"{at}/agent")
        async with asyncio.timeout(5):
            fault = await heard.end
        assert fault is not None
        assert fault.code == BROKEN_PIPE

    with_agent(die, story)
