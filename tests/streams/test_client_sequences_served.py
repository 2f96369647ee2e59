"""The clients of twiml-and-streams.md 7.1 over real WebSockets: all at once, each in a conference with a caller."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from aiohttp import WSMsgType, web
from tests.cli.served import NUMBER, Served, serving, webhook_app
from tests.streams.client_player import NAMES, Player, steps_of

pytestmark = pytest.mark.network


class SocketClient:
    """The client's end of a real WebSocket."""

    def __init__(self) -> None:
        self.messages: list[tuple[float, Mapping[str, Any]]] = []
        self.closed_with: int | None = None
        self.connected = asyncio.Event()
        self._to_say: asyncio.Queue[tuple[bytes, bool] | None] = asyncio.Queue()

    def throw(self, data: bytes, *, is_text: bool = True) -> None:
        self._to_say.put_nowait((data, is_text))

    def hang_up(self) -> None:
        self._to_say.put_nowait(None)

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connected.set()
        saying = asyncio.create_task(self._say(socket), name="the client talks")
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            self.messages.append((asyncio.get_running_loop().time(), json.loads(message.data)))
        if not saying.done():  # we have not closed it
            saying.cancel()
            self.closed_with = socket.close_code
        return socket

    async def _say(self, socket: web.WebSocketResponse) -> None:
        while (said := await self._to_say.get()) is not None:
            data, is_text = said
            await (socket.send_str(data.decode()) if is_text else socket.send_bytes(data))
        await socket.close()


@asynccontextmanager
async def clients_served() -> AsyncIterator[tuple[dict[str, SocketClient], str]]:
    clients, app = {name: SocketClient() for name in NAMES}, web.Application()
    for name, client in clients.items():
        app.router.add_get(f"/{name}", client.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield clients, f"ws://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def connect(url: str, parameters: Mapping[str, str]) -> str:
    children = "".join(f"<Parameter name={quoteattr(k)} value={quoteattr(v)}/>" for k, v in parameters.items())
    return f"<Response><Connect><Stream url={quoteattr(url)}>{children}</Stream></Connect></Response>"


async def converse(node: Served, number: int, name: str, client: SocketClient, url: str) -> None:
    """One client and one caller in a conference of their own."""
    head, steps = steps_of(name)
    conference = f'<Conference endConferenceOnExit="true" beep="false">{name}</Conference>'
    node.app.answers(f"/room-{name}", f"<Response><Dial>{conference}</Dial></Response>")
    node.app.answers(f"/agent-{name}", connect(url, head.get("parameters", {})))
    to = f"+1555000{2000 + number}"

    def set_up() -> None:
        node.twilio.incoming_phone_numbers.create(phone_number=to, voice_url=f"{node.app_url}/room-{name}")

    def join() -> None:
        voice_url = f"{node.app_url}/agent-{name}"
        application = node.twilio.applications.create(friendly_name=name, voice_url=voice_url)
        participants = node.twilio.conferences(name).participants
        participants.create(from_=NUMBER, to=f"app:{application.sid}", beep="false")

    await asyncio.to_thread(set_up)
    async with node.phone(f"caller-{number}") as phone:
        caller = await phone.dial(to)
        await asyncio.to_thread(join)
        await asyncio.wait_for(client.connected.wait(), 30)
        await Player(client, caller, None).play(steps, "a conference")


async def test_all_clients_hold_their_conversations_at_once(tmp_path: Path) -> None:
    async with (
        clients_served() as (clients, url),
        webhook_app() as (app, app_url),
        serving(tmp_path / "node", app, app_url) as node,
        asyncio.TaskGroup() as talks,
    ):
        for number, (name, client) in enumerate(clients.items()):
            talks.create_task(converse(node, number, name, client, f"{url}/{name}"), name=name)
