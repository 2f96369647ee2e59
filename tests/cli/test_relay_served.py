"""A real node, a real phone, a real WebSocket, the offline recogniser and the offline voice: a talk in words."""

import asyncio
import importlib.util
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from bench.speech import VOICES, spoken
from tests.cli.served import AUTH_TOKEN, NUMBER, serving, webhook_app
from twilio.request_validator import RequestValidator

from mixminus.prompts.io.flite_worker import Flite
from mixminus.speech.io.offline import OfflineRecogniser
from mixminus.speech.patience import words
from mixminus.testing.audible import Audible

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(importlib.util.find_spec("pocketsphinx") is None, reason="needs the extra `speech`"),
]

MOONSHINE = os.environ.get("MIXMINUS_MOONSHINE", "")
ANSWER = "The invoice was sent on Monday."
LONG = "Please listen carefully, because our menu has changed, and all of the old options are gone for ever."


class Application:
    """Answers the first prompt with one sentence, the second with a long one, the third with the end."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.signed: list[bool] = []
        self.changed = asyncio.Event()

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        url = f"ws://{request.host}{request.path}"
        self.signed.append(RequestValidator(AUTH_TOKEN).validate(url, {}, request.headers["X-Twilio-Signature"]))
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            told = json.loads(message.data)
            self.told.append(told)
            self.changed.set()
            if told["type"] == "prompt":
                await self._reply(ws)
        return ws

    async def _reply(self, ws: web.WebSocketResponse) -> None:
        match len(self.of("prompt")):
            case 1:
                for token in ANSWER.split(" "):
                    await ws.send_json({"type": "text", "token": token + " "})
                await ws.send_json({"type": "text", "token": "", "last": True})
            case 2:
                await ws.send_json({"type": "text", "token": LONG, "last": True})
            case _:
                await ws.send_json({"type": "end", "handoffData": "done"})

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.told if one["type"] == kind]

    async def until(self, kind: str, count: int) -> dict[str, Any]:
        async with asyncio.timeout(20):
            while len(self.of(kind)) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.of(kind)[count - 1]


@asynccontextmanager
async def application() -> AsyncIterator[tuple[Application, str]]:
    application, app = Application(), web.Application()
    app.router.add_get("/relay", application.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield application, f"ws://127.0.0.1:{runner.addresses[0][1]}/relay"
    finally:
        await runner.cleanup()


async def test_a_talk_in_words(tmp_path: Path) -> None:
    # Made beforehand: while a sentence is made, the phone in this process sends nothing.
    pay, other, stop = (
        speech(text)
        for text in ("i would like to pay my invoice", "and what about the other one", "stop that now please")
    )
    async with webhook_app() as (app, url), application() as (relay, relay_url):
        connect = f'<Connect action="/after"><ConversationRelay url="{relay_url}" speechTimeout="2500"/></Connect>'
        app.answers("/voice", f"<Response>{connect}</Response>")
        app.answers("/after", "<Response><Hangup/></Response>")
        async with serving(tmp_path / "node", app, url) as node, node.phone("alice") as alice:
            call = await alice.dial(NUMBER)
            await relay.until("setup", 1)
            await call.say(pay)
            first = await relay.until("prompt", 1)
            await asyncio.sleep(4)
            answer = call.heard[-8_000 * 4 :]
            await call.say(other)
            await relay.until("prompt", 2)
            await until_it_speaks(call)
            await asyncio.sleep(1.5)
            await call.say(stop)
            await relay.until("interrupt", 1)
            request = await app.wait_for("/after", within_s=20)
    assert relay.signed == [True]
    assert (request["SessionStatus"], request["HandoffData"]) == ("ended", "done")
    for interrupt in relay.of("interrupt"):  # a phone that a busy machine stops for a while interrupts more often
        said = interrupt["utteranceUntilInterrupt"].split()
        assert said in (ANSWER.split()[: len(said)], LONG.split()[: len(said)])
    if MOONSHINE:
        assert {"like", "to", "pay", "my"} <= set(words(first["voicePrompt"])), first
        assert {"sent", "monday"} <= set(words(await heard(answer)))


async def until_it_speaks(call: Audible) -> None:
    async with asyncio.timeout(10):
        while np.abs(call.heard[-800:].astype(int)).max(initial=0) < 1_000:  # noqa: ASYNC110  nobody could set an event
            await asyncio.sleep(0.02)


def speech(text: str) -> Any:
    return spoken(text, VOICES[0], Flite())


async def heard(samples: Any) -> str:
    """What was said to the phone, in words."""
    recogniser = OfflineRecogniser(Path(MOONSHINE) if MOONSHINE else None)
    try:
        return await recogniser.transcribe(np.asarray(samples, "<i2").tobytes())
    finally:
        await recogniser.close()
