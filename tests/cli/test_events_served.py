"""The event stream over real sockets: who follows is told, comes back, and does not keep a node from stopping."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from tests.peers.exchange import NUMBER, Exchange, exchange, until

EVENTS = "/mixminus/v1/Events"


def session(at: Exchange) -> aiohttp.ClientSession:
    user = base64.b64encode(f"{at.twilio.username}:{at.twilio.password}".encode()).decode()
    return aiohttp.ClientSession(at.node.base_url, headers={"Authorization": f"Basic {user}"})


async def told(answer: aiohttp.ClientResponse) -> AsyncIterator[Any]:
    async for line in answer.content:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


async def test_a_call_is_followed_and_the_follower_comes_back(tmp_path: Path) -> None:
    async with exchange(tmp_path) as at, session(at) as client, asyncio.timeout(30):
        async with client.get(EVENTS, params={"Type": "call"}) as answer, at.phone("alice") as alice:
            assert answer.content_type == "text/event-stream"
            call = await alice.dial(NUMBER)
            events = told(answer)
            first = await anext(events)
            assert first["type"] == "call-in-progress"
            await call.hang_up()
            assert (await anext(events))["type"] == "call-completed"
        await until(lambda: not len(at.node.world.node.logs.events))
        async with client.get(EVENTS, headers={"Last-Event-ID": first["id"]}) as answer:
            events = told(answer)
            again = [await anext(events), await anext(events)]
            assert int(again[0]["id"]) == int(first["id"]) + 1
            assert {each["call_sid"] for each in again} == {first["call_sid"]}


async def test_who_follows_does_not_keep_a_node_from_stopping(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with exchange(tmp_path) as at:
        client = session(at)
        answer = await client.get(EVENTS)
        await until(lambda: len(at.node.world.node.logs.events) == 1)
        began = loop.time()
    assert loop.time() - began < 4, "uvicorn waits for 5 seconds for answers that go on"
    assert [event async for event in told(answer)] == []
    await client.close()


async def test_a_node_that_starts_again_goes_on_counting(tmp_path: Path) -> None:
    async with exchange(tmp_path) as at, at.phone("alice") as alice:
        await (await alice.dial(NUMBER)).hang_up()
        await at.quiet()
    async with exchange(tmp_path) as at, session(at) as client, at.phone("bob") as bob, asyncio.timeout(30):
        await (await bob.dial(NUMBER)).hang_up()
        await at.quiet()
        async with client.get(EVENTS, params={"After": "0", "Type": "call"}) as answer:
            events = told(answer)
            everything = [await anext(events) for _ in range(4)]
    assert [each["type"] for each in everything] == ["call-in-progress", "call-completed"] * 2
    numbers = [int(each["id"]) for each in everything]
    assert numbers == sorted(set(numbers))
