"""Media Streams: twiml-and-streams.md section 4, by ear. The agent shares no code with the node."""

import asyncio
import itertools
from typing import Any

import pytest
from tests.scenarios.cast import NUMBER, Scene, enter, scenario, twiml
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Connect, Start, Stop, VoiceResponse

from mixminus.testing.palette import FREQUENCIES_HZ
from mixminus.testing.sounds import SPEECH_HZ
from mixminus.testing.stream_agent import StreamConversation
from mixminus.testing.world import AUTH_TOKEN

AGENT = "wss://agent.example.com/media"
CALLBACK = "http://app.example.com/stream-events"
FRAME_S = 0.02


def connect(url: str = AGENT, *, action: str | None = None, then: str = "", **attributes: Any) -> str:
    """`<Connect><Stream>`; keyword `parameters` become `<Parameter>`s."""
    parameters = attributes.pop("parameters", {})
    response = VoiceResponse()
    connecting = Connect(action=action) if action else Connect()
    stream = connecting.stream(url=url, **attributes)
    for name, value in parameters.items():
        stream.parameter(name=name, value=value)
    response.append(connecting)
    if then:
        response.say(then)
    return str(response)


def start(url: str = AGENT, *, then: str = '<Pause length="60"/>', **attributes: Any) -> str:
    """`<Start><Stream>` and something to go on with."""
    starting = Start()
    starting.stream(url=url, **attributes)
    return twiml(str(starting).partition("?>")[2] or str(starting), then)


def stop(name: str) -> str:
    stopping = Stop()
    stopping.stream(name=name)
    return str(stopping).partition("?>")[2] or str(stopping)


def stream_events(scene: Scene) -> list[str]:
    return [request["StreamEvent"] for request in scene.told("/stream-events")]


async def heard_hz(scene: Scene, name: str, seconds: float = 0.2, of: tuple[int, ...] = FREQUENCIES_HZ) -> set[int]:
    """The notes that somebody hears for the next while."""
    call = scene.calls[name]
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    return {hertz for cell in call.line.ear.notes(began, began + seconds, of) for hertz in cell.notes}


async def hears_speech(scene: Scene, name: str) -> bool:
    return bool(await heard_hz(scene, name, of=(SPEECH_HZ,)))


# --- both ways -----------------------------------------------------------------------------------------------------


@scenario
async def test_the_agent_is_told_about_the_call_and_the_upgrade_is_signed(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    await scene.calls_in("alice", connect(parameters={"tenant": "north", "lang": "de"}))
    talk = await agent.conversation()
    assert talk.start == {
        "accountSid": scene.world.account_sid,
        "streamSid": talk.stream_sid,
        "callSid": scene.sid("alice"),
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"tenant": "north", "lang": "de"},
    }
    assert [message["event"] for _, message in talk.messages][:3] == ["connected", "start", "media"]
    assert RequestValidator(AUTH_TOKEN).validate(AGENT, {}, talk.headers["x-twilio-signature"])


@scenario
async def test_audio_flows_without_gaps_every_20_ms(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    await scene.calls_in("alice", connect())
    talk = await agent.conversation()
    await asyncio.sleep(2)
    media = [(at, message) for at, message in talk.messages if message["event"] == "media"]
    assert len(media) >= 100
    assert [int(message["media"]["timestamp"]) for _, message in media] == [20 * n for n in range(1, len(media) + 1)]
    assert [int(message["media"]["chunk"]) for _, message in media] == list(range(1, len(media) + 1))
    assert [int(message["sequenceNumber"]) for _, message in media] == list(range(2, len(media) + 2))
    assert all(abs(later[0] - sooner[0] - FRAME_S) < 1e-6 for sooner, later in itertools.pairwise(media))


@scenario
async def test_a_caller_hears_an_agent_that_echoes(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    agent.echoes()
    alice = await scene.calls_in("alice", connect())
    alice.hum(521)
    await asyncio.sleep(0.5)
    assert (await agent.conversation()).hears() == {521}
    assert await heard_hz(scene, "alice") == {521}


@scenario
async def test_a_mark_comes_back_within_40_ms_of_the_audio_before_it(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    alice = await scene.calls_in("alice", connect())
    talk = await agent.conversation()
    talk.hum(521, 3.0)
    talk.mark("half")
    talk.hum(733, 1.0)
    talk.mark("end")
    await asyncio.sleep(5)
    assert talk.marks == ["half", "end"]
    for hertz, name in ((521, "half"), (733, "end")):
        last = alice.line.ear.last_heard(hertz)
        assert last is not None
        assert abs(talk.mark_at(name) - last) <= 0.04


@scenario
async def test_clear_is_silence_within_40_ms_and_returns_the_marks_at_once(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    alice = await scene.calls_in("alice", connect())
    talk = await agent.conversation()
    talk.hum(521, 60.0)
    talk.mark("never played")
    await asyncio.sleep(1.013)
    cleared_at = asyncio.get_running_loop().time()
    talk.clear()
    await asyncio.sleep(0.5)
    last = alice.line.ear.last_heard(521)
    assert last is not None
    assert 0 <= last - cleared_at <= 0.04
    assert talk.mark_at("never played") - cleared_at < 0.001
    talk.hum(733, 0.3)
    talk.mark("new")
    await asyncio.sleep(0.5)
    assert alice.line.ear.first_heard(733) is not None
    assert talk.marks == ["never played", "new"]


@scenario
async def test_ten_minutes_may_wait_and_are_played_in_their_time(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    alice = await scene.calls_in("alice", connect())
    talk = await agent.conversation()
    began = asyncio.get_running_loop().time()
    for _ in range(6):
        talk.say_octets(b"\xff" * 80_000)
    talk.hum(521, 1.0)
    talk.mark("end")
    await asyncio.sleep(62)
    first = alice.line.ear.first_heard(521)
    assert first is not None
    assert abs(first - began - 60) < 0.1
    assert abs(talk.mark_at("end") - began - 61) < 0.1


@scenario
async def test_keys_reach_the_agent(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    alice = await scene.calls_in("alice", connect())
    talk = await agent.conversation()
    await alice.press("15#")
    await asyncio.sleep(0.5)
    assert [message["dtmf"] for message in talk.said("dtmf")] == [
        {"track": "inbound_track", "digit": digit} for digit in "15#"
    ]


@scenario
async def test_when_the_agent_closes_the_document_goes_on(scene: Scene) -> None:
    """4.6: the app closes, the stream stops, the next verb runs, then the call is hung up."""
    agent = scene.world.agents.at(AGENT)
    alice = await scene.calls_in("alice", connect(then="goodbye", status_callback=CALLBACK))
    talk = await agent.conversation()
    talk.hang_up()
    assert await hears_speech(scene, "alice")
    await alice.ended(within_s=5)
    await asyncio.sleep(0.1)
    assert stream_events(scene) == ["stream-started", "stream-stopped"]


@scenario
async def test_or_its_action_is_asked(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    scene.app.answers("/after", twiml("<Say>after</Say>"))
    await scene.calls_in("alice", connect(action="/after", then="never"))
    (await agent.conversation()).hang_up()
    request = await scene.app.wait_for("/after", within_s=2)
    assert request["CallSid"] == scene.sid("alice")
    assert request["CallStatus"] == "in-progress"


@scenario
async def test_when_the_caller_hangs_up_the_agent_is_told_and_the_socket_closed(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    alice = await scene.calls_in("alice", connect(status_callback=CALLBACK, name="talk"))
    talk = await agent.conversation()
    await alice.hang_up()
    await asyncio.sleep(0.3)
    assert talk.messages[-1][1]["event"] == "stop"
    assert talk.messages[-1][1]["stop"] == {"accountSid": scene.world.account_sid, "callSid": scene.sid("alice")}
    assert talk.closed_with == 1000
    started, stopped = scene.told("/stream-events")
    assert (started["StreamEvent"], stopped["StreamEvent"]) == ("stream-started", "stream-stopped")
    assert dict(stopped.form).keys() == {
        "AccountSid", "CallSid", "StreamSid", "StreamName", "StreamEvent", "Timestamp",
    }  # fmt: skip
    assert (stopped["StreamSid"], stopped["StreamName"]) == (talk.stream_sid, "talk")
    assert stopped["Timestamp"].startswith("2026-01-02T03:04:")


@scenario
async def test_a_redirect_ends_the_stream_and_not_the_call(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    await scene.calls_in("alice", connect())
    talk = await agent.conversation()
    await scene.twilio.calls(scene.sid("alice")).update_async(twiml=twiml('<Pause length="10"/>'))
    await asyncio.sleep(0.1)
    assert talk.closed_with == 1000
    assert await scene.call_status(scene.sid("alice")) == "in-progress"


@scenario
async def test_an_agent_that_cannot_be_reached_is_told_of_and_the_document_goes_on(scene: Scene) -> None:
    alice = await scene.calls_in("alice", connect(then="sorry", status_callback=CALLBACK), settle_s=0)
    assert await hears_speech(scene, "alice")
    await alice.ended(within_s=5)
    (event,) = scene.told("/stream-events")
    assert event["StreamEvent"] == "stream-error"
    assert event["StreamError"].startswith("31902")
    assert scene.world.node.streams.failures == {31902: 1}
    assert len(scene.world.node.streams) == 0


@scenario
async def test_so_is_one_that_breaks_off(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    alice = await scene.calls_in("alice", connect(then="sorry", status_callback=CALLBACK))
    (await agent.conversation()).break_off()
    assert await hears_speech(scene, "alice")
    await alice.ended(within_s=5)
    await asyncio.sleep(0.1)
    assert stream_events(scene) == ["stream-started", "stream-error", "stream-stopped"]


@scenario
async def test_a_call_that_ends_while_the_agent_is_dialled_leaves_no_stream(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    agent.delay_s = 3
    alice = await scene.calls_in("alice", connect())
    await alice.hang_up()
    await asyncio.sleep(5)
    assert agent.conversations == []


@scenario
async def test_wrong_urls_and_tracks_do_not_stop_the_document(scene: Scene) -> None:
    for number, document in enumerate(
        (
            connect("https://agent.example.com/", then="on"),
            connect("ws://agent.example.com/", then="on"),
            connect("", then="on"),
            connect(track="both_tracks", then="on"),
            twiml("<Connect/>", "<Say>on</Say>"),
        )
    ):
        await scene.calls_in(f"caller{number}", document, settle_s=0)
        assert await hears_speech(scene, f"caller{number}")


@scenario
async def test_a_slow_agent_misses_frames_and_nobody_waits_for_it(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    await scene.calls_in("alice", connect())
    talk = await agent.conversation()
    talk.is_congested = True
    await asyncio.sleep(1)
    before = len(talk.said("media"))
    talk.is_congested = False
    await asyncio.sleep(0.1)
    late = talk.said("media")[before:]
    assert late
    assert 45 <= scene.world.node.streams.skipped_frames <= 55
    assert int(late[0]["media"]["timestamp"]) >= 1_000, "the timestamps tell of the gap"


@scenario
async def test_nonsense_does_no_harm(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    alice = await scene.calls_in("alice", connect())
    talk = await agent.conversation()
    for data in (b"", b"\xff", b"{}", b"[1]", b'{"event":"media","media":{"payload":"?"}}', b"{" * 5_000):
        talk.throw(data)
        talk.throw(data, is_text=False)
    talk.hum(521, 0.5)
    assert await heard_hz(scene, "alice") == {521}
    assert alice.end is None
    assert scene.world.node.streams.refused_messages == 12


# --- one way -------------------------------------------------------------------------------------------------------


@scenario
async def test_both_tracks_of_a_call_in_a_conference(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    document = start(
        track="both_tracks", name="ears", then=enter("room").partition("<Response>")[2].rpartition("<")[0]
    )
    alice = await scene.calls_in("alice", document)
    bob = await scene.calls_in("bob", enter("room"))
    alice.hum(521)
    bob.hum(733)
    await asyncio.sleep(0.5)
    talk = await agent.conversation()
    assert talk.start["tracks"] == ["inbound", "outbound"]
    assert talk.hears("inbound") == {521}
    assert talk.hears("outbound") == {733}
    talk.hum(971, 1.0)
    talk.mark("ignored")
    assert 971 not in await heard_hz(scene, "alice")
    assert talk.marks == []
    await alice.press("5")
    await asyncio.sleep(0.3)
    assert talk.said("dtmf") == []


@scenario
async def test_stop_ends_it_by_name_and_the_call_goes_on(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    then = '<Pause length="1"/>' + stop("ears") + '<Pause length="5"/>'
    await scene.calls_in("alice", start(name="ears", then=then, status_callback=CALLBACK))
    talk = await agent.conversation()
    await asyncio.sleep(1.5)
    assert [message["event"] for _, message in talk.messages][-1] == "stop"
    assert talk.closed_with == 1000
    assert stream_events(scene) == ["stream-started", "stream-stopped"]
    assert await scene.call_status(scene.sid("alice")) == "in-progress"


@scenario
async def test_it_outlives_its_document_and_ends_with_the_call(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    alice = await scene.calls_in("alice", start(status_callback=CALLBACK))
    talk = await agent.conversation()
    await scene.twilio.calls(scene.sid("alice")).update_async(twiml=twiml('<Pause length="10"/>'))
    alice.hum(521)
    await asyncio.sleep(0.5)
    assert talk.hears() == {521}
    await alice.hang_up()
    await asyncio.sleep(0.2)
    assert talk.closed_with == 1000
    assert stream_events(scene) == ["stream-started", "stream-stopped"]


@scenario
async def test_without_another_verb_the_call_is_over(scene: Scene) -> None:
    """1.5: `<Start><Stream>` followed by no verb."""
    scene.world.agents.at(AGENT)
    alice = await scene.calls_in("alice", start(then=""), settle_s=0)
    await alice.ended(within_s=2)


@scenario
async def test_a_call_has_four_tracks_that_are_streamed(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    three = "".join(f'<Start><Stream url="{AGENT}" track="both_tracks"/></Start>' for _ in range(3))
    await scene.calls_in("alice", twiml(three, '<Pause length="5"/>'), settle_s=1)
    assert len(agent.conversations) == 2


# --- in a conference -----------------------------------------------------------------------------------------------


async def agent_joins(
    scene: Scene, document: str, room: str = "room", **options: Any
) -> tuple[Any, StreamConversation]:
    """`participants.create(to="app:AP…")`, and its conversation."""
    agent = scene.world.agents.at(AGENT)
    scene.app.answers("/agent", document)
    application = await scene.twilio.applications.create_async(
        friendly_name="agent", voice_url=scene.world.url("/agent")
    )
    participants = scene.twilio.conferences(room).participants
    added = await participants.create_async(from_=NUMBER, to=f"app:{application.sid}?reason=help", **options)
    talk = await agent.conversation()
    await asyncio.sleep(1.0)  # until the beep is over
    return added, talk


@scenario
async def test_an_agent_in_a_conference_hears_the_mix_and_is_heard(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room"))
    bob = await scene.calls_in("bob", enter("room"))
    added, talk = await agent_joins(scene, connect())
    assert talk.start["callSid"] == added.call_sid
    alice.hum(521)
    bob.hum(733)
    talk.hum(971, 5.0)
    await asyncio.sleep(0.5)
    assert talk.hears() == {521, 733}, "everybody but itself"
    assert await heard_hz(scene, "alice") == {733, 971}
    assert await heard_hz(scene, "bob") == {521, 971}


@scenario
async def test_a_muted_agent_is_not_heard_and_its_marks_come_back_in_time(scene: Scene) -> None:
    """ai-and-desk.md 3.3."""
    await scene.calls_in("alice", enter("room"))
    added, talk = await agent_joins(scene, connect())
    await scene.update(added.call_sid, muted=True)
    began = asyncio.get_running_loop().time()
    talk.hum(971, 1.0)
    talk.mark("end")
    assert await heard_hz(scene, "alice", 1.2) == set()
    assert abs(talk.mark_at("end") - began - 1.0) < 0.1


@scenario
async def test_an_agent_that_is_removed_is_told(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room"))
    added, talk = await agent_joins(scene, connect())
    room = await scene.room()
    await room.participants(added.call_sid).delete_async()
    await asyncio.sleep(0.2)
    assert talk.messages[-1][1]["event"] == "stop"
    assert talk.closed_with == 1000
    assert await scene.call_status(added.call_sid) == "completed"


@scenario
async def test_an_agent_that_leaves_is_out_of_the_conference(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room"))
    added, talk = await agent_joins(scene, connect())
    talk.hang_up()
    await asyncio.sleep(0.2)
    assert added.call_sid not in await scene.participants()
    assert await scene.call_status(added.call_sid) == "completed"


@scenario
async def test_clear_is_on_the_wire_of_every_listener_within_40_ms(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room"))
    _, talk = await agent_joins(scene, connect())
    talk.hum(971, 10.0)
    await asyncio.sleep(1.007)
    cleared_at = asyncio.get_running_loop().time()
    talk.clear()
    await asyncio.sleep(0.3)
    last = alice.line.ear.last_heard(971)
    assert last is not None
    assert last - FRAME_S - cleared_at <= 0.04, "when the last packet with a trace of it left"


@scenario
async def test_a_caller_may_dial_an_agent(scene: Scene) -> None:
    """`<Dial><Application>`."""
    agent = scene.world.agents.at(AGENT)
    agent.echoes()
    scene.app.answers("/agent", connect())
    application = await scene.twilio.applications.create_async(
        friendly_name="agent", voice_url=scene.world.url("/agent")
    )
    alice = await scene.calls_in("alice", twiml(f"<Dial><Application>{application.sid}</Application></Dial>"))
    talk = await agent.conversation()
    assert talk.start["callSid"] != scene.sid("alice"), "the leg that was dialled is a call of its own"
    alice.hum(521)
    await asyncio.sleep(0.5)
    assert await heard_hz(scene, "alice") == {521}
    await alice.hang_up()
    await asyncio.sleep(0.2)
    assert talk.closed_with == 1000


@scenario
async def test_an_agent_hears_no_music_on_hold_nor_while_it_waits(scene: Scene) -> None:
    """ai-and-desk.md 3.2, 3.3: silence, unless somebody asks for a sound."""
    added, talk = await agent_joins(scene, connect())
    await asyncio.sleep(1.0)
    assert talk.loudest(1.0) == 0, "it waits alone"
    alice = await scene.calls_in("alice", enter("room"))
    alice.hum(521)
    await asyncio.sleep(1.0)
    assert talk.hears() == {521}
    await scene.update(added.call_sid, hold=True)
    await asyncio.sleep(1.5)
    assert talk.loudest(1.0) == 0
    await scene.update(added.call_sid, hold=False)
    await asyncio.sleep(0.5)
    assert talk.hears() == {521}
    await scene.update(
        added.call_sid, hold=True, hold_url=scene.serves_note("/hold.wav", 733, 5.0), hold_method="GET"
    )
    await asyncio.sleep(1.0)
    assert talk.hears() == {733}


@scenario
async def test_a_held_caller_is_never_in_an_agents_audio(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room"))
    bob = await scene.calls_in("bob", enter("room"))
    _, talk = await agent_joins(scene, connect())
    alice.hum(521)
    bob.hum(733)
    await scene.update("alice", hold=True)
    await asyncio.sleep(0.5)
    assert talk.hears(seconds=0.3) == {733}


@scenario
async def test_an_agent_that_coaches_is_heard_by_its_coachee_alone(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room"))
    await scene.calls_in("bob", enter("room"))
    added, talk = await agent_joins(scene, connect())
    await scene.update(added.call_sid, coaching=True, call_sid_to_coach=scene.sid("bob"))
    talk.hum(971, 5.0)
    await asyncio.sleep(0.3)
    assert await heard_hz(scene, "bob") == {971}
    assert await heard_hz(scene, "alice") == set()


# --- by REST -------------------------------------------------------------------------------------------------------


@scenario
async def test_a_stream_by_rest(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    await scene.calls_in("bob", twiml("<Say>Hello</Say>", '<Pause length="60"/>'))
    streams = scene.twilio.calls(scene.sid("bob")).streams
    started = await streams.create_async(url=AGENT, name="ears", parameter1_name="a", parameter1_value="b")
    talk = await agent.conversation()
    assert (started.sid, started.status, started.name) == (talk.stream_sid, "in-progress", "ears")
    assert talk.start["customParameters"] == {"a": "b"}
    scene.calls["bob"].hum(733)
    await asyncio.sleep(0.5)
    assert talk.hears() == {733}
    stopped = await streams("ears").update_async(status="stopped")
    assert (stopped.sid, stopped.status) == (started.sid, "stopped")
    await asyncio.sleep(0.1)
    assert talk.closed_with == 1000
    for key in ("ears", started.sid, "MZ" + "0" * 32):
        with pytest.raises(TwilioRestException) as refusal:
            await streams(key).update_async(status="stopped")
        assert refusal.value.status == 404
    await scene.calls["bob"].hang_up()
    await asyncio.sleep(0.2)
    with pytest.raises(TwilioRestException) as too_late:
        await streams.create_async(url=AGENT)
    assert too_late.value.code == 21220


@scenario
async def test_a_name_is_unique_in_its_call(scene: Scene) -> None:
    scene.world.agents.at(AGENT)
    await scene.calls_in("bob", twiml("<Say>Hello</Say>", '<Pause length="60"/>'))
    streams = scene.twilio.calls(scene.sid("bob")).streams
    await streams.create_async(url=AGENT, name="ears")
    with pytest.raises(TwilioRestException) as refusal:
        await streams.create_async(url=AGENT, name="ears")
    assert refusal.value.code == 31941


@scenario
async def test_an_agent_may_ask_how_much_of_it_was_heard(scene: Scene) -> None:
    agent = scene.world.agents.at(AGENT)
    alice = await scene.calls_in("alice", connect(report_played=True))
    talk = await agent.conversation()
    talk.hum(521, 4.0)
    await asyncio.sleep(1.507)
    talk.clear()
    await asyncio.sleep(0.2)
    (message,) = talk.said("played")
    first, last = alice.line.ear.first_heard(521), alice.line.ear.last_heard(521)
    assert first is not None
    assert last is not None
    assert message["played"]["saidMs"] == "4000"
    assert abs(int(message["played"]["playedMs"]) - 1000 * (last - first)) <= 40
