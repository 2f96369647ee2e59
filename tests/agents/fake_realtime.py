"""OpenAI Realtime on loopback, written from the public event tables (twiml-and-streams.md, 8.2 and 8.3)."""

import asyncio
import base64
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import numpy as np
from aiohttp import web

RATE_HZ = 24_000


class FakeRealtime:
    """One session at a time; a test tells it what the model does."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.url = ""
        self._arrived = asyncio.Condition()
        self._socket: web.WebSocketResponse | None = None
        self._numbers = itertools.count(1)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        assert request.headers["Authorization"] == "Bearer sk-test"
        assert request.query["model"] == "gpt-realtime"
        self._socket = web.WebSocketResponse()
        await self._socket.prepare(request)
        await self.send("session.created", session={"type": "realtime"})
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._told(json.loads(message.data))
        return self._socket

    async def send(self, type_: str, **fields: Any) -> None:
        assert self._socket is not None
        await self._socket.send_json({"type": type_, "event_id": f"event_{next(self._numbers)}", **fields})

    async def expect(self, type_: str, count: int = 1, within_s: float = 15.0) -> dict[str, Any]:
        """Wait for the *count*-th event of a type."""
        async with asyncio.timeout(within_s), self._arrived:
            await self._arrived.wait_for(lambda: len(self.of(type_)) >= count)
        return self.of(type_)[count - 1]

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [event for event in self.received if event["type"] == type_]

    async def speak(self, item: str, words: str, seconds: float) -> None:
        """A response: its audio at once, faster than real time, as the service sends it."""
        where = {"response_id": f"resp_{item}", "item_id": item, "output_index": 0, "content_index": 0}
        await self.send("response.created", response={"id": f"resp_{item}", "status": "in_progress"})
        said = {"id": item, "type": "message", "role": "assistant", "content": []}
        await self.send("conversation.item.added", item=said)
        tone = np.sin(np.arange(int(seconds * RATE_HZ)) * 2 * np.pi * 440 / RATE_HZ) * 8_000
        audio = tone.astype("<i2").tobytes()
        for at in range(0, len(audio), 24_000):
            await self.send("response.output_audio.delta", delta=_coded(audio[at : at + 24_000]), **where)
        await self.send("response.output_audio_transcript.delta", delta=words, **where)
        await self.send("response.output_audio.done", **where)
        await self.send("response.done", response={"id": f"resp_{item}", "status": "completed", "output": []})

    async def call(self, call_id: str, name: str, arguments: dict[str, Any]) -> None:
        """A response that is a tool call."""
        asked = {"type": "function_call", "call_id": call_id, "name": name, "arguments": json.dumps(arguments)}
        await self.send("response.created", response={"id": "resp_tool", "status": "in_progress"})
        await self.send("conversation.item.added", item={"id": "item_tool", **asked, "arguments": ""})
        await self.send(
            "response.function_call_arguments.done",
            response_id="resp_tool",
            item_id="item_tool",
            output_index=0,
            call_id=call_id,
            name=name,
            arguments=asked["arguments"],
        )
        done = {"id": "resp_tool", "status": "completed", "output": [{"id": "item_tool", **asked}]}
        await self.send("response.done", response=done)

    async def _told(self, event: dict[str, Any]) -> None:
        async with self._arrived:
            self.received.append(event)
            self._arrived.notify_all()
        if event["type"] == "session.update":
            await self.send("session.updated", session={"type": "realtime"})


def _coded(audio: bytes) -> str:
    return base64.b64encode(audio).decode()


@asynccontextmanager
async def fake_realtime() -> AsyncIterator[FakeRealtime]:
    fake = FakeRealtime()
    app = web.Application()
    app.router.add_get("/v1/realtime", fake.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/v1/realtime"
    yield fake
    await runner.cleanup()
