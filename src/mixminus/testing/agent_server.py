"""Agents on a real port: every WebSocket to it is an `AgentCall`.

async with AgentServer() as agents:
    …  # a document with <Stream url="{agents.url}/translator">
    translator = await agents.next_call("translator")
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from types import TracebackType
from typing import Self

from aiohttp import WSMsgType, web

from mixminus.testing.agent_call import AgentCall, Message


class AgentServer:
    """Takes Media Streams on a free loopback port; the path tells whose they are."""

    def __init__(self) -> None:
        self.url = ""
        self._calls: defaultdict[str, asyncio.Queue[AgentCall]] = defaultdict(asyncio.Queue)
        self._sockets: set[web.WebSocketResponse] = set()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{name}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"ws://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for socket in list(self._sockets):
            await socket.close()
        await self._runner.cleanup()

    async def next_call(self, name: str, within_s: float | None = None) -> AgentCall:
        """The next stream to that agent, once it has started. Raises `TimeoutError`."""
        async with asyncio.timeout(within_s):
            return await self._calls[name].get()

    async def _answer(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        to_say: asyncio.Queue[Message] = asyncio.Queue()
        call = AgentCall(to_say.put_nowait)
        saying = asyncio.create_task(_say(socket, to_say), name=f"{request.path} talks")
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    told = json.loads(message.data)
                    call.received(told)
                    if told["event"] == "start":
                        self._calls[request.match_info["name"]].put_nowait(call)
        finally:
            saying.cancel()
            self._sockets.discard(socket)
            call.closed()
        return socket


async def _say(socket: web.WebSocketResponse, to_say: asyncio.Queue[Message]) -> None:
    with contextlib.suppress(ConnectionError):  # the node has hung up: its right
        while True:
            await socket.send_json(await to_say.get())
