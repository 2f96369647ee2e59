"""An application as a participant, from ringing to the last word: answered, refused, failed, removed like a phone."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.scenarios.cast import ALL_EVENTS, CALLBACK, NUMBER, Scene, enter, enter_telling, scenario, twiml
from tests.scenarios.test_streams import AGENT, connect, hears_speech

from mixminus.calls.records import CallRecord
from mixminus.testing.stream_agent import StreamAgent
from mixminus.webhooks.contract import WebhookCall

LEG_EVENTS = ["initiated", "ringing", "answered", "completed"]


async def application(scene: Scene, document: str, path: str = "/agent") -> str:
    scene.app.answers(path, document)
    made = await scene.twilio.applications.create_async(friendly_name="agent", voice_url=scene.world.url(path))
    return f"app:{made.sid}"


async def adds_agent(scene: Scene, document: str, room: str = "room", **options: Any) -> Any:
    to = await application(scene, document)
    participants = scene.twilio.conferences(room).participants
    callbacks = {"status_callback": scene.world.url("/leg"), "status_callback_event": LEG_EVENTS}
    return await participants.create_async(**{"from_": NUMBER, "to": to} | callbacks | options)


def deliveries(scene: Scene) -> list[str]:
    """From now on what the node hands to the sender, in order; an agent's `stop` and close are put among them."""
    told: list[str] = []
    send = scene.world.sender.send

    def record(key: str, call: WebhookCall, failure_code: int) -> None:
        form = dict(call.parameters)
        told.append(form.get("StatusCallbackEvent") or form.get("StreamEvent") or form.get("CallStatus", "?"))
        send(key, call, failure_code)

    scene.world.sender.send = record  # type: ignore[method-assign]
    return told


def witness(agent: StreamAgent, told: list[str]) -> None:
    """Write down when the agent was told."""
    react = agent.react

    def watch(conversation: Any, message: Any) -> None:
        react(conversation, message)
        if message["event"] == "stop":
            told.append("stop")
            close: Callable[[int], None] = conversation.close

            def closed(code: int = 1000) -> None:
                told.append(f"close {code}")
                close(code)

            conversation.close = closed

    agent.react = watch


# --- answered -------------------------------------------------------------------------------------------------------


@scenario
async def test_it_rings_until_its_stream_is_up(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    agent.delay_s = 3
    await scene.calls_in("alice", enter_telling("room"))
    added = await adds_agent(scene, connect())
    await asyncio.sleep(1)
    assert await scene.call_status(added.call_sid) == "ringing"
    assert (await scene.participants())[added.call_sid].status == "ringing"
    assert scene.events() == ["participant-join"]
    await asyncio.sleep(2.5)
    assert (await scene.participants())[added.call_sid].status == "connected"
    assert scene.events() == ["participant-join", "participant-join", "conference-start"]
    assert scene.statuses("/leg") == ["initiated", "ringing", "in-progress"]


@scenario
async def test_its_stream_begins_when_it_is_answered(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    agent.delay_s = 3
    alice = await scene.calls_in("alice", enter("room"))
    await adds_agent(scene, connect())
    talk = await agent.conversation(within_s=5)
    alice.hum(521)
    await asyncio.sleep(1.0)
    assert talk.hears() == {521}


@scenario
async def test_a_document_that_says_something_first_is_answered_by_that(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    agent.delay_s = 5
    await scene.calls_in("alice", enter("room"))
    added = await adds_agent(scene, connect().replace("<Response>", "<Response><Say>hello</Say>"))
    assert await hears_speech(scene, "alice") or await hears_speech(scene, "alice")
    assert await scene.call_status(added.call_sid) == "in-progress"


@scenario
async def test_one_that_listens_beside_what_it_does_is_answered_by_that(scene: Scene) -> None:
    """A note taker: `<Start><Stream>` and nothing to say."""
    agent = scene.world.agents.at(AGENT)
    alice = await scene.calls_in("alice", enter("room"))
    start = f'<Start><Stream url="{AGENT}" track="inbound_track"/></Start>'
    added = await adds_agent(scene, twiml(start, '<Pause length="60"/>'))
    alice.hum(521)
    await asyncio.sleep(1.5)
    assert await scene.call_status(added.call_sid) == "in-progress"
    assert (await agent.conversation()).hears() == {521}


@scenario
async def test_one_that_pauses_first_answers_later(scene: Scene) -> None:
    scene.world.agents.at(AGENT)
    await scene.calls_in("alice", enter("room"))
    added = await adds_agent(scene, connect().replace("<Response>", '<Response><Pause length="2"/>'))
    await asyncio.sleep(1)
    assert await scene.call_status(added.call_sid) == "ringing"
    await asyncio.sleep(1.5)
    assert await scene.call_status(added.call_sid) == "in-progress"


@scenario
async def test_nobody_waits_longer_than_the_timeout(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    agent.delay_s = 30
    await scene.calls_in("alice", enter("room"))
    added = await adds_agent(scene, connect(), timeout=5)
    await asyncio.sleep(6)
    assert await scene.call_status(added.call_sid) == "no-answer"
    await asyncio.sleep(30)
    assert agent.conversations == []
    assert len(scene.world.node.streams) == 0


# --- not answered ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [31920, 31902, 31901, 31910])
def test_an_agent_that_cannot_be_reached_is_a_failed_leg_and_says_why(code: int) -> None:
    @scenario
    async def story(scene: Scene) -> None:
        scene.world.agents.at(AGENT).refuses(code)
        alice = await scene.calls_in("alice", enter_telling("room"))
        added = await adds_agent(scene, connect())
        await asyncio.sleep(0.5)
        assert scene.statuses("/leg") == ["initiated", "ringing", "failed"]
        last = scene.told("/leg")[-1]
        assert (last["ErrorCode"], last["ErrorMessage"]) == (str(code), "The agent did not accept the upgrade")
        [left] = scene.told(StatusCallbackEvent="participant-leave")
        assert (left["ReasonParticipantLeft"], left["ParticipantCallStatus"]) == ("participant_add_failed", "failed")
        assert left["Reason"] == f"{code}: The agent did not accept the upgrade"
        assert "participant-join" not in scene.events()[1:]
        call = await scene.twilio.calls(added.call_sid).fetch_async()
        assert (call.status, call.start_time is not None, call.duration) == ("failed", True, "0")
        assert alice.end is None

    story()


@scenario
async def test_its_document_may_say_sorry_instead(scene: Scene) -> None:
    scene.world.agents.at(AGENT).refuses()
    await scene.calls_in("alice", enter("room"))
    await adds_agent(scene, connect(then="sorry"))
    heard = [await hears_speech(scene, "alice") for _ in range(3)]
    assert any(heard)


@pytest.mark.parametrize(
    ("verbs", "status"),
    [
        ('<Reject reason="busy"/>', "busy"),
        ("<Reject/>", "failed"),
        ("<Hangup/>", "busy"),
        ("", "failed"),
        ('<Pause length="1"/>', "failed"),
        ('<Connect><Stream url="http://agent.example.com/"/></Connect>', "failed"),
        ('<Connect><Stream url="wss://agent.example.com/media" track="both_tracks"/></Connect>', "failed"),
    ],
)
def test_a_document_that_never_answers_is_a_leg_that_was_not_answered(verbs: str, status: str) -> None:
    @scenario
    async def story(scene: Scene) -> None:
        await scene.calls_in("alice", enter_telling("room"))
        added = await adds_agent(scene, twiml(verbs))
        await asyncio.sleep(2)
        assert scene.statuses("/leg") == ["initiated", "ringing", status]
        assert scene.events() == ["participant-join", "participant-leave"]
        assert added.call_sid not in await scene.participants()

    story()


@scenario
async def test_so_is_one_that_cannot_be_had(scene: Scene) -> None:
    await scene.calls_in("alice", enter_telling("room"))
    await adds_agent(scene, "<Response><Connect>")
    await asyncio.sleep(1)
    last = scene.told("/leg")[-1]
    assert (last["CallStatus"], last["ErrorCode"]) == ("failed", "12100")
    assert not await hears_speech(scene, "alice")


@scenario
async def test_a_caller_who_dials_it_goes_on(scene: Scene) -> None:
    """`<Dial><Application>`: the action is told, and nobody sits in silence."""
    scene.world.agents.at(AGENT).refuses()
    to = await application(scene, connect())
    dial = f'<Dial action="/after"><Application><ApplicationSid>{to[4:]}</ApplicationSid></Application></Dial>'
    scene.app.answers("/after", twiml("<Say>sorry</Say>"))
    await scene.calls_in("alice", twiml(dial))
    assert (await scene.app.wait_for("/after", within_s=2))["DialCallStatus"] == "failed"


@scenario
async def test_one_that_is_let_go_while_it_rings_is_canceled(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    agent.delay_s = 3
    await scene.calls_in("alice", enter("room"))
    added = await adds_agent(scene, connect(), label="ai")
    await asyncio.sleep(0.5)
    await (await scene.room()).participants("ai").delete_async()
    await asyncio.sleep(4)
    assert await scene.call_status(added.call_sid) == "canceled"
    assert agent.conversations == []


# --- leaving --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["participants", "calls", "conference", "moderator"])
def test_the_agent_is_told_before_anybody_else_and_once(by: str) -> None:
    """ai-and-desk.md 3.3: `stop`, the close code, then participant-leave, in that order, once."""

    @scenario
    async def story(scene: Scene) -> None:
        agent = scene.world.agents.at(AGENT)
        told = deliveries(scene)
        witness(agent, told)
        alice = await scene.calls_in("alice", enter_telling("room", end_conference_on_exit=by == "moderator"))
        await scene.calls_in("bob", enter("room"))
        added = await adds_agent(scene, connect(action="/never"), status_callback_event=["completed"])
        await asyncio.sleep(0.5)
        told.clear()
        room = await scene.room()
        match by:
            case "participants":
                await room.participants(added.call_sid).delete_async()
            case "calls":
                await scene.twilio.calls(added.call_sid).update_async(status="completed")
            case "conference":
                await room.update_async(status="completed")
            case "moderator":
                await alice.hang_up()
        await asyncio.sleep(0.5)
        mine = [what for what in told if what not in ("conference-end", "?")]
        left = mine.index("stop")
        assert mine[left : left + 3] == ["stop", "close 1000", "participant-leave"]
        assert (mine.count("stop"), mine.count("close 1000")) == (1, 1)
        [gone] = scene.told(StatusCallbackEvent="participant-leave", CallSid=added.call_sid)
        assert (
            gone["Reason"]
            == {
                "participants": "The participant was removed through the Participants API.",
                "calls": "Ended through the API.",
                "conference": "The conference was ended through the API.",
                "moderator": "A participant with endConferenceOnExit hung up.",
            }[by]
        )
        assert scene.statuses("/leg") == ["completed"]
        assert scene.told("/never") == []
        assert len(agent.conversations) == 1

    story()


@scenario
async def test_the_log_says_why_everybody_left(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    await scene.calls_in("alice", enter_telling("room"))
    bob = await scene.calls_in("bob", enter("room"))
    await scene.adds("carol", status_callback=CALLBACK + "/leg")
    added = await adds_agent(scene, connect())
    await asyncio.sleep(0.5)
    (await agent.conversation()).hang_up()
    await asyncio.sleep(0.2)
    await bob.hang_up()
    await asyncio.sleep(0.2)
    [carol] = [one for sid, one in (await scene.participants()).items() if sid != scene.sid("alice")]
    await (await scene.room()).participants(carol.call_sid).delete_async()
    await asyncio.sleep(0.2)
    await (await scene.room()).update_async(status="completed")
    await asyncio.sleep(0.5)
    reasons = {one["CallSid"]: one["Reason"] for one in scene.told(StatusCallbackEvent="participant-leave")}
    assert reasons == {
        added.call_sid: "The agent closed its WebSocket.",
        scene.sid("bob"): "The caller hung up.",
        carol.call_sid: "The participant was removed through the Participants API.",
        scene.sid("alice"): "The conference was ended through the API.",
    }
    for sid in (added.call_sid, carol.call_sid):
        call = await scene.world.store.fetch(CallRecord, sid)
        assert call is not None
        assert call.end_reason == reasons[sid]


@scenario
async def test_an_agent_that_breaks_off_has_its_number_in_the_log(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    await scene.calls_in("alice", enter_telling("room"))
    await adds_agent(scene, connect())
    (await agent.conversation()).break_off()
    await asyncio.sleep(0.3)
    [left] = scene.told(StatusCallbackEvent="participant-leave")
    assert left["Reason"] == "31903: The WebSocket broke off"
    assert left["ReasonParticipantLeft"] == "participant_hung_up"


# --- as a phone -----------------------------------------------------------------------------------------------------


def shape(form: Any) -> dict[str, str]:
    """What is the same of any leg; SIDs, names and moments are not."""
    own = ("CallSid", "To", "Called", "Timestamp", "ConferenceSid", "FriendlyName", "SequenceNumber")
    return {name: "*" if name in own else value for name, value in dict(form).items()}


@scenario
async def test_its_callbacks_are_those_of_a_phone(scene: Scene) -> None:
    scene.world.agents.at(AGENT)
    told: dict[str, list[dict[str, str]]] = {}
    for room in ("phones", "agents"):
        options: dict[str, Any] = {
            "status_callback": scene.world.url(f"/{room}"),
            "status_callback_event": LEG_EVENTS,
        }
        options |= {"label": "one", "start_conference_on_enter": True, "muted": True}
        await scene.calls_in(f"in-{room}", enter_telling(room).replace("/events", f"/events-{room}"))
        if room == "phones":
            added = await scene.adds("carol", room, **options)
        else:
            added = await adds_agent(scene, connect(), room, **options)
        await asyncio.sleep(1)
        await scene.update("one", room, muted=False)
        await scene.update("one", room, hold=True)
        await scene.update("one", room, hold=False)
        await (await scene.room(room)).participants("one").delete_async()
        await asyncio.sleep(0.5)
        told[room] = [shape(request.form) for request in scene.told(f"/{room}")]
        told[room] += [
            shape(one.form)
            for one in scene.told(f"/events-{room}")
            if dict(one.form).get("CallSid") == added.call_sid
        ]
    assert told["agents"] == told["phones"]
    assert len(told["agents"]) == 4 + 5


@scenario
async def test_from_is_what_was_said(scene: Scene) -> None:
    scene.world.agents.at(AGENT)
    await scene.calls_in("alice", enter("room", status_callback=CALLBACK, status_callback_event=ALL_EVENTS))
    added = await adds_agent(scene, connect(), from_="+15550007777")
    await asyncio.sleep(0.5)
    asked = scene.told("/agent")[0]
    assert (asked["From"], asked["Caller"]) == ("+15550007777", "+15550007777")
    assert asked["To"] == asked["Called"]
    assert asked["To"].startswith("app:AP")
    assert asked["CallSid"] == added.call_sid
    assert asked["CallStatus"] == "ringing"
    call = await scene.twilio.calls(added.call_sid).fetch_async()
    assert call._from == "+15550007777"
