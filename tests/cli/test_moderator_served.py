"""A moderator's key on a real node: real HTTP, the official SDK, and nothing else but what the stream said."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.cli.served import ACCOUNT_SID, NUMBER, Served, serving, webhook_app
from tests.cli.test_streams_served import until_heard
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from mixminus.testing import PALETTE

pytestmark = pytest.mark.network

HERS = PALETTE["beta"]
DOCUMENT = '<Response><Connect><Stream url="{}" reportRole="true"/></Connect></Response>'
ROOM = '<Response><Dial><Conference beep="false" floorControl="queue">room</Conference></Dial></Response>'


class Chair:
    """A WebSocket that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            self.told += [told for told in [json.loads(message.data)] if told["event"] != "media"]
        return ws

    async def until(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        async with asyncio.timeout(10):
            while len(found := [told for told in self.told if told["event"] == event]) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return found


def add_chair(node: Served) -> str:
    """Its call SID. The SDK has no such parameter, so it is asked by hand."""
    application = node.twilio.applications.create(friendly_name="chair", voice_url=f"{node.app_url}/chair")
    url = f"{node.base_url}/2010-04-01/Accounts/{ACCOUNT_SID}/Conferences/room/Participants.json"
    form = {"From": NUMBER, "To": f"app:{application.sid}", "Moderator": "true"}
    return str(json.loads(node.twilio.request("POST", url, data=form).text)["call_sid"])


def act(told: dict[str, str], chair: str) -> None:
    client = Client(told["apiKey"], told["apiSecret"], ACCOUNT_SID)
    client.api.base_url = told["apiUrl"]
    room = client.conferences(told["conference"])
    [caller] = [one.call_sid for one in room.participants.list() if one.call_sid != chair]
    assert room.participants(caller).update(muted=True).muted
    assert room.participants(caller).update(muted=False).muted is False
    with pytest.raises(TwilioRestException) as refusal:
        client.calls(caller).update(status="completed")
    assert (refusal.value.status, refusal.value.code) == (403, 20003)
    assert room.participants(chair).delete()
    with pytest.raises(TwilioRestException) as gone:
        room.fetch()
    assert (gone.value.status, gone.value.code) == (401, 20003)


async def test_a_moderator_by_its_stream_alone(tmp_path: Path) -> None:
    chair, app_of_chair = Chair(), web.Application()
    app_of_chair.router.add_get("/media", chair.answer)
    runner = web.AppRunner(app_of_chair, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with webhook_app() as (app, url):
            app.answers("/voice", ROOM)
            app.answers("/chair", DOCUMENT.format(f"ws://127.0.0.1:{runner.addresses[0][1]}/media"))
            async with (
                serving(tmp_path / "node", app, url) as node,
                node.phone("alice") as alice,
                node.phone("bob") as bob,
            ):
                hers = await alice.dial(NUMBER)
                hers.hum(HERS)
                sid = await asyncio.to_thread(add_chair, node)
                [start] = await chair.until("start")
                parameters = start["start"]["customParameters"]
                assert parameters["apiUrl"] == node.base_url
                began = asyncio.get_running_loop().time()
                await asyncio.to_thread(act, parameters, sid)
                assert asyncio.get_running_loop().time() - began < 5
                assert [told["role"]["moderator"] for told in await chair.until("role")][:1] == [True]
                await chair.until("stop")
                his = await bob.dial(NUMBER)
                await until_heard(his, HERS)
    finally:
        await runner.cleanup()
