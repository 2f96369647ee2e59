"""Streams that outlive their place: agent and caller in a conference and out again, by ear (issue 4, Joining)."""

import asyncio
import itertools
import json
from typing import Any

import pytest
from tests.scenarios.cast import Scene, enter, scenario, twiml
from tests.scenarios.test_nothing_left_over import FORGOTTEN_AFTER_S, held
from tests.scenarios.test_stream_formats import opus_hum
from tests.scenarios.test_streams import AGENT, FRAME_S, agent_joins, connect, heard_hz

from mixminus.testing.ear import Ear
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


# --- leaks ----------------------------------------------------------------------------------------------------------


@scenario
async def test_moved_in_as_a_coach_it_is_heard_by_its_coachee_alone_from_that_tick_on(scene: Scene) -> None:
    talk = await alone(scene)
    bob = await scene.calls_in("bob", enter("room", beep=False))
    talk.hum(971, 5.0)
    await asyncio.sleep(1.0)
    moved_at = asyncio.get_running_loop().time()
    await move(scene, talk, Conference="room", CallSidToCoach=scene.sid("bob"), Beep="false")
    await asyncio.sleep(1.0)
    assert last_heard(scene.calls["alice"].line.ear, 971) <= moved_at + 0.06
    assert bob.hears(971)
    scene.calls["alice"].hum(521)
    bob.hum(733)
    await asyncio.sleep(0.3)
    assert talk.hears() == {521, 733}


@scenario
async def test_it_may_coach_the_caller_that_it_comes_with(scene: Scene) -> None:
    talk = await alone(scene)
    await scene.calls_in("bob", enter("room"))
    await move(scene, talk, Conference="room", Coaching="true", CallSidToCoach=scene.sid("alice"))
    await asyncio.sleep(1.0)
    talk.hum(971, 1.0)
    await asyncio.sleep(0.3)
    assert await heard_hz(scene, "alice") == {971}
    assert await heard_hz(scene, "bob") == set()


@pytest.mark.parametrize("wish", [{"CallSidToCoach": "bob"}, {"Muted": "true"}])
def test_what_was_whispered_or_muted_is_not_played_to_the_caller_when_they_leave(wish: dict[str, str]) -> None:
    @scenario
    async def story(scene: Scene) -> None:
        talk = await alone(scene)
        await scene.calls_in("bob", enter("room", beep=False))
        form = {name: scene.sid("bob") if value == "bob" else value for name, value in wish.items()}
        await move(scene, talk, Conference="room", Beep="false", **form)
        await asyncio.sleep(0.5)
        talk.hum(971, 5.0)
        talk.mark("said")
        await asyncio.sleep(1.0)
        await move(scene, talk, Call=scene.sid("alice"))
        await asyncio.sleep(0.1)
        assert talk.marks == ["said"], "as after a clear"
        await asyncio.sleep(1.0)
        assert scene.calls["alice"].line.ear.last_heard(971) is None
        talk.hum(521, 1.0)
        await asyncio.sleep(0.3)
        assert scene.calls["alice"].hears(521)

    story()


@scenario
async def test_with_whoever_waits_for_a_moderator_they_wait_in_silence(scene: Scene) -> None:
    talk = await alone(scene)
    await scene.calls_in("bob", enter("room", start_conference_on_enter=False))
    talk.hum(971, 5.0)
    await asyncio.sleep(0.5)
    moved_at = asyncio.get_running_loop().time()
    await move(
        scene, talk, Conference="room", StartConferenceOnEnter="false", CallStartConferenceOnEnter="false", WaitUrl=""
    )
    await asyncio.sleep(1)
    assert (await scene.conference()).status == "init"
    assert last_heard(scene.calls["alice"].line.ear, 971) <= moved_at + 0.06
    assert talk.loudest(0.5) == 0


# --- endings --------------------------------------------------------------------------------------------------------


@scenario
async def test_when_the_agent_closes_the_caller_stays_until_the_conference_lets_it_go(scene: Scene) -> None:
    scene.app.answers("/after", twiml("<Say>after</Say>"))
    talk = await alone(scene, connect(action="/after"))
    await scene.calls_in("bob", enter("room"))
    moved = await move(scene, talk, Conference="room")
    await asyncio.sleep(0.5)
    talk.hang_up()
    await asyncio.sleep(0.5)
    assert set(await scene.participants()) == {scene.sid("alice"), scene.sid("bob")}
    assert await scene.call_status(moved["call_sid"]) == "completed"
    assert scene.told("/after") == []
    room = await scene.room()
    await room.update_async(status="completed")
    assert (await scene.app.wait_for("/after", within_s=2))["CallSid"] == scene.sid("alice")


@scenario
async def test_when_the_caller_hangs_up_the_agent_stays_with_the_others(scene: Scene) -> None:
    talk = await alone(scene)
    bob = await scene.calls_in("bob", enter("room"))
    await move(scene, talk, Conference="room")
    await asyncio.sleep(0.5)
    await scene.calls["alice"].hang_up()
    await asyncio.sleep(1)
    bob.hum(733)
    await asyncio.sleep(0.3)
    assert talk.hears() == {733}
    assert talk.is_open
    await bob.hang_up()


@scenario
async def test_or_goes_with_it_when_that_was_asked_for(scene: Scene) -> None:
    talk = await alone(scene)
    await scene.calls_in("bob", enter("room", then="bye"))
    await move(scene, talk, Conference="room", CallEndConferenceOnExit="true")
    await asyncio.sleep(0.5)
    await scene.calls["alice"].hang_up()
    await asyncio.sleep(0.3)
    assert (talk.messages[-1][1]["event"], talk.closed_with) == ("stop", 1000)
    assert talk.messages[-1][1]["stop"]["callSid"] == scene.sid("alice"), "of the call in which it began"
    assert (await scene.conference()).status == "completed"


@scenario
async def test_an_agent_that_was_moved_is_removed_like_anybody(scene: Scene) -> None:
    talk = await alone(scene)
    await scene.calls_in("bob", enter("room"))
    moved = await move(scene, talk, Conference="room", StatusCallback=scene.world.url("/leg"))
    await asyncio.sleep(0.5)
    await (await scene.room()).participants(moved["call_sid"]).delete_async()
    await asyncio.sleep(0.3)
    assert (talk.messages[-1][1]["event"], talk.closed_with) == ("stop", 1000)
    assert scene.statuses("/leg") == ["completed"]
    assert set(await scene.participants()) == {scene.sid("alice"), scene.sid("bob")}
    assert len(scene.world.node.streams) == 0


@scenario
async def test_its_own_time_limit_is_its_own(scene: Scene) -> None:
    talk = await alone(scene)
    await scene.calls_in("bob", enter("room"))
    moved = await move(scene, talk, Conference="room", TimeLimit="2")
    await asyncio.sleep(2.5)
    assert talk.closed_with == 1000
    assert await scene.call_status(moved["call_sid"]) == "completed"
    assert set(await scene.participants()) == {scene.sid("alice"), scene.sid("bob")}


@scenario
async def test_a_caller_that_is_removed_goes_on_without_the_agent(scene: Scene) -> None:
    talk = await alone(scene, connect(then="goodbye"))
    await scene.calls_in("bob", enter("room"))
    await move(scene, talk, Conference="room")
    await asyncio.sleep(0.5)
    await (await scene.room()).participants(scene.sid("alice")).delete_async()
    await scene.calls["alice"].ended(within_s=5)
    assert talk.is_open


@scenario
async def test_a_caller_that_is_redirected_leaves_the_agent_there(scene: Scene) -> None:
    talk = await alone(scene)
    await scene.calls_in("bob", enter("room"))
    await move(scene, talk, Conference="room")
    await asyncio.sleep(0.5)
    await scene.twilio.calls(scene.sid("alice")).update_async(twiml=twiml('<Pause length="5"/>'))
    await asyncio.sleep(0.2)
    assert scene.sid("alice") not in await scene.participants()
    assert talk.is_open


# --- elsewhere ------------------------------------------------------------------------------------------------------


@scenario
async def test_an_agent_leaves_with_somebody_else(scene: Scene) -> None:
    talk = await alone(scene)
    bob = await scene.calls_in("bob", enter("room", then="never"))
    await move(scene, talk, Conference="room")
    await asyncio.sleep(1)
    await move(scene, talk, Call=scene.sid("bob"))
    await asyncio.sleep(0.5)
    bob.hum(733)
    scene.calls["alice"].hum(521)
    talk.hum(971, 2.0)
    await asyncio.sleep(0.5)
    assert talk.hears() == {733}
    assert await heard_hz(scene, "bob") == {971}
    assert await heard_hz(scene, "alice") == set()
    assert set(await scene.participants()) == {scene.sid("alice")}
    assert without_gaps(talk)
    talk.hang_up()
    await bob.ended(within_s=2)


@scenario
async def test_an_agent_goes_from_one_caller_to_another(scene: Scene) -> None:
    talk = await alone(scene, connect(then="goodbye"))
    carol = await scene.calls_in("carol", twiml("<Play loop='0'>media:700hz</Play>"))
    await move(scene, talk, Call=scene.sid("carol"))
    carol.hum(733)
    await asyncio.sleep(0.5)
    assert talk.hears() == {733}
    await scene.calls["alice"].ended(within_s=5)
    assert talk.is_open


@scenario
async def test_an_application_goes_from_conference_to_conference_with_its_leg(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room"))
    bob = await scene.calls_in("bob", enter("hall", beep=False))
    added, talk = await agent_joins(scene, connect(), beep="false")
    alice.hum(521)
    bob.hum(733)
    talk.hum(971, 5.0)
    await asyncio.sleep(0.5)
    moved_at = asyncio.get_running_loop().time()
    moved = await move(scene, talk, Conference="hall", Label="ai", Beep="false")
    await asyncio.sleep(1)
    assert moved["call_sid"] == added.call_sid
    assert talk.hears() == {733}
    assert await heard_hz(scene, "bob") == {971}
    assert last_heard(alice.line.ear, 971) <= moved_at + 0.06
    assert without_gaps(talk)
    hall = await scene.participants("hall")
    assert hall[added.call_sid].label == "ai"
    await (await scene.room("hall")).participants("ai").delete_async()
    await asyncio.sleep(0.2)
    assert (talk.messages[-1][1]["event"], talk.closed_with) == ("stop", 1000)
    assert await scene.call_status(added.call_sid) == "completed"


@scenario
async def test_an_application_may_be_left_alone_with_a_caller(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    added, talk = await agent_joins(scene, connect(then="never"))
    await move(scene, talk, Call=scene.sid("alice"))
    alice.hum(521)
    await asyncio.sleep(0.5)
    assert talk.hears() == {521}
    assert await scene.call_status(added.call_sid) == "completed"
    assert set(await scene.participants()) == {scene.sid("bob")}
    await alice.hang_up()
    await asyncio.sleep(0.2)
    assert (talk.messages[-1][1]["event"], talk.closed_with) == ("stop", 1000)


@scenario
async def test_what_an_application_whispered_in_one_conference_is_not_heard_in_the_next(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room", beep=False))
    bob = await scene.calls_in("bob", enter("hall", beep=False, wait_url=""))
    _, talk = await agent_joins(scene, connect(), beep="false", call_sid_to_coach=scene.sid("alice"))
    talk.hum(971, 5.0)
    talk.mark("said")
    await asyncio.sleep(1)
    assert scene.calls["alice"].hears(971)
    await move(scene, talk, Conference="hall", Beep="false")
    await asyncio.sleep(1)
    assert talk.marks == ["said"]
    assert abs(bob.heard.astype(int)).max() == 0
    talk.hum(971, 1.0)
    await asyncio.sleep(0.5)
    assert bob.hears(971)


@scenario
async def test_a_document_may_take_an_agent_elsewhere_by_the_agents_own_call(scene: Scene) -> None:
    talk = await alone(scene)
    await scene.calls_in("bob", enter("room"))
    carol = await scene.calls_in("carol", enter("hall"))
    dave = await scene.calls_in("dave", enter("yard"))
    own = (await move(scene, talk, Conference="room"))["call_sid"]
    await asyncio.sleep(0.5)
    await scene.twilio.calls(own).update_async(twiml=enter("hall"))
    carol.hum(733)
    dave.hum(971)
    await asyncio.sleep(1)
    assert talk.hears() == {733}
    await move(scene, talk, Conference="yard")
    await asyncio.sleep(1)
    assert talk.hears() == {971}
    assert without_gaps(talk)
    await (await scene.room("yard")).update_async(status="completed")
    await asyncio.sleep(0.2)
    assert (talk.messages[-1][1]["event"], talk.closed_with) == ("stop", 1000)
    assert await scene.call_status(own) == "completed"


@scenario
async def test_an_agent_that_is_bridged_with_its_caller_is_not_moved(scene: Scene) -> None:
    scene.app.answers("/agent", connect())
    made = await scene.twilio.applications.create_async(friendly_name="ai", voice_url=scene.world.url("/agent"))
    agent = scene.world.agents.at(AGENT)
    dial = f"<Dial><Application><ApplicationSid>{made.sid}</ApplicationSid></Application></Dial>"
    await scene.calls_in("alice", twiml(dial))
    talk = await agent.conversation()
    status, answer = await ask(scene, "POST", f"/Streams/{talk.stream_sid}", Conference="new")
    assert (status, answer["code"]) == (409, 16099)
    assert scene.world.exchange.live_conferences == ()
    assert talk.is_open


# --- two at once, and what is refused -------------------------------------------------------------------------------


@scenario
async def test_of_two_moves_at_once_the_last_one_stands(scene: Scene) -> None:
    talk = await alone(scene)
    bob = await scene.calls_in("bob", enter("room"))
    carol = await scene.calls_in("carol", enter("hall"))
    await asyncio.gather(
        move(scene, talk, Conference="room"),
        move(scene, talk, Call=scene.sid("alice")),
        move(scene, talk, Conference="hall"),
        move(scene, talk, Call=scene.sid("alice")),
    )
    await asyncio.sleep(1)
    bob.hum(733)
    carol.hum(971)
    scene.calls["alice"].hum(521)
    await asyncio.sleep(0.5)
    assert talk.hears() == {521}
    assert without_gaps(talk)
    for name in ("room", "hall"):
        assert len(await scene.participants(name)) == 1
    await scene.calls["alice"].hang_up()
    await asyncio.sleep(0.3)
    assert talk.closed_with == 1000


@scenario
async def test_a_refused_move_changes_nothing(scene: Scene) -> None:
    talk = await alone(scene)
    await scene.calls_in("bob", enter("room", participant_label="taken", max_participants=2))
    await scene.calls_in("carol", enter("hall", participant_label="taken"))
    nowhere, stranger = "CF" + "0" * 32, "CA" + "0" * 32
    for form, status, code in (
        ({"Conference": "room"}, 409, 16020),
        ({"Conference": "hall", "Label": "taken"}, 409, 16026),
        ({"Conference": "hall", "Label": "same", "CallLabel": "same"}, 409, 16026),
        ({"Conference": "hall", "CallSidToCoach": stranger}, 400, 16028),
        ({"Conference": "new", "CallSidToCoach": stranger}, 400, 16028),
        ({"Conference": nowhere}, 404, 16022),
        ({"Conference": "hall", "Call": scene.sid("bob")}, 400, 16002),
        ({"Call": "x"}, 400, 16002),
        ({"Call": stranger}, 400, 21220),
        ({"Conference": "a/b"}, 400, 16002),
        ({"Conference": "hall", "Muted": "perhaps"}, 400, 16002),
        ({}, 400, 16002),
    ):
        assert (await ask(scene, "POST", f"/Streams/{talk.stream_sid}", **form))[::-1][0].get("code") == code, form
        assert (await ask(scene, "POST", f"/Streams/{talk.stream_sid}", **form))[0] == status, form
    assert len(await scene.twilio.conferences.list_async(friendly_name="new")) == 0
    assert len(scene.world.exchange.live_conferences) == 2
    assert (await ask(scene, "POST", "/Streams/MZ" + "0" * 32, Conference="room"))[0] == 404
    scene.calls["alice"].hum(521)
    await asyncio.sleep(0.3)
    assert talk.hears() == {521}
    status, listed = await ask(scene, "GET", "/Streams")
    assert (status, [one["sid"] for one in listed["streams"]]) == (200, [talk.stream_sid])
    assert (await ask(scene, "GET", f"/Streams?CallSid={scene.sid('bob')}"))[1]["streams"] == []
    assert (await ask(scene, "GET", f"/Streams/{talk.stream_sid}"))[1]["call_sid"] == scene.sid("alice")


@scenario
async def test_a_call_has_one_agent(scene: Scene) -> None:
    talk = await alone(scene)
    await scene.calls_in("bob", connect())
    other = await scene.world.agents.at(AGENT).conversation(1)
    status, answer = await ask(scene, "POST", f"/Streams/{talk.stream_sid}", Call=scene.sid("bob"))
    assert (status, answer["code"]) == (409, 31941)
    assert (await move(scene, other, Call=scene.sid("bob")))["call_sid"] == scene.sid("bob"), "there it is"


@scenario
async def test_two_agents_are_not_left_alone_with_each_other(scene: Scene) -> None:
    talk = await alone(scene)
    await scene.calls_in("bob", connect())
    other = await scene.world.agents.at(AGENT).conversation(1)
    own = (await move(scene, talk, Conference="room"))["call_sid"]
    for stream in (talk, other):
        status, answer = await ask(scene, "POST", f"/Streams/{stream.stream_sid}", Call=own)
        assert (status, answer["code"]) == (409, 16099)


@scenario
async def test_an_agent_that_closes_or_a_caller_that_hangs_up_in_the_very_moment(scene: Scene) -> None:
    talk = await alone(scene)
    await scene.calls_in("bob", enter("room"))
    talk.hang_up()
    assert (await ask(scene, "POST", f"/Streams/{talk.stream_sid}", Conference="room"))[0] in (200, 404)
    await asyncio.sleep(0.5)
    assert len(scene.world.node.streams) == 0
    assert set(await scene.participants()) <= {scene.sid("alice"), scene.sid("bob")}


@scenario
async def test_keys_go_to_the_agent_while_it_is_alone_with_the_caller(scene: Scene) -> None:
    talk = await alone(scene)
    await scene.calls_in("bob", enter("room"))
    await move(scene, talk, Conference="room")
    await asyncio.sleep(0.5)
    await scene.calls["alice"].press("1")
    await asyncio.sleep(0.5)
    await move(scene, talk, Call=scene.sid("alice"))
    await scene.calls["alice"].press("2")
    await asyncio.sleep(0.5)
    assert [message["dtmf"]["digit"] for message in talk.said("dtmf")] == ["2"]


@scenario
async def test_moves_leave_nothing_behind(scene: Scene) -> None:
    async def one_evening(n: int) -> None:
        room, alice, bob = f"room{n}", f"alice{n}", f"bob{n}"
        agent = scene.world.agents.at(AGENT)
        before = len(agent.conversations)
        hers = await scene.calls_in(alice, connect())
        talk = await agent.conversation(before)
        his = await scene.calls_in(bob, enter(room))
        talk.hum(971, 3.0)
        for form in (
            {"Conference": room},
            {"Call": scene.sid(alice)},
            {"Conference": room},
            {"Call": scene.sid(bob)},
        ):
            await move(scene, talk, **form)
            await asyncio.sleep(0.3)
        await hers.hang_up()
        await his.hang_up()
        agent.conversations.clear()
        await asyncio.sleep(FORGOTTEN_AFTER_S)

    for n in range(2):
        await one_evening(n)
    before = held(scene)
    for n in range(2, 4):
        await one_evening(n)
    after = held(scene)
    more = {path for path, size in after.items() if size > before.get(path, 0) and "sip_traces" not in path}
    assert more == set()


# --- in other formats -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("audio_format", "sample_rate"), [("audio/x-l16", "16000"), ("audio/opus", "48000")])
def test_a_stream_in_another_format_is_moved_as_any(audio_format: str, sample_rate: str) -> None:
    @scenario
    async def story(scene: Scene) -> None:
        talk = await alone(scene, connect(audio_format=audio_format, sample_rate=sample_rate))
        bob = await scene.calls_in("bob", enter("room", beep=False))
        alice = scene.calls["alice"]
        await move(scene, talk, Conference="room", Beep="false")
        alice.hum(521)
        bob.hum(733)
        (opus_hum if audio_format == "audio/opus" else StreamConversation.hum)(talk, 971, 2.0)
        await asyncio.sleep(0.5)
        assert talk.hears() == {521, 733}
        assert await heard_hz(scene, "alice") == {733, 971}
        assert await heard_hz(scene, "bob") == {521, 971}
        await move(scene, talk, Call=scene.sid("alice"))
        await asyncio.sleep(0.3)
        assert talk.hears() == {521}
        assert await heard_hz(scene, "alice") == {971}
        assert await heard_hz(scene, "bob") == set()
        assert without_gaps(talk)

    story()


@scenario
async def test_it_tells_apart_whoever_is_where_it_was_moved(scene: Scene) -> None:
    talk = await alone(scene, connect(track="participant_tracks"))
    await scene.calls_in("bob", enter("room"))
    await scene.calls_in("carol", enter("hall"))
    for form in ({"Conference": "room"}, {"Conference": "hall"}, {"Call": scene.sid("carol")}):
        await move(scene, talk, **form)
        await asyncio.sleep(0.5)
    told = [(body["callSid"], body["status"]) for body in (one["participant"] for one in talk.said("participant"))]
    alice, bob, carol = (scene.sid(name) for name in ("alice", "bob", "carol"))
    assert set(told[:2]) == {(alice, "joined"), (bob, "joined")}
    assert set(told[2:4]) == {(alice, "left"), (bob, "left")}
    assert told[4:] == [(carol, "joined"), (carol, "left")]
