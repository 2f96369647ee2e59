"""A stand-in for OpenAI Realtime with telephone audio: it hums when somebody has finished humming.

Events as in twiml-and-streams.md 8.2 and 8.3. It notices who talks and who stops as server-side turn detection does.
"""

import asyncio
import base64
import itertools
import json
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import numpy as np
from aiohttp import web

from mixminus.testing.g711 import PCMU

ANSWER_HZ: Final = 971
ANSWER_S: Final = 10.0
PIECE_OCTETS: Final = 3_200
LOUD: Final = 500


class HummingModel:
    """`async with HummingModel() as model`; `told` is every event that came."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.url = ""
        self._numbers = itertools.count(1)
        self._answering: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/v1/realtime", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"ws://127.0.0.1:{self._runner.addresses[0][1]}/v1/realtime?model=gpt-realtime"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [event for event in self.told if event["type"] == type_]

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket, was_loud = web.WebSocketResponse(), False
        await socket.prepare(request)
        await self._say(socket, "session.created", session={"type": "realtime", "object": "realtime.session"})
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            event = json.loads(message.data)
            self.told.append(event)
            if event["type"] == "session.update":
                await self._say(socket, "session.updated", session=event["session"])
            elif event["type"] == "input_audio_buffer.append":
                heard = PCMU.decode(base64.b64decode(event["audio"]))
                is_loud = bool(len(heard)) and int(np.abs(heard[-160:].astype(int)).max()) > LOUD
                if is_loud and not was_loud:
                    await self._say(socket, "input_audio_buffer.speech_started", audio_start_ms=0, item_id="user")
                elif was_loud and not is_loud:
                    await self._say(socket, "input_audio_buffer.speech_stopped", audio_end_ms=0, item_id="user")
                    await self._answer(socket)
                was_loud = is_loud
        return socket

    async def _answer(self, socket: web.WebSocketResponse) -> None:
        """All at once, as the service does."""
        number = next(self._numbers)
        where = {
            "response_id": f"resp_{number}",
            "item_id": f"item_{number}",
            "output_index": 0,
            "content_index": 0,
        }
        response = {"id": f"resp_{number}", "object": "realtime.response", "output": []}
        item = {
            "id": f"item_{number}",
            "type": "message",
            "role": "assistant",
            "content": [],
        }
        await self._say(socket, "response.created", response={**response, "status": "in_progress"})
        await self._say(socket, "response.output_item.added", response_id=response["id"], output_index=0, item=item)
        at = np.arange(round(8_000 * ANSWER_S)) / 8_000
        audio = PCMU.encode(np.round(3_000 * np.sin(2 * np.pi * ANSWER_HZ * at)).astype(np.int16))
        for start in range(0, len(audio), PIECE_OCTETS):
            delta = base64.b64encode(audio[start : start + PIECE_OCTETS]).decode()
            await self._say(socket, "response.output_audio.delta", delta=delta, **where)
        await self._say(socket, "response.output_audio.done", **where)
        await self._say(socket, "response.done", response={**response, "status": "completed"})

    async def _say(self, socket: web.WebSocketResponse, type_: str, **fields: Any) -> None:
        await socket.send_json({"type": type_, "event_id": f"event_{next(self._numbers)}", **fields})
