"""A track for each other participant, by ear: docs/streams.md, "Tell voices apart"; law 1 says who is heard."""

import asyncio
from typing import Any

import pytest
from tests.scenarios.cast import Scene, enter, scenario, scenario_with, twiml
from tests.scenarios.test_streams import AGENT, agent_joins, connect, heard_hz, start

from mixminus.testing.stream_agent import StreamConversation

ALICE_HZ, BOB_HZ, CAROL_HZ = 521, 733, 971
HIGH_HZ = 1229
"""Not near a beep."""
EARS = "wss://agent.example.com/ears"


def announced(talk: StreamConversation) -> list[tuple[str, str | None, str]]:
    bodies = [message["participant"] for message in talk.said("participant")]
    return [(body["callSid"], body["label"], body["status"]) for body in bodies]


def voices(talk: StreamConversation, *call_sids: str) -> list[set[int]]:
    """What is heard on each one's track."""
    return [set(talk.hears("participant", participant=sid)) for sid in call_sids]


async def alice_and_bob(scene: Scene) -> tuple[str, str]:
    for name, hertz in (("alice", ALICE_HZ), ("bob", BOB_HZ)):
        call = await scene.calls_in(name, enter("room", participant_label=f"the {name}"))
        call.hum(hertz)
    return scene.sid("alice"), scene.sid("bob")


def each_in_order(talk: StreamConversation) -> None:
    """Announced before the first frame, gone after the last, and every frame has one of those who are there."""
    here: set[str] = set()
    for _, message in talk.messages:
        if message["event"] == "participant":
            body = message["participant"]
            assert (body["callSid"] in here) == (body["status"] == "left")
            (here.add if body["status"] == "joined" else here.discard)(body["callSid"])
        elif message["event"] == "media":
            assert message["media"]["track"] == "participant"
            assert message["media"]["participant"] in here
    numbers = [int(message["sequenceNumber"]) for _, message in talk.messages if "sequenceNumber" in message]
    assert numbers == list(range(1, len(numbers) + 1))


@scenario
async def test_an_agent_tells_everybody_apart_and_is_heard(scene: Scene) -> None:
    alice, bob = await alice_and_bob(scene)
    added, talk = await agent_joins(scene, connect(track="participant_tracks"))
    assert talk.start["tracks"] == ["participant"]
    assert announced(talk) == [(alice, "the alice", "joined"), (bob, "the bob", "joined")]
    assert voices(talk, alice, bob, added.call_sid) == [{ALICE_HZ}, {BOB_HZ}, set()]
    talk.hum(CAROL_HZ, 2.0)
    await asyncio.sleep(0.3)
    assert await heard_hz(scene, "alice") == {BOB_HZ, CAROL_HZ}
    assert voices(talk, alice, bob) == [{ALICE_HZ}, {BOB_HZ}]
    each_in_order(talk)


@scenario
async def test_who_comes_is_announced_before_the_first_frame_and_who_goes_after_the_last(scene: Scene) -> None:
    alice, bob = await alice_and_bob(scene)
    _, talk = await agent_joins(scene, connect(track="participant_tracks"))
    carol = await scene.calls_in("carol", enter("room"), settle_s=1.0)
    carol.hum(CAROL_HZ)
    await asyncio.sleep(0.3)
    assert voices(talk, alice, bob, scene.sid("carol")) == [{ALICE_HZ}, {BOB_HZ}, {CAROL_HZ}]
    await scene.calls["bob"].hang_up()
    await asyncio.sleep(1.0)
    assert announced(talk)[2:] == [(scene.sid("carol"), None, "joined"), (bob, "the bob", "left")]
    media = [message["media"] for message in talk.said("media") if message["media"]["participant"] == alice]
    assert [int(one["chunk"]) for one in media] == list(range(1, len(media) + 1))
    each_in_order(talk)
    talk.hang_up()
    await asyncio.sleep(0.3)


@scenario
async def test_law_1_holds_for_every_track(scene: Scene) -> None:
    alice, bob = await alice_and_bob(scene)
    added, talk = await agent_joins(scene, connect(track="participant_tracks"))

    async def heard(who: str, **changes: Any) -> list[set[int]]:
        await scene.update(who, **changes)
        await asyncio.sleep(0.4)
        return voices(talk, alice, bob)

    assert await heard("alice", muted=True) == [set(), {BOB_HZ}]
    assert await heard("alice", muted=False) == [{ALICE_HZ}, {BOB_HZ}]
    assert await heard("alice", hold=True) == [set(), {BOB_HZ}]
    assert await heard("alice", hold=False) == [{ALICE_HZ}, {BOB_HZ}]
    assert await heard("bob", coaching=True, call_sid_to_coach=alice) == [{ALICE_HZ}, set()], "a whisper for Alice"
    assert await heard("bob", coaching=True, call_sid_to_coach=added.call_sid) == [{ALICE_HZ}, {BOB_HZ}]
    assert await heard("bob", coaching=False) == [{ALICE_HZ}, {BOB_HZ}]
    assert await heard(added.call_sid, hold=True) == [set(), set()], "the agent is held"
    assert await heard(added.call_sid, hold=False) == [{ALICE_HZ}, {BOB_HZ}]
    assert await heard(added.call_sid, muted=True) == [{ALICE_HZ}, {BOB_HZ}]
    assert await heard(added.call_sid, coaching=True, call_sid_to_coach=bob) == [{ALICE_HZ}, {BOB_HZ}]
    assert [status for _, _, status in announced(talk)] == ["joined", "joined"], "nobody came or went"


@scenario
async def test_a_note_taker_beside_a_phone_that_goes_from_room_to_room(scene: Scene) -> None:
    """`<Start>` on a phone's own call, before it is in any conference."""
    await alice_and_bob(scene)
    agent = scene.world.agents.at(EARS)
    notes = start(EARS, track="participant_tracks", audio_format="audio/x-l16", then="").removesuffix("</Response>")
    document = notes.removeprefix("<Response>") + "<Dial><Conference>room</Conference></Dial>"
    document += "<Dial><Conference>other</Conference></Dial>"
    carol = await scene.calls_in("carol", twiml(document))
    carol.hum(CAROL_HZ)
    talk = await agent.conversation()
    await asyncio.sleep(1.0)
    alice, bob = scene.sid("alice"), scene.sid("bob")
    assert voices(talk, alice, bob, scene.sid("carol")) == [{ALICE_HZ}, {BOB_HZ}, set()]
    room = await scene.room("room")
    await room.participants(scene.sid("carol")).delete_async()
    await asyncio.sleep(1.0)
    assert [status for _, _, status in announced(talk)] == ["joined", "joined", "left", "left"]
    told = len(talk.said("media"))
    dave = await scene.calls_in("dave", enter("other"), settle_s=1.0)
    dave.hum(ALICE_HZ)
    await asyncio.sleep(0.5)
    assert announced(talk)[4:] == [(scene.sid("dave"), None, "joined")]
    assert len(talk.said("media")) > told
    assert voices(talk, scene.sid("dave")) == [{ALICE_HZ}]
    each_in_order(talk)


@scenario
async def test_two_agents_with_tracks_of_each_other(scene: Scene) -> None:
    alice, _ = await alice_and_bob(scene)
    added, talk = await agent_joins(scene, connect(track="participant_tracks", audio_format="audio/x-l16"))
    scene.app.answers("/second", connect(EARS, track="participant_tracks"))
    scene.world.agents.at(EARS)
    application = await scene.twilio.applications.create_async(
        friendly_name="second", voice_url=scene.world.url("/second")
    )
    second = await scene.twilio.conferences("room").participants.create_async(
        from_="+15550009000", to=f"app:{application.sid}", label="second"
    )
    other = await scene.world.agents.at(EARS).conversation()
    await asyncio.sleep(1.0)
    assert announced(talk)[-1] == (second.call_sid, "second", "joined")
    talk.hum(CAROL_HZ, 2.0)
    other.hum(HIGH_HZ, 2.0)
    await asyncio.sleep(0.5)
    assert voices(talk, alice, second.call_sid) == [{ALICE_HZ}, {HIGH_HZ}]
    assert voices(other, alice, added.call_sid) == [{ALICE_HZ}, {CAROL_HZ}]


@scenario
async def test_a_conference_that_ends_stops_the_agent(scene: Scene) -> None:
    await alice_and_bob(scene)
    _, talk = await agent_joins(scene, connect(track="participant_tracks"))
    room = await scene.room()
    await room.update_async(status="completed")
    await asyncio.sleep(0.5)
    assert talk.closed_with == 1000
    assert talk.messages[-1][1]["event"] == "stop"


@scenario
async def test_a_call_in_no_conference_has_no_tracks(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    alice = await scene.calls_in("alice", connect(track="participant_tracks"))
    talk = await agent.conversation()
    talk.hum(ALICE_HZ, 1.0)
    talk.mark("end")
    await asyncio.sleep(1.3)
    assert talk.said("media") == talk.said("participant") == []
    assert talk.marks == ["end"]
    assert alice.line.ear.last_heard(ALICE_HZ) is not None


@scenario_with()
async def test_both_tracks_are_not_for_connect(scene: Scene) -> None:
    scene.world.agents.at(AGENT)
    await scene.calls_in("alice", connect(track="both_tracks", then="Hello"))
    assert not scene.world.agents.at(AGENT).conversations


def test_there_is_a_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mixminus.app.conferences.participant_tracks.MOST_TRACKS", 1)

    @scenario
    async def story(scene: Scene) -> None:
        alice, bob = await alice_and_bob(scene)
        _, talk = await agent_joins(scene, connect(track="participant_tracks"))
        assert announced(talk) == [(alice, "the alice", "joined")]
        await scene.calls["alice"].hang_up()
        await asyncio.sleep(0.5)
        assert announced(talk)[1:] == [(alice, "the alice", "left"), (bob, "the bob", "joined")]
        assert voices(talk, bob) == [{BOB_HZ}]

    story()


# --- who heard it --------------------------------------------------------------------------------------------------


@scenario
async def test_the_agent_is_told_who_heard_how_much_of_it(scene: Scene) -> None:
    alice, bob = await alice_and_bob(scene)
    carol = await scene.calls_in("carol", enter("room", muted=True))
    added, talk = await agent_joins(scene, connect(report_played=True))
    await scene.update("bob", hold=True)
    talk.hum(HIGH_HZ, 5.0)
    await asyncio.sleep(1.007)
    await scene.update("bob", hold=False)
    await asyncio.sleep(0.5)
    await scene.update(added.call_sid, muted=True)
    await asyncio.sleep(0.5)
    talk.clear()
    await asyncio.sleep(0.2)
    (message,) = talk.said("played")
    told = {one["callSid"]: int(one["heardMs"]) for one in message["played"]["heardBy"]}
    ears = {alice: scene.calls["alice"], bob: scene.calls["bob"], scene.sid("carol"): carol}
    assert told.keys() == ears.keys()
    for call_sid, call in ears.items():
        first, last = call.line.ear.first_heard(HIGH_HZ), call.line.ear.last_heard(HIGH_HZ)
        assert first is not None
        assert last is not None
        assert abs(told[call_sid] - 1000 * (last - first)) <= 60
    assert 400 < told[bob] < 700 < told[alice] < int(message["played"]["playedMs"]) - 300


@scenario
async def test_a_whisper_is_heard_by_its_coachee_and_by_nobody_else(scene: Scene) -> None:
    alice, bob = await alice_and_bob(scene)
    added, talk = await agent_joins(scene, connect(report_played=True))
    await scene.update(added.call_sid, coaching=True, call_sid_to_coach=bob)
    talk.hum(HIGH_HZ, 5.0)
    await asyncio.sleep(1.0)
    talk.clear()
    await asyncio.sleep(0.2)
    (message,) = talk.said("played")
    told = {one["callSid"]: one["heardMs"] for one in message["played"]["heardBy"]}
    assert told == {alice: "0", bob: message["played"]["playedMs"]}
