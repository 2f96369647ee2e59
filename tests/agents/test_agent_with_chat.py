"""An agent whose words come from a chat service: what it is told, what it calls, what its context holds."""

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("pipecat", reason="needs mixminus[ai]")
pytest.importorskip("pocketsphinx", reason="needs mixminus[ai]")

from tests.agents.agent_on_a_port import served
from tests.agents.fake_chat import fake_chat
from tests.agents.stream_peer import StreamPeer, amplified

from mixminus.agents.description import Agent, Kind, Service
from mixminus.agents.io.models import Models
from mixminus.agents.io.voice import Voice

pytestmark = [pytest.mark.network, pytest.mark.timeout(120)]


def an_agent(url: str) -> Agent:
    return Agent(
        name="desk",
        kind=Kind.CHAT,
        persona="You take notes.",
        greeting="Hello, this is the desk.",
        chat=Service(url=url, model="m", key_env="KEY"),
    )


async def test_a_model_hears_calls_a_tool_and_tells_its_result(tmp_path: Path, models: Models, voice: Voice) -> None:
    clip = amplified(await voice.say("Please write that down for me.", "rms"))
    async with (
        fake_chat(("take_note", {"text": "tea"}), "It is written down.") as chat,
        served(tmp_path, an_agent(chat.url), models) as at,
        StreamPeer(at.url) as peer,
    ):
        await peer.agent_quiet(for_s=0.5)
        peer.say(clip)
        await peer.agent_begins(since=await peer.finished_speaking(), within_s=30)
        await peer.agent_quiet(for_s=0.5)
        assert (await at.store.state(peer.call_sid))["notes"] == [{"text": "tea"}]
        await peer.stop()
        await asyncio.wait_for(at.over.wait(), 10)
    first = chat.asked[0]
    assert first["messages"][0]["content"].startswith("You take notes.")
    assert {"role": "assistant", "content": "Hello, this is the desk."} in first["messages"]
    assert "write that down" in first["messages"][-1]["content"].lower()
    named = {tool["function"]["name"]: tool["function"] for tool in first["tools"]}
    assert named["escalate"]["parameters"]["required"] == ["reason"]
    assert "It is written down." in at.heard


async def test_without_its_key_the_agent_says_which_one_is_missing(tmp_path: Path, models: Models) -> None:
    agent = Agent(name="desk", kind=Kind.CHAT, chat=Service(model="m", key_env="NO_SUCH_KEY"))
    async with served(tmp_path, agent, models) as at, StreamPeer(at.url) as peer:
        await asyncio.wait_for(peer.closed.wait(), 10)
        assert peer.close_code == 1011
