"""Streams that outlive their place: agent and caller in a conference and out again, by ear (issue 4, Joining)."""

import asyncio
import itertools
import json
from typing import Any

import pytest
from tests.scenarios.cast import Scene, enter, scenario, twiml
from tests.scenarios.test_streams import AGENT, FRAME_S, connect, heard_hz

from mixminus.testing.rest import AsgiHttpClient
from mixminus.testing.stream_agent import StreamConversation


async def ask(scene: Scene, method: str, path: str, **form: object) -> tuple[int, Any]:
    """Status and JSON of what `/mixminus/v1` answers."""
    client = AsgiHttpClient(scene.world.api)
    auth = (scene.world.account_sid, scene.world.auth_token)
    answer = await client.request(method, f"http://node.example.com/mixminus/v1{path}", data=form, auth=auth)
    return answer.status_code, json.loads(answer.text)


async def move(scene: Scene, talk: StreamConversation, **form: object) -> Any:
    status, answer = await ask(scene, "POST", f"/Streams/{talk.stream_sid}", **form)
    assert status == 200, answer
    return answer


async def alone(scene: Scene, document: str | None = None) -> StreamConversation:
    """Alice talks with an agent and nobody else."""
    agent = scene.world.agents.at(AGENT)
    await scene.calls_in("alice", document or connect())
    return await agent.conversation()


def last_heard(ear: Ear, hertz: int) -> float:
    """When somebody heard the note for the last time."""
    heard = ear.last_heard(hertz)
    assert heard is not None
    return heard


def without_gaps(talk: StreamConversation) -> bool:
    """Whether a frame came every 20 ms from the first to the last, and says so."""
    media = [(at, message["media"]) for at, message in talk.messages if message["event"] == "media"]
    stamps = [int(body["timestamp"]) for _, body in media]
    even = all(abs(later[0] - sooner[0] - FRAME_S) < 1e-6 for sooner, later in itertools.pairwise(media))
    return even and stamps == [20 * n for n in range(1, len(media) + 1)]


# --- in -------------------------------------------------------------------------------------------------------------


@scenario
async def test_caller_and_agent_become_participants_and_the_session_goes_on(scene: Scene) -> None:
    talk = await alone(scene)
    bob = await scene.calls_in("bob", enter("room"))
    moved = await move(scene, talk, Conference="room", Label="ai", CallLabel="caller")
    await asyncio.sleep(1)
    people = await scene.participants()
    assert {one.label for one in people.values()} == {None, "ai", "caller"}
    own = next(sid for sid, one in people.items() if one.label == "ai")
    assert moved["call_sid"] == own != scene.sid("alice")
    assert moved["first_call_sid"] == scene.sid("alice")
    assert moved["conference_sid"] == people[own].conference_sid
    alice = scene.calls["alice"]
    alice.hum(521)
    bob.hum(733)
    talk.hum(971, 3.0)
    await asyncio.sleep(0.3)
    assert talk.hears() == {521, 733}
    assert await heard_hz(scene, "alice") == {733, 971}
    assert await heard_hz(scene, "bob") == {521, 971}
    assert len(talk.said("start")) == 1
    assert talk.said("stop") == []
    assert without_gaps(talk)
    call = await scene.twilio.calls(own).fetch_async()
    assert (call.status, call.direction, call.parent_call_sid) == ("in-progress", "outbound-api", scene.sid("alice"))


@scenario
async def test_what_it_was_saying_is_played_on_without_a_gap(scene: Scene) -> None:
    talk = await alone(scene)
    await scene.calls_in("bob", enter("room", beep=False))
    talk.hum(971, 4.0)
    talk.mark("end")
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(1.007)
    await move(scene, talk, Conference="room", Beep="false")
    await asyncio.sleep(4)
    assert abs(talk.mark_at("end") - began - 4.0) < 0.1
    ear = scene.calls["alice"].line.ear
    cells = [cell.at for cell in ear.notes(began, began + 4.2, (971,)) if cell.notes]
    assert max(later - sooner for sooner, later in itertools.pairwise(cells)) <= 0.04 + 1e-6
    assert ear.last_heard(971) == pytest.approx(began + 4.0, abs=0.1)
    assert (first := scene.calls["bob"].line.ear.first_heard(971)) is not None
    assert first - began == pytest.approx(1.0, abs=0.1)


@scenario
async def test_out_again_they_are_alone_and_nobody_hears_them(scene: Scene) -> None:
    talk = await alone(scene)
    bob = await scene.calls_in("bob", enter("room", beep=False))
    await move(scene, talk, Conference="room", Beep="false")
    await asyncio.sleep(1)
    scene.calls["alice"].hum(521)
    bob.hum(733)
    talk.hum(971, 10.0)
    await asyncio.sleep(1)
    out = asyncio.get_running_loop().time()
    moved = await move(scene, talk, Call=scene.sid("alice"))
    assert (moved["call_sid"], moved["conference_sid"]) == (scene.sid("alice"), None)
    await asyncio.sleep(1)
    assert await heard_hz(scene, "alice") == {971}
    assert talk.hears() == {521}
    assert await heard_hz(scene, "bob") == set()
    for ear, hertz in ((bob.line.ear, 521), (bob.line.ear, 971), (scene.calls["alice"].line.ear, 733)):
        assert last_heard(ear, hertz) <= out + 0.06, "the packet that was under way"
    assert len(await scene.participants()) == 1
    assert without_gaps(talk)


@scenario
async def test_and_the_connect_goes_on_where_it_was(scene: Scene) -> None:
    scene.app.answers("/after", twiml("<Say>after</Say>"))
    talk = await alone(scene, connect(action="/after"))
    await scene.calls_in("bob", enter("room"))
    await move(scene, talk, Conference="room")
    await asyncio.sleep(0.5)
    await move(scene, talk, Call=scene.sid("alice"))
    await asyncio.sleep(0.5)
    assert scene.told("/after") == []
    talk.hang_up()
    assert (await scene.app.wait_for("/after", within_s=2))["CallSid"] == scene.sid("alice")
