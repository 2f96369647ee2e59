"""examples/relay_app.py: what it says, and to whom."""

import json

import pytest
from aiohttp import WSServerHandshakeError, web
from aiohttp.test_utils import TestClient, TestServer
from examples import relay_app

from mixminus.twiml.context import Context
from mixminus.twiml.document import read_answer
from mixminus.twiml.effects import ConnectRelay
from mixminus.twiml.interpreter import run
from mixminus.webhooks.signing import signature

pytestmark = pytest.mark.network

TOKEN = "0" * 32


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)


async def test_its_document_is_understood() -> None:
    async with TestClient[web.Request, web.Application](TestServer(relay_app.application())) as client:
        answer = await client.post("/voice")
        body, kind = await answer.read(), answer.headers["Content-Type"]
    effect = next(run(read_answer(body, kind), Context("http://127.0.0.1:8767/voice")))
    assert isinstance(effect, ConnectRelay)
    assert effect.relay.url == relay_app.RELAY_URL
    assert effect.relay.complaints == ()


async def test_it_answers_and_hands_over() -> None:
    headers = {"X-Twilio-Signature": signature(TOKEN, relay_app.RELAY_URL, ())}
    async with TestClient[web.Request, web.Application](TestServer(relay_app.application())) as client:
        async with client.ws_connect("/relay", headers=headers) as ws:
            await ws.send_json({"type": "setup", "sessionId": "VX1"})
            await ws.send_json({"type": "prompt", "voicePrompt": "When do you open?", "lang": "en-US", "last": True})
            assert "eight to six" in (await ws.receive_json())["token"]
            await ws.send_json({"type": "prompt", "voicePrompt": "a person please", "lang": "en-US", "last": True})
            end = await ws.receive_json()
        assert json.loads(end["handoffData"]) == {"reason": "person"}
        after = await client.post("/after", data={"HandoffData": end["handoffData"]})
        assert "put you through" in await after.text()


async def test_strangers_are_refused() -> None:
    async with TestClient[web.Request, web.Application](TestServer(relay_app.application())) as client:
        with pytest.raises(WSServerHandshakeError, match="403"):
            await client.ws_connect("/relay")
