"""An agent that is OpenAI Realtime: talk, a tool call, and a caller who talks over it."""

import asyncio
import json
from pathlib import Path

import pytest

pytest.importorskip("pipecat", reason="needs mixminus[ai]")
pytest.importorskip("pocketsphinx", reason="needs mixminus[ai]")

from tests.agents.agent_on_a_port import served
from tests.agents.fake_realtime import fake_realtime
from tests.agents.stream_peer import StreamPeer, is_loud

from mixminus.agents.description import Agent, Kind, Service
from mixminus.agents.io.models import Models

pytestmark = [pytest.mark.network, pytest.mark.timeout(120)]


def an_agent(url: str) -> Agent:
    service = Service(url=url, model="gpt-realtime", key_env="KEY", voice="marin")
    return Agent(name="desk", kind=Kind.REALTIME, persona="You are the desk.", realtime=service)


async def test_the_service_talks_uses_a_tool_and_is_cut_where_the_caller_interrupts(
    tmp_path: Path, models: Models
) -> None:
    async with (
        fake_realtime() as model,
        served(tmp_path, an_agent(model.url), models) as at,
        StreamPeer(at.url) as peer,
    ):
        first = await model.expect("response.create")
        before = model.received[: model.received.index(first)]
        session = [event for event in before if event["type"] == "session.update"][-1]["session"]
        await model.expect("input_audio_buffer.append", 10)
        await model.speak("item_1", "Hello, this is the desk.", 1.0)
        await peer.agent_begins(since=0)
        await peer.agent_quiet(for_s=0.5)

        await model.call("call_1", "take_note", {"text": "tea"})
        created = await model.expect("conversation.item.create")
        await model.expect("response.create", 2)

        await model.speak("item_2", "Written down. Is there anything else?", 8.0)
        await peer.agent_begins(since=peer.now)
        await asyncio.sleep(1.0)
        await model.send("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_3")
        cut = await model.expect("conversation.item.truncate")
        await asyncio.sleep(0.5)
        since = peer.now
        await asyncio.sleep(0.5)
        assert not any(map(is_loud, peer.played[since:]))
        assert (await at.store.state(peer.call_sid))["notes"] == [{"text": "tea"}]
    assert "You are the desk." in session["instructions"]
    assert {"take_note", "escalate"} <= {tool["name"] for tool in session["tools"]}
    assert created["item"]["call_id"] == "call_1"
    assert "notes" in json.dumps(created["item"])
    assert cut["item_id"] == "item_2"
    assert 500 <= cut["audio_end_ms"] <= 4_000
    assert peer.cleared_at
