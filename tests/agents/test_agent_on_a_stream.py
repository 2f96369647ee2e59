"""The offline agent, end to end: synthesised speech over a real WebSocket, judged from what the caller heard."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

pytest.importorskip("pipecat", reason="needs mixminus[ai]")
pytest.importorskip("pocketsphinx", reason="needs mixminus[ai]")

from tests.agents.agent_on_a_port import SHORT, Served, served
from tests.agents.stream_peer import StreamPeer, amplified, first_loud, is_loud

from mixminus.agents.description import Agent, Turns
from mixminus.agents.io.models import Models
from mixminus.agents.io.server import Gate
from mixminus.agents.io.voice import Voice
from mixminus.testing.g711 import Samples
from mixminus.webhooks.signing import signature

pytestmark = [pytest.mark.network, pytest.mark.timeout(120)]

LONG = SHORT.__class__(
    greeting="Hello. Our office is closed now. I can take a message, or get you a person at any time of the day."
)


def an_agent(**changes: Any) -> Agent:
    script = changes.pop("script", SHORT)
    return Agent(name="test", script=script, on_call="client:ana", **changes)


async def spoken(voice: Voice, text: str) -> Samples:
    """Flite's man: recognisers understand him best."""
    return amplified(await voice.say(text, "rms"))


async def asked(peer: StreamPeer, voice: Voice, text: str) -> float:
    """Let the agent finish, say *text*, wait for its answer. Returns how long that took, mouth to ear, in seconds."""
    await peer.agent_quiet(for_s=0.5)
    peer.say(await spoken(voice, text))
    ended = await peer.finished_speaking()
    return (await peer.agent_begins(since=ended + 1) - ended) * 0.02


async def state(served: Served, session: str) -> Any:
    return await served.store.state(session)


async def test_a_message_is_taken_by_ear_and_kept(tmp_path: Path, models: Models, voice: Voice) -> None:
    async with served(tmp_path, an_agent(), models) as at, StreamPeer(at.url, parameters={"session": "s1"}) as peer:
        for text in ("My name is Jack.", "five five five oh one three four", "yes", "I need a doctor.", "yes"):
            await asked(peer, voice, text)
        await asyncio.wait_for(at.room.ended.wait(), 15)
        [note] = (await state(at, "s1"))["notes"]
    assert note["number"] == "5550134"
    assert "doctor" in note["reason"]
    assert at.room.told == ["end"]


async def test_who_asks_for_a_human_gets_one_once_that_was_said(tmp_path: Path, models: Models, voice: Voice) -> None:
    async with served(tmp_path, an_agent(), models) as at, StreamPeer(at.url) as peer:
        await asked(peer, voice, "I want to talk to a human")
        assert at.room.told == []  # it says so first
        await asyncio.wait_for(at.room.coached.wait(), 20)
        await peer.agent_quiet(for_s=0.5)
        assert at.room.told == ["add client:ana", "coach"]
        since = peer.now
        peer.say(await spoken(voice, "hello, are you there"))
        await asyncio.sleep(2.5)
        assert not any(map(is_loud, peer.played[since:]))  # from now on the agent keeps out


async def test_a_caller_who_talks_over_the_agent_stops_it(tmp_path: Path, models: Models, voice: Voice) -> None:
    """Barge-in, from the waveform: the caller's first sound to the agent's last."""
    async with served(tmp_path, an_agent(script=LONG), models) as at, StreamPeer(at.url) as peer:
        clip = await spoken(voice, "Hello, I want to say something now")
        await peer.agent_begins(since=0)
        await asyncio.sleep(1.5)
        asked_at = peer.now
        peer.say(clip)
        await peer.finished_speaking()
        began = first_loud(peer.said, asked_at)
        assert began is not None
        last = max((tick for tick in range(began, peer.now) if is_loud(peer.played[tick])), default=began)
        assert peer.cleared_at
    assert (last - began) * 0.02 < 1.5  # of more than four that it had to say; the figure is in docs/agents.md


async def test_the_context_holds_what_was_heard_and_no_more(tmp_path: Path, models: Models, voice: Voice) -> None:
    async with served(tmp_path, an_agent(script=LONG), models) as at, StreamPeer(at.url) as peer:
        clip = await spoken(voice, "Excuse me, what is that")
        await peer.agent_has_spoken(for_s=2.0)
        peer.say(clip)
        await peer.finished_speaking()
        await peer.stop()
        await asyncio.wait_for(peer.closed.wait(), 5)
        await asyncio.wait_for(at.over.wait(), 5)
    assert at.heard.startswith("Hello. Our office is closed")
    assert "at any time of the day" not in at.heard


async def test_keys_are_an_answer(tmp_path: Path, models: Models) -> None:
    async with served(tmp_path, an_agent(), models) as at, StreamPeer(at.url) as peer:
        await peer.agent_quiet(for_s=0.3)
        await peer.press("0")
        await peer.agent_begins(since=peer.now)
        assert at.room.told == []
        await asyncio.wait_for(at.room.coached.wait(), 20)
        assert at.room.told == ["add client:ana", "coach"]


async def test_a_key_pressed_before_the_greeting_counts(tmp_path: Path, models: Models) -> None:
    async with served(tmp_path, an_agent(), models) as at, StreamPeer(at.url) as peer:
        await peer.press("0")
        await asyncio.wait_for(at.room.coached.wait(), 30)


async def test_a_server_that_returns_no_marks_does_not_stop_the_talk(tmp_path: Path, models: Models) -> None:
    async with served(tmp_path, an_agent(), models) as at, StreamPeer(at.url, returns_marks=False) as peer:
        await peer.agent_quiet(for_s=0.3)
        await peer.press("0")
        await asyncio.wait_for(at.room.coached.wait(), 10)


async def test_a_caller_who_is_silent_is_asked_again_and_let_go(tmp_path: Path, models: Models) -> None:
    agent = an_agent(turns=Turns(silence_s=0.5))
    async with served(tmp_path, agent, models) as at, StreamPeer(at.url) as peer:
        await asyncio.wait_for(at.room.ended.wait(), 30)
        assert at.room.told == ["end"]
        assert len(peer.marks) >= 4


GARBAGE = (
    "", "[]", "{", "null", '{"event":"media"}', '{"event":"media","media":{"payload":7}}', '{"event":"mark"}',
    '{"event":"dtmf","dtmf":{"digit":"Q"}}', '{"event":"media","media":{"payload":"%%"}}',
)  # fmt: skip


async def test_garbage_on_the_stream_harms_nothing(tmp_path: Path, models: Models) -> None:
    async with served(tmp_path, an_agent(), models) as at, StreamPeer(at.url) as peer:
        for text in GARBAGE:
            await peer.send_raw(text)
        await peer.agent_begins(since=peer.now)
        await peer.press("0")
        await asyncio.wait_for(at.room.coached.wait(), 10)


async def test_what_is_no_media_stream_is_closed(tmp_path: Path, models: Models) -> None:
    async with (
        served(tmp_path, an_agent(), models) as at,
        aiohttp.ClientSession() as session,
        session.ws_connect(at.url) as socket,
    ):
        await socket.send_str(json.dumps({"event": "hello"}))
        await socket.send_str(json.dumps({"event": "media"}))
        await socket.receive()
        assert socket.close_code == 1002


async def test_more_calls_than_allowed_are_turned_away(tmp_path: Path, models: Models) -> None:
    async with served(tmp_path, an_agent(), models, Gate(at_once=1)) as at, StreamPeer(at.url) as first:
        await first.agent_begins(since=0)
        async with StreamPeer(at.url) as second:
            await asyncio.wait_for(second.closed.wait(), 5)
            assert second.close_code == 1013


async def test_only_a_signed_upgrade_is_taken_when_asked_for(tmp_path: Path, models: Models) -> None:
    """twiml-and-streams.md 4.2: over the wss URL."""
    gate = Gate(auth_token="token", public_url="wss://agent.example.com")
    async with served(tmp_path, an_agent(), models, gate) as at:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with StreamPeer(at.url):
                pass
        signed = signature("token", "wss://agent.example.com/agent")
        async with StreamPeer(at.url, headers={"X-Twilio-Signature": signed}) as peer:
            await peer.agent_begins(since=0)
