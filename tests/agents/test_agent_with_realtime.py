"""An agent that is OpenAI Realtime, judged by what the caller hears and by what the service is told.

With `OPENAI_API_KEY` set the same tests run against the real service (`OPENAI_REALTIME_URL`,
`OPENAI_REALTIME_MODEL`), else against the fake, which is told what the model does next; what the real one does next
the persona asks of it. The bridge does not know which it is.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

pytest.importorskip("pipecat", reason="needs mixminus[ai]")
pytest.importorskip("pocketsphinx", reason="needs mixminus[ai]")

from tests.agents.agent_on_a_port import served
from tests.agents.fake_realtime import Call, Deed, Fail, FakeRealtime, Say, Turn, fake_realtime
from tests.agents.realtime_relay import Relay, relay_to
from tests.agents.stream_peer import StreamPeer, amplified, is_loud

from mixminus.agents.description import Agent, Detection, Dialect, Kind, Realtime, Turns
from mixminus.agents.io.models import Models
from mixminus.agents.io.voice import Voice

pytestmark = [pytest.mark.network, pytest.mark.timeout(120)]

KEY = os.environ.get("OPENAI_API_KEY", "")
MODEL = os.environ.get("OPENAI_REALTIME_MODEL", "gpt-realtime")
REAL_URL = os.environ.get("OPENAI_REALTIME_URL", "wss://api.openai.com/v1/realtime")

PERSONA = (
    "You are the desk of a hotel, in a test. Speak English. When the caller asks for a story, tell a long one, of "
    "thirty seconds at least. When the caller asks for a note, say that you write it down, and use take_note with "
    "its text."
)
GREETING = "Hello, this is the desk. What can I do for you?"
STORY = " ".join(["Once upon a time there was a king who had three daughters and a horse."] * 4)


class Service:
    """The fake or the real one, behind a relay."""

    def __init__(self, relay: Relay, fake: FakeRealtime | None) -> None:
        self.relay = relay
        self.fake = fake
        self.environment = {"KEY": KEY or "sk-test"}

    def will(self, *turns: Turn | Deed) -> None:
        """What the model does next; the real one is asked for it by the persona and the caller."""
        if self.fake is not None:
            self.fake.will(*turns)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    if KEY:
        async with relay_to(REAL_URL) as relay:
            yield Service(relay, None)
    else:
        async with fake_realtime() as fake, relay_to(fake.url) as relay:
            yield Service(relay, fake)
            assert relay.wrong == []  # the bridge asks, and the fake tells, what OpenAI's own types allow


def an_agent(service: Service, **changes: Any) -> Agent:
    realtime = Realtime(url=service.relay.url, model=MODEL, key_env="KEY", **changes.pop("realtime", {}))
    values = {"persona": PERSONA, "greeting": GREETING, "turns": Turns(silence_s=0), **changes}
    return Agent(name="desk", kind=Kind.REALTIME, realtime=realtime, **values)


async def say(peer: StreamPeer, voice: Voice, text: str) -> int:
    """Speak, and return the tick of the last sound."""
    peer.say(amplified(await voice.say(text, "rms")))
    return await peer.finished_speaking()


def heard_ms(peer: StreamPeer, since: int) -> int:
    """From the waveform: how long the agent was heard."""
    return 20 * sum(map(is_loud, peer.played[since:]))


@pytest.mark.parametrize("detection", Detection)
async def test_the_agent_begins_and_answers_what_it_is_told(
    tmp_path: Path, models: Models, voice: Voice, service: Service, detection: Detection
) -> None:
    service.will(Say(GREETING), Say("We have a room for you."))
    agent = an_agent(service, realtime={"detection": detection})
    async with served(tmp_path, agent, models, environment=service.environment) as at, StreamPeer(at.url) as peer:
        await peer.agent_quiet(for_s=0.5)
        ended = await say(peer, voice, "Good evening. Have you got a room for me?")
        await peer.agent_begins(since=ended)
        await service.relay.until_told("response.done", 2)
        await peer.agent_quiet(for_s=0.5)
        await peer.stop()
        await asyncio.wait_for(at.over.wait(), 5)
    [update] = service.relay.asked("session.update")
    assert update["session"]["audio"]["output"]["format"] == {"type": "audio/pcmu"}
    assert {tool["name"] for tool in update["session"]["tools"]} >= {"take_note", "escalate"}
    assert not service.relay.told("error")
    assert {each["role"] for each in at.told[-1].messages} == {"assistant", "user"}
    assert "desk" in at.heard


@pytest.mark.skipif(bool(KEY), reason="the service speaks the beta no more")
async def test_the_beta_is_spoken_when_it_is_asked_for(
    tmp_path: Path, models: Models, voice: Voice, service: Service
) -> None:
    service.will(Say(GREETING), (Say("I write that down."), Call("take_note", {"text": "tea"})), Say("I have it."))
    agent = an_agent(service, realtime={"events": Dialect.BETA})
    async with served(tmp_path, agent, models, environment=service.environment) as at, StreamPeer(at.url) as peer:
        await peer.agent_quiet(for_s=0.5)
        await say(peer, voice, "Take a note, please: tea.")
        await service.relay.until_told("response.done", 3)
        await peer.agent_quiet(for_s=0.5)
        assert (await at.store.state(peer.call_sid))["notes"] == [{"text": "tea"}]
    assert service.relay.told("response.audio.delta")
    assert not service.relay.told("error")


async def test_a_tool_is_used_when_the_words_before_it_were_heard(
    tmp_path: Path, models: Models, voice: Voice, service: Service
) -> None:
    said = Say("One moment, I write that down for you.")
    service.will(Say(GREETING), (said, Call("take_note", {"text": "tea"})), Say("It is written down."))
    async with (
        served(tmp_path, an_agent(service), models, environment=service.environment) as at,
        StreamPeer(at.url) as peer,
    ):
        await peer.agent_quiet(for_s=0.5)
        ended = await say(peer, voice, "Please take a note that says: tea.")
        result = await service.relay.until_asked("conversation.item.create")
        heard = heard_ms(peer, ended)
        await service.relay.until_told("response.done", 3)
        [note] = (await at.store.state(peer.call_sid))["notes"]
        await peer.agent_quiet(for_s=0.5)
    assert "tea" in note["text"].lower()
    assert result["item"]["type"] == "function_call_output"
    assert not service.relay.told("error")
    if service.fake is not None:
        assert heard >= said.octets / 8 - 60
    asked = service.relay.asked("response.create")
    assert len(asked) == 2  # the greeting, and what to say about the result; the rest the service begins by itself


@pytest.mark.parametrize("reports_played", [False, True])
async def test_a_caller_who_talks_over_it_stops_it_and_it_knows_what_was_heard(
    tmp_path: Path, models: Models, voice: Voice, service: Service, reports_played: bool
) -> None:
    service.will(Say(GREETING), Say(STORY), Say("Of course."))
    async with (
        served(tmp_path, an_agent(service), models, environment=service.environment) as at,
        StreamPeer(at.url, reports_played=reports_played) as peer,
    ):
        await peer.agent_quiet(for_s=0.5)
        ended = await say(peer, voice, "Please tell me a story.")
        began = await peer.agent_begins(since=ended)
        await asyncio.sleep(1.5)
        await say(peer, voice, "Stop it, please.")
        cut = await service.relay.until_asked("conversation.item.truncate")
        await service.relay.until_told("conversation.item.truncated")
        cleared_at = peer.cleared_at[0]
        assert not any(map(is_loud, peer.played[cleared_at + 2 : cleared_at + 20]))
        last = max(tick for tick in range(began, cleared_at + 2) if is_loud(peer.played[tick]))
        await service.relay.until_told("response.done", 3)
        await peer.agent_quiet(for_s=0.5)
        await peer.stop()
        await asyncio.wait_for(at.over.wait(), 5)
    within_ms = 400 if KEY else 20 if reports_played else 60  # a real voice begins with silence; a note does not
    assert abs(cut["audio_end_ms"] - 20 * (last + 1 - began)) <= within_ms
    assert not service.relay.told("error")
    assert "Once upon" in at.heard or service.fake is None
    assert len(at.heard.split()) < len((GREETING + STORY).split()) - 20


async def test_keys_stop_it_and_are_told_as_text(
    tmp_path: Path, models: Models, voice: Voice, service: Service
) -> None:
    service.will(Say(GREETING), Say(STORY), Say("You pressed four and two."))
    async with (
        served(tmp_path, an_agent(service), models, environment=service.environment) as at,
        StreamPeer(at.url) as peer,
    ):
        await peer.agent_quiet(for_s=0.5)
        ended = await say(peer, voice, "Please tell me a story.")
        await peer.agent_begins(since=ended)
        await peer.press("4")
        await service.relay.until_asked("response.cancel")
        await peer.press("2")
        told = await service.relay.until_asked("conversation.item.create")
        await service.relay.until_told("response.done", 3)
        await peer.agent_begins(since=peer.now)
        assert peer.cleared_at
    assert "4 2" in told["item"]["content"][0]["text"]
    cancelled = service.relay.told("response.done")[1]["response"]
    assert cancelled["status_details"]["reason"] == "client_cancelled"
    assert not service.relay.told("error")


@pytest.mark.skipif(bool(KEY), reason="the real service cannot be told to refuse")
async def test_a_refused_response_is_asked_for_again(
    tmp_path: Path, models: Models, voice: Voice, service: Service
) -> None:
    refusal = Fail("rate_limit_exceeded", "Rate limit reached. Please try again in 400ms.")
    service.will(Say(GREETING), refusal, refusal, Say("We have."))
    async with (
        served(tmp_path, an_agent(service), models, environment=service.environment) as at,
        StreamPeer(at.url) as peer,
    ):
        await peer.agent_quiet(for_s=0.5)
        ended = await say(peer, voice, "Have you got a room for me?")
        await peer.agent_begins(since=ended)
    statuses = [event["response"]["status"] for event in service.relay.told("response.done")]
    assert statuses[:3] == ["completed", "failed", "failed"]


async def test_a_broken_line_is_mended_and_the_talk_goes_on(
    tmp_path: Path, models: Models, voice: Voice, service: Service
) -> None:
    service.will(Say(GREETING), Say("We have a room with a view."), Say("It is one hundred a night."))
    if service.fake is not None:
        service.fake.transcripts.extend(["Have you got a room for me?", "How much is it?"])
    async with (
        served(tmp_path, an_agent(service), models, environment=service.environment) as at,
        StreamPeer(at.url) as peer,
    ):
        await peer.agent_quiet(for_s=0.5)
        await say(peer, voice, "Good evening. Have you got a room for me?")
        await service.relay.until_told("response.done", 2)
        await service.relay.until_told("conversation.item.input_audio_transcription.completed")
        await peer.agent_quiet(for_s=0.5)
        await service.relay.cut()
        ended = await say(peer, voice, "How much is it?")  # while the line is down, or just up again
        await peer.agent_begins(since=ended)
        await peer.agent_quiet(for_s=0.5)
    told = [item["item"] for item in service.relay.asked("conversation.item.create", session=1)]
    assert [item["role"] for item in told[:3]] == ["assistant", "user", "assistant"]
    assert "room" in told[1]["content"][0]["text"].lower()
    [update] = service.relay.asked("session.update", session=1)
    assert GREETING not in update["session"]["instructions"]
    assert not service.relay.told("error")


async def test_a_line_that_breaks_in_mid_sentence_lets_what_came_be_heard_and_the_model_goes_on(
    tmp_path: Path, models: Models, voice: Voice, service: Service
) -> None:
    service.will(Say(GREETING), Say(STORY), Say("And they lived happily ever after."))
    async with (
        served(tmp_path, an_agent(service), models, environment=service.environment) as at,
        StreamPeer(at.url) as peer,
    ):
        await peer.agent_quiet(for_s=0.5)
        ended = await say(peer, voice, "Please tell me a story.")
        await peer.agent_begins(since=ended)
        await service.relay.cut()
        await service.relay.until_told("session.updated", session=1)
        await service.relay.until_asked("response.create", session=1)
        await service.relay.until_told("response.done", session=1)
        began = await peer.agent_begins(since=ended)
        await peer.agent_quiet(for_s=0.5)
        assert peer.cleared_at == []
        loud = [tick for tick in range(began, peer.now) if is_loud(peer.played[tick])]
    assert max(20 * (after - before) for before, after in itertools.pairwise(loud)) < 1_500  # the gap, for the caller
    told = [item["item"] for item in service.relay.asked("conversation.item.create", session=1)]
    assert told[-1]["role"] == "assistant"
    assert told[-1]["content"][0]["text"]
    assert not service.relay.told("error")


@pytest.mark.skipif(bool(KEY), reason="nobody waits for sixty minutes")
async def test_a_session_that_expires_is_followed_by_another(
    tmp_path: Path, models: Models, voice: Voice, service: Service
) -> None:
    assert service.fake is not None
    service.will(Say(GREETING), Say("We have."))
    async with (
        served(tmp_path, an_agent(service), models, environment=service.environment) as at,
        StreamPeer(at.url) as peer,
    ):
        await peer.agent_quiet(for_s=0.5)
        await service.fake.sessions[-1].expire()
        ended = await say(peer, voice, "Have you got a room for me?")
        await peer.agent_begins(since=ended)
    assert service.relay.sessions == 2
    assert service.relay.asked("conversation.item.create", session=1)[0]["item"]["role"] == "assistant"


async def test_two_calls_at_once_do_not_hear_each_other(
    tmp_path: Path, models: Models, voice: Voice, service: Service
) -> None:
    service.will(Say(GREETING), Say(GREETING), Say("We have."))
    async with (
        served(tmp_path, an_agent(service), models, environment=service.environment) as at,
        StreamPeer(at.url, call_sid="CA" + "1" * 32) as one,
        StreamPeer(at.url, call_sid="CA" + "2" * 32) as other,
    ):
        await one.agent_quiet(for_s=0.5)
        await other.agent_quiet(for_s=0.5)
        since = other.now
        ended = await say(one, voice, "Have you got a room for me?")
        await one.agent_begins(since=ended)
        assert not any(map(is_loud, other.played[since:]))
    assert service.relay.sessions == 2


async def test_garbage_on_the_stream_harms_nothing(
    tmp_path: Path, models: Models, voice: Voice, service: Service
) -> None:
    service.will(Say(GREETING))
    async with (
        served(tmp_path, an_agent(service), models, environment=service.environment) as at,
        StreamPeer(at.url) as peer,
    ):
        for text in ("", "[]", "{", "null", '{"event":"media"}', '{"event":"mark","mark":7}', '{"event":"dtmf"}'):
            await peer.send_raw(text)
        await peer.send_bytes(b"\xff\xfe")
        await peer.agent_begins(since=0)
        await peer.agent_quiet(for_s=0.3)
        assert not peer.closed.is_set()


async def test_nobody_is_left_in_silence_when_the_service_stays_away(
    tmp_path: Path, models: Models, voice: Voice, service: Service
) -> None:
    """Spoken by the offline voice, then a person is called."""
    service.will(Say(GREETING))
    agent = an_agent(service, on_call="client:ana", realtime={"away_s": 1.0})
    async with served(tmp_path, agent, models, environment=service.environment) as at, StreamPeer(at.url) as peer:
        await peer.agent_quiet(for_s=0.5)
        since = peer.now
        service.relay.is_down = True
        await service.relay.cut()
        await peer.agent_begins(since=since)
        await asyncio.wait_for(at.room.coached.wait(), 30)
        assert at.room.told == ["add client:ana", "coach"]


@pytest.mark.skipif(bool(KEY), reason="the real service cannot be told to fail")
async def test_a_service_that_never_answers_ends_in_words_too(
    tmp_path: Path, models: Models, voice: Voice, service: Service
) -> None:
    service.relay.is_down = True
    agent = an_agent(service, realtime={"away_s": 0.5})  # nobody is on call
    async with served(tmp_path, agent, models, environment=service.environment) as at, StreamPeer(at.url) as peer:
        await peer.agent_begins(since=0)
        await asyncio.wait_for(at.room.ended.wait(), 30)
        assert heard_ms(peer, 0) > 3_000  # the trouble, and goodbye


async def test_a_key_that_is_refused_is_not_tried_again_and_in_no_log(
    tmp_path: Path, models: Models, service: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    environment = {"KEY": "sk-wrong"}
    agent = an_agent(service, on_call="client:ana")
    async with served(tmp_path, agent, models, environment=environment) as at, StreamPeer(at.url) as peer:
        await peer.agent_begins(since=0)
        await asyncio.wait_for(at.room.coached.wait(), 30)
    out, err = capfd.readouterr()
    assert "answered with 401" in out + err
    assert "sk-wrong" not in out + err


async def test_without_a_key_the_stream_is_closed_and_the_log_says_why(
    tmp_path: Path, models: Models, service: Service
) -> None:
    async with (
        served(tmp_path, an_agent(service), models, environment={"OTHER": "x"}) as at,
        StreamPeer(at.url) as peer,
    ):
        await asyncio.wait_for(peer.closed.wait(), 5)
        assert peer.close_code == 1011


async def test_a_stream_that_begins_with_no_text_is_closed(tmp_path: Path, models: Models, service: Service) -> None:
    async with (
        served(tmp_path, an_agent(service), models, environment=service.environment) as at,
        aiohttp.ClientSession() as session,
        session.ws_connect(at.url) as socket,
    ):
        await socket.send_bytes(b"\x00")
        await socket.receive()
        assert socket.close_code == 1002
