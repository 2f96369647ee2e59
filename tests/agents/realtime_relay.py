"""Stands between a bridge and the service, fake or real: writes down what goes each way, holds every event against
OpenAI's own types, and breaks the connection when a test wants it to.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web
from openai.types import realtime as today
from openai.types.beta import realtime as beta
from pydantic import TypeAdapter, ValidationError

Event = dict[str, Any]

TYPES: dict[tuple[bool, bool], TypeAdapter[Any]] = {
    (False, True): TypeAdapter(today.RealtimeClientEvent),
    (False, False): TypeAdapter(today.RealtimeServerEvent),
    (True, True): TypeAdapter(beta.RealtimeClientEvent),
    (True, False): TypeAdapter(beta.RealtimeServerEvent),
}
"""By whether it is beta, and whether the client says it."""


@dataclass(frozen=True)
class Passed:
    """`session` counts connections from 0; `at_s` is the loop's time."""

    session: int
    is_asked: bool
    at_s: float
    event: Event


class Relay:
    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self.url = ""
        self.passed: list[Passed] = []
        self.wrong: list[str] = []
        """Events that are none of OpenAI's."""
        self.sessions = 0
        self.is_down = False
        """The service cannot be reached."""
        self._arrived = asyncio.Condition()
        self._sockets: list[web.WebSocketResponse] = []

    def asked(self, type_: str, session: int | None = None) -> list[Event]:
        """What the bridge has asked for."""
        return [*self._of(type_, session, is_asked=True)]

    def told(self, type_: str, session: int | None = None) -> list[Event]:
        """What the service has told."""
        return [*self._of(type_, session, is_asked=False)]

    def _of(self, type_: str, session: int | None, *, is_asked: bool) -> Iterator[Event]:
        for each in self.passed:
            is_of = each.is_asked == is_asked and each.event["type"] == type_
            if is_of and session in (None, each.session):
                yield each.event

    async def until_asked(
        self, type_: str, count: int = 1, session: int | None = None, within_s: float = 20
    ) -> Event:
        async with asyncio.timeout(within_s), self._arrived:
            await self._arrived.wait_for(lambda: len(self.asked(type_, session)) >= count)
        return self.asked(type_, session)[count - 1]

    async def until_told(self, type_: str, count: int = 1, session: int | None = None, within_s: float = 20) -> Event:
        async with asyncio.timeout(within_s), self._arrived:
            await self._arrived.wait_for(lambda: len(self.told(type_, session)) >= count)
        return self.told(type_, session)[count - 1]

    async def cut(self) -> None:
        """The line breaks, without a close handshake."""
        for socket in self._sockets:
            if not socket.closed:
                assert socket._writer is not None
                socket._writer.transport.abort()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.is_down:
            return web.Response(status=503)
        kept = {name: request.headers[name] for name in ("Authorization", "OpenAI-Beta") if name in request.headers}
        async with aiohttp.ClientSession() as client:
            try:
                upstream = await client.ws_connect(
                    self._upstream, params=dict(request.query), headers=kept, max_msg_size=0
                )
            except aiohttp.WSServerHandshakeError as error:
                return web.Response(status=error.status)
            number, self.sessions = self.sessions, self.sessions + 1
            socket = web.WebSocketResponse(max_msg_size=0)
            await socket.prepare(request)
            self._sockets.append(socket)
            is_beta = "OpenAI-Beta" in kept
            ways = [
                asyncio.create_task(self._pass(socket, upstream, number, is_asked=True, is_beta=is_beta)),
                asyncio.create_task(self._pass(upstream, socket, number, is_asked=False, is_beta=is_beta)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await upstream.close()
            await socket.close(code=upstream.close_code or 1000)
        return socket

    async def _pass(self, source: Any, target: Any, session: int, *, is_asked: bool, is_beta: bool) -> None:
        async for message in source:
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            event = json.loads(message.data)
            if event["type"] != "input_audio_buffer.append":  # fifty a second
                self._check(event, is_asked=is_asked, is_beta=is_beta)
            async with self._arrived:
                at_s = asyncio.get_running_loop().time()
                self.passed.append(Passed(session, is_asked, at_s, event))
                self._arrived.notify_all()
            if not target.closed:
                await target.send_str(message.data)

    def _check(self, event: Event, *, is_asked: bool, is_beta: bool) -> None:
        try:
            TYPES[is_beta, is_asked].validate_python(event)
        except ValidationError:
            self.wrong.append(json.dumps(event))


@asynccontextmanager
async def relay_to(upstream: str) -> AsyncIterator[Relay]:
    relay = Relay(upstream)
    app = web.Application()
    app.router.add_get("/v1/realtime", relay.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    relay.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/v1/realtime"
    try:
        yield relay
    finally:
        await runner.cleanup()
