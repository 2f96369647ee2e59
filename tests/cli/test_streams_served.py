"""A real node, a real phone, a real WebSocket: an agent that echoes, in a call and in a conference."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import requests
from aiohttp import web
from tests.cli.served import ACCOUNT_SID, AUTH_TOKEN, NUMBER, Served, serving, webhook_app
from twilio.request_validator import RequestValidator

from mixminus.testing import PALETTE
from mixminus.testing.audible import Audible

pytestmark = pytest.mark.network

HERS, HIS = PALETTE["beta"], PALETTE["theta"]


class EchoServer:
    """An agent that says again what it hears; `events` is what it was told."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.signed: list[bool] = []

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        url = f"ws://{request.host}{request.path}"
        signature = request.headers.get("X-Twilio-Signature", "")
        self.signed.append(RequestValidator(AUTH_TOKEN).validate(url, {}, signature))
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            told = json.loads(message.data)
            self.events.append(told["event"])
            if told["event"] == "media":
                said = {
                    "event": "media",
                    "streamSid": told["streamSid"],
                    "media": {"payload": told["media"]["payload"]},
                }
                await ws.send_json(said)
        self.events.append("closed")
        return ws


@asynccontextmanager
async def echo_server() -> AsyncIterator[tuple[EchoServer, str]]:
    agent, app = EchoServer(), web.Application()
    app.router.add_get("/media", agent.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield agent, f"ws://127.0.0.1:{runner.addresses[0][1]}/media"
    finally:
        await runner.cleanup()


async def until_heard(call: Audible, hertz: int) -> None:
    async with asyncio.timeout(10):
        while not call.hears(hertz):  # noqa: ASYNC110  nobody could set an event
            await asyncio.sleep(0.02)


async def in_a_call(node: Served, agent: EchoServer) -> None:
    async with node.phone("alice") as alice:
        call = await alice.dial(NUMBER)
        call.hum(HERS)
        await until_heard(call, HERS)
        await call.hang_up()
        async with asyncio.timeout(5):
            while "closed" not in agent.events:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    assert agent.events[:3] == ["connected", "start", "media"]
    assert agent.events[-2:] == ["stop", "closed"]
    assert agent.signed == [True]


async def in_a_conference(node: Served) -> None:
    def add_agent() -> None:
        application = node.twilio.applications.create(friendly_name="agent", voice_url=f"{node.app_url}/agent")
        node.twilio.conferences("room").participants.create(from_=NUMBER, to=f"app:{application.sid}")

    async with node.phone("alice") as alice, node.phone("bob") as bob:
        hers, his = await alice.dial("+15550002000"), await bob.dial("+15550002000")
        hers.hum(HERS)
        await until_heard(his, HERS)
        assert not hers.hears(HERS)
        await asyncio.to_thread(add_agent)
        await until_heard(hers, HERS)  # her own voice, by way of the agent
        his.hum(HIS)
        await until_heard(his, HIS)


async def brought_to_a_conference(node: Served, agent: EchoServer) -> None:
    """From alone with alice to a room with bob, and out again, on one WebSocket."""

    def move(**where: str) -> dict[str, str]:
        streams = f"{node.base_url}/mixminus/v1/Streams"
        [stream] = requests.get(streams, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=10).json()["streams"]
        where = where or {"Call": stream["first_call_sid"]}
        moved = requests.post(f"{streams}/{stream['sid']}", where, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=10)
        assert moved.status_code == 200, moved.text
        answer: dict[str, str] = moved.json()
        return answer

    del agent.events[:]
    async with node.phone("alice") as alice, node.phone("bob") as bob:
        hers, his = await alice.dial(NUMBER), await bob.dial("+15550003000")
        hers.hum(HERS)
        await until_heard(hers, HERS)
        moved = await asyncio.to_thread(move, Conference="hall", Beep="false")
        assert moved["conference_sid"].startswith("CF")
        await until_heard(his, HERS)
        his.hum(HIS)
        await until_heard(hers, HIS)
        await until_heard(his, HIS)  # his own voice, by way of the agent
        await asyncio.to_thread(move)
        await asyncio.sleep(0.5)
        await until_heard(hers, HERS)
        assert not hers.hears(HIS)
        assert agent.events.count("start") == 1
        assert "stop" not in agent.events
        await hers.hang_up()


async def test_an_agent_echoes(tmp_path: Path) -> None:
    async with webhook_app() as (app, url), echo_server() as (agent, agent_url):
        connect = f'<Response><Connect><Stream url="{agent_url}"/></Connect></Response>'
        app.answers("/voice", connect)
        app.answers("/agent", connect)
        app.answers("/room", '<Response><Dial><Conference beep="false">room</Conference></Dial></Response>')
        async with serving(tmp_path / "node", app, url) as node:
            await asyncio.to_thread(
                node.twilio.incoming_phone_numbers.create, phone_number="+15550002000", voice_url=f"{url}/room"
            )
            app.answers(
                "/hall", '<Response><Dial><Conference beep="false" waitUrl="">hall</Conference></Dial></Response>'
            )
            await asyncio.to_thread(
                node.twilio.incoming_phone_numbers.create, phone_number="+15550003000", voice_url=f"{url}/hall"
            )
            await in_a_call(node, agent)
            await brought_to_a_conference(node, agent)
            await in_a_conference(node)
