"""Queues of calls: twiml-and-streams.md 2.9 and 3, and the Queues and Members of the REST API, by ear."""

import asyncio
from typing import Any

import pytest
from tests.scenarios.cast import NUMBER, Scene, everybody, scenario, scenario_with, twiml
from twilio.base.exceptions import TwilioRestException
from twilio.twiml.voice_response import VoiceResponse

from mixminus.testing.errors import CallRefused
from mixminus.testing.sounds import MUSIC_HZ, SPEECH_HZ

AFTER = twiml("<Say>After the queue.</Say>")


def enqueue(name: str = "support", **attributes: Any) -> str:
    """`<Enqueue>`, by the official SDK."""
    response = VoiceResponse()
    response.enqueue(name, **{"action": "/after", **attributes})
    return str(response)


def take(name: str = "support", *, dial: dict[str, Any] | None = None, **attributes: Any) -> str:
    """`<Dial><Queue>`, by the official SDK."""
    response = VoiceResponse()
    response.dial(**{"action": "/dialled", **(dial or {})}).queue(name, **attributes)
    return str(response)


async def queue_of(scene: Scene, name: str = "support") -> Any:
    """The SDK's context of a queue."""
    [found] = [queue for queue in await scene.twilio.queues.list_async() if queue.friendly_name == name]
    return scene.twilio.queues(found.sid)


# --- waiting ---------------------------------------------------------------------------------------------------


@scenario
async def test_queued_callers_hear_the_music_and_nobody_else(scene: Scene) -> None:
    """2.9 waitUrl: not said is the stock music."""
    alice = await scene.calls_in("alice", enqueue())
    bob = await scene.calls_in("bob", enqueue())
    assert await scene.pairs() == set()
    assert alice.hears(MUSIC_HZ)
    assert bob.hears(MUSIC_HZ)


@scenario
async def test_an_empty_wait_url_is_silence(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enqueue(wait_url=""))
    await asyncio.sleep(2)
    assert not alice.hears(MUSIC_HZ)
    assert alice.first_heard(MUSIC_HZ) is None


@scenario
async def test_the_wait_document_is_asked_for_again_and_told_how_the_queue_stands(scene: Scene) -> None:
    """2.9: QueuePosition, QueueSid, QueueTime, AvgQueueTime, CurrentQueueSize, MaxQueueSize; waitUrlMethod."""
    note = scene.serves_note("/note.wav", 1979, seconds=5.0)
    scene.app.answers("/wait", twiml(f"<Play>{note}</Play>"))
    await scene.calls_in("alice", enqueue(wait_url=""))
    bob = await scene.calls_in("bob", enqueue(wait_url="/wait", wait_url_method="GET", max_queue_size=7))
    await asyncio.sleep(0.5)
    assert bob.hears(1979)
    await asyncio.sleep(6)
    first, second = scene.told("/wait")[:2]
    assert (first.method, first["QueuePosition"], first["CurrentQueueSize"], first["MaxQueueSize"]) == (
        "GET",
        "2",
        "2",
        "7",
    )
    assert (first["QueueTime"], second["QueueTime"]) == ("0", "5")
    assert second["AvgQueueTime"] == "5"
    assert first["QueueSid"] == (await (await queue_of(scene)).fetch_async()).sid
    assert first["CallSid"] == scene.sid("bob")
    assert scene.calls["alice"].first_heard(1979) is None


@scenario
async def test_keys_lead_to_another_wait_document_and_leave_ends_the_wait(scene: Scene) -> None:
    """3, Enqueue waitUrl: Gather and Redirect are allowed; 2.3 Leave: control goes to the action of Enqueue."""
    gather = '<Gather numDigits="1" action="/pressed" timeout="20"><Say>Press 1 to be called back.</Say></Gather>'
    scene.app.answers("/wait", twiml(gather))
    scene.app.answers("/pressed", twiml("<Leave/>", "<Say>Never heard.</Say>"))
    scene.app.answers("/after", AFTER)
    alice = await scene.calls_in("alice", enqueue(wait_url="/wait"))
    await asyncio.sleep(2)
    await alice.press("1")
    request = await scene.app.wait_for("/after", within_s=3)
    assert (request["QueueResult"], request["QueueTime"]) == ("leave", "2")
    [pressed] = scene.told("/pressed")
    assert (pressed["Digits"], pressed["QueuePosition"]) == ("1", "1")
    await asyncio.sleep(0.3)
    assert alice.hears(SPEECH_HZ)


@scenario
async def test_without_an_action_the_next_verb_runs(scene: Scene) -> None:
    scene.app.answers("/wait", twiml("<Leave/>"))
    alice = await scene.calls_in("alice", twiml('<Enqueue waitUrl="/wait">support</Enqueue><Say>Next.</Say>'))
    await asyncio.sleep(0.2)
    assert alice.hears(SPEECH_HZ)


@scenario
async def test_a_hangup_in_the_wait_document_ends_the_call(scene: Scene) -> None:
    """2.9 QueueResult=hangup; what the action answers is ignored."""
    scene.app.answers("/wait", twiml('<Pause length="2"/>', "<Hangup/>"))
    scene.app.answers("/after", AFTER)
    alice = await scene.calls_in("alice", enqueue(wait_url="/wait"))
    await alice.ended(within_s=3)
    assert (await scene.app.wait_for("/after", within_s=2))["QueueResult"] == "hangup"
    assert alice.first_heard(SPEECH_HZ) is None


@scenario
async def test_a_caller_who_hangs_up_is_out_of_the_queue(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enqueue())
    assert (await (await queue_of(scene)).fetch_async()).current_size == 1
    await alice.hang_up()
    assert (await scene.app.wait_for("/after", within_s=2))["QueueResult"] == "hangup"
    assert (await (await queue_of(scene)).fetch_async()).current_size == 0


@scenario
async def test_a_full_queue_takes_nobody(scene: Scene) -> None:
    """2.9 maxQueueSize, QueueResult=queue-full."""
    await scene.calls_in("alice", enqueue())
    await scene.calls_in("bob", enqueue(max_queue_size=1))
    request = await scene.app.wait_for("/after", within_s=2)
    assert (request["QueueResult"], request["CallSid"]) == ("queue-full", scene.sid("bob"))


@scenario
async def test_a_wait_document_that_fails_is_an_error(scene: Scene) -> None:
    scene.app.fails("/wait")
    await scene.calls_in("alice", enqueue(wait_url="/wait"))
    assert (await scene.app.wait_for("/after", within_s=10))["QueueResult"] == "error"


@scenario
async def test_a_verb_that_is_not_for_waiting_is_skipped(scene: Scene) -> None:
    """3, Enqueue waitUrl: otherwise ignored, with a warning."""
    scene.app.answers("/wait", twiml("<Dial>+15550001111</Dial>", "<Leave/>"))
    await scene.calls_in("alice", enqueue(wait_url="/wait"))
    assert (await scene.app.wait_for("/after", within_s=2))["QueueResult"] == "leave"
    assert len(await scene.twilio.calls.list_async()) == 1


@scenario
async def test_a_workflow_is_refused_and_the_call_does_not_wait_for_ever(scene: Scene) -> None:
    """2.9 workflowSid belongs to TaskRouter."""
    scene.app.answers("/after", AFTER)
    await scene.calls_in("alice", twiml('<Enqueue workflowSid="WW1" action="/after"><Task>{}</Task></Enqueue>'))
    assert (await scene.app.wait_for("/after", within_s=2))["QueueResult"] == "error"
    assert await scene.twilio.queues.list_async() == []


# --- being taken -----------------------------------------------------------------------------------------------


@scenario
async def test_who_dials_the_queue_talks_to_the_first_who_came(scene: Scene) -> None:
    """2.9 Dial Queue; Enqueue action only when the bridge ends; and nobody else hears them."""
    await scene.calls_in("alice", enqueue())
    bob = await scene.calls_in("bob", enqueue())
    await asyncio.sleep(3)
    agent = await scene.calls_in("agent", take())
    assert await scene.pairs() == everybody("alice", "agent")
    assert bob.hears(MUSIC_HZ)
    assert not scene.calls["alice"].hears(MUSIC_HZ)
    assert agent.first_heard(MUSIC_HZ) is None
    assert scene.told("/after") == []
    [member] = await (await queue_of(scene)).members.list_async()
    assert (member.call_sid, member.position) == (scene.sid("bob"), 1)
    scene.app.answers("/after", AFTER)
    await asyncio.sleep(2)
    await agent.hang_up()
    request = await scene.app.wait_for("/after", within_s=2)
    assert (request["QueueResult"], request["QueueTime"], request["CallSid"]) == ("bridged", "3", scene.sid("alice"))
    dialled = await scene.app.wait_for("/dialled", within_s=2)
    assert (dialled["DequeueResult"], dialled["DialCallStatus"], dialled["DialBridged"]) == (
        "bridged",
        "completed",
        "true",
    )
    assert dialled["DialCallSid"] == dialled["DequeuedCallSid"] == scene.sid("alice")
    assert dialled["DequeuedCallQueueTime"] == "3"
    assert int(dialled["DequeuedCallDuration"]) in (2, 3)
    await asyncio.sleep(0.3)
    assert scene.calls["alice"].hears(SPEECH_HZ)


@scenario
async def test_when_the_queued_caller_hangs_up_the_agent_goes_on(scene: Scene) -> None:
    scene.app.answers("/dialled", AFTER)
    alice = await scene.calls_in("alice", enqueue())
    agent = await scene.calls_in("agent", take())
    await alice.hang_up()
    assert (await scene.app.wait_for("/after", within_s=2))["QueueResult"] == "bridged"
    assert (await scene.app.wait_for("/dialled", within_s=2))["DequeueResult"] == "bridged"
    await asyncio.sleep(0.3)
    assert agent.hears(SPEECH_HZ)


@scenario
async def test_two_agents_each_get_their_own(scene: Scene) -> None:
    for name in ("alice", "bob", "carol"):
        await scene.calls_in(name, enqueue())
    for name in ("one", "two"):
        await scene.calls_in(name, take())
    assert await scene.pairs() == everybody("alice", "one") | everybody("bob", "two")


@scenario
async def test_the_whisper_is_for_the_queued_caller_alone_and_comes_first(scene: Scene) -> None:
    """2.9 `url` of Queue: QueueSid, CallSid, QueueTime, DequeingCallSid; played to the queued caller."""
    note = scene.serves_note("/note.wav", 1979, seconds=2.0)
    scene.app.answers("/whisper", twiml(f"<Play>{note}</Play>"))
    alice = await scene.calls_in("alice", enqueue())
    await asyncio.sleep(2)
    agent = await scene.calls_in("agent", take(url="/whisper", method="GET"))
    agent.hum(1500)
    await asyncio.sleep(1)
    assert alice.hears(1979)
    assert not alice.hears(MUSIC_HZ)
    assert alice.first_heard(1500) is None
    agent.silence()
    await asyncio.sleep(2)
    assert await scene.pairs() == everybody("alice", "agent")
    assert agent.first_heard(1979) is None
    assert agent.first_heard(MUSIC_HZ) is None
    [asked] = scene.told("/whisper")
    assert asked.method == "GET"
    assert (asked["CallSid"], asked["DequeingCallSid"]) == (scene.sid("alice"), scene.sid("agent"))
    await agent.hang_up()
    times = (
        (await scene.app.wait_for("/after", within_s=2))["QueueTime"],
        (await scene.app.wait_for("/dialled", within_s=2))["DequeuedCallQueueTime"],
    )
    assert times == ("4", "4"), "with the whisper, for both alike"
    assert (asked["QueueSid"], asked["QueueTime"]) == ((await (await queue_of(scene)).fetch_async()).sid, "2")


@scenario
async def test_an_agent_who_hangs_up_during_the_whisper_leaves_the_caller_in_front(scene: Scene) -> None:
    scene.app.answers("/whisper", twiml('<Pause length="10"/>'))
    alice = await scene.calls_in("alice", enqueue())
    await scene.calls_in("bob", enqueue())
    agent = await scene.calls_in("agent", take(url="/whisper"))
    await agent.hang_up()
    await asyncio.sleep(1)
    assert alice.hears(MUSIC_HZ)
    assert scene.told("/after") == []
    assert [one.call_sid for one in await (await queue_of(scene)).members.list_async()] == [
        scene.sid("alice"),
        scene.sid("bob"),
    ]
    await scene.calls_in("other", take())
    assert await scene.pairs() == everybody("alice", "other")


@scenario
async def test_when_the_caller_hangs_up_during_the_whisper_the_agent_gets_the_next_one(scene: Scene) -> None:
    """2.9 QueueResult=bridging-in-process."""
    scene.app.answers("/whisper", twiml('<Pause length="1"/>'))
    alice = await scene.calls_in("alice", enqueue())
    await scene.calls_in("bob", enqueue())
    await scene.calls_in("agent", take(url="/whisper"))
    await alice.hang_up()
    assert (await scene.app.wait_for("/after", within_s=2))["QueueResult"] == "bridging-in-process"
    await asyncio.sleep(2)
    assert await scene.pairs("bob", "agent") == everybody("bob", "agent")


@scenario
async def test_a_caller_whose_whisper_fails_goes_on_and_the_agent_gets_the_next_one(scene: Scene) -> None:
    scene.app.answers("/whisper", lambda request: "no TwiML" if request["QueueTime"] == "9" else twiml())
    await scene.calls_in("alice", enqueue(), settle_s=7.5)
    await scene.calls_in("bob", enqueue(), settle_s=1.5)
    await scene.calls_in("agent", take(url="/whisper"), settle_s=1)
    request = await scene.app.wait_for("/after", within_s=2)
    assert (request["QueueResult"], request["CallSid"]) == ("error", scene.sid("alice"))
    assert await scene.pairs("bob", "agent") == everybody("bob", "agent")


@scenario
async def test_an_agent_at_an_empty_queue_waits_for_somebody(scene: Scene) -> None:
    """2.9: empty queue: waits up to Dial timeout."""
    await scene.twilio.queues.create_async(friendly_name="support")
    await scene.calls_in("agent", take())
    await asyncio.sleep(20)
    await scene.calls_in("alice", enqueue())
    assert await scene.pairs() == everybody("alice", "agent")


@scenario
async def test_nobody_came_in_time(scene: Scene) -> None:
    await scene.twilio.queues.create_async(friendly_name="support")
    await scene.calls_in("agent", take(dial={"timeout": 5}))
    request = await scene.app.wait_for("/dialled", within_s=6)
    assert (request["DequeueResult"], request["DialCallStatus"], request["DialBridged"]) == (
        "queue-empty",
        "no-answer",
        "false",
    )
    alice = await scene.calls_in("alice", enqueue())
    assert alice.hears(MUSIC_HZ)


@scenario
async def test_there_is_no_such_queue(scene: Scene) -> None:
    await scene.calls_in("agent", take("nowhere"))
    request = await scene.app.wait_for("/dialled", within_s=2)
    assert (request["DequeueResult"], request["DialCallStatus"]) == ("queue-not-found", "failed")
    assert await scene.twilio.queues.list_async() == []


@scenario
async def test_a_star_or_the_time_limit_parts_the_two(scene: Scene) -> None:
    """2.6 hangupOnStar, timeLimit. Both go on, and hear each other no more."""
    scene.app.answers("/after", twiml('<Pause length="30"/>'))
    scene.app.answers("/dialled", twiml('<Pause length="30"/>'))
    for name, dial in (("starry", {"hangup_on_star": True}), ("limited", {"time_limit": 4})):
        await scene.calls_in(f"alice-{name}", enqueue())
        agent = await scene.calls_in(name, take(dial=dial))
        if name == "starry":
            await agent.press("*")
        request = await scene.app.wait_for("/dialled", within_s=6)
        assert request["DequeueResult"] == "bridged"
        assert (await scene.app.wait_for("/after", within_s=2))["QueueResult"] == "bridged"
        assert await scene.pairs() == set()


@scenario
async def test_the_wait_sound_is_over_before_the_agent_is_heard(scene: Scene) -> None:
    """Law 2, to 20 ms; and the other way round when the agent goes and the action plays."""
    note = scene.serves_note("/note.wav", 1979, seconds=60.0)
    scene.app.answers("/wait", twiml(f"<Play>{note}</Play>"))
    scene.app.answers("/after", twiml(f"<Play>{note}</Play>"))
    alice = await scene.calls_in("alice", enqueue(wait_url="/wait"))
    await scene.number_for("agent", take())
    agent = await (await scene.world.phone("agent")).dial("+15550001001")
    agent.hum(1500)
    await asyncio.sleep(1)
    before, heard = alice.last_heard(1979), alice.first_heard(1500)
    assert before is not None
    assert heard is not None
    assert before <= heard
    await agent.hang_up()
    await asyncio.sleep(1)
    last, after = alice.last_heard(1500), alice.last_heard(1979)
    assert last is not None
    assert after is not None
    assert after > last
    assert not any(cell.notes == {1979, 1500} for cell in alice.notes(frequencies_hz=(1979, 1500)))
    assert agent.first_heard(1979) is None


@scenario
async def test_the_talk_is_recorded(scene: Scene) -> None:
    """2.6 record; RecordingUrl of the action."""
    alice = await scene.calls_in("alice", enqueue())
    await asyncio.sleep(5)
    await scene.calls_in("agent", take(dial={"record": "record-from-answer-dual"}))
    await asyncio.sleep(2)
    await alice.hang_up()
    url = (await scene.app.wait_for("/dialled", within_s=3))["RecordingUrl"]
    await asyncio.sleep(1)
    [recording] = await scene.twilio.recordings.list_async()
    assert url.endswith(recording.sid)
    assert (recording.channels, recording.status) == (2, "completed")
    assert int(recording.duration) in (2, 3)


@scenario
async def test_an_audio_file_as_wait_url_goes_round(scene: Scene) -> None:
    scene.serves_note("/note.wav", 1979, seconds=2.0)
    alice = await scene.calls_in("alice", enqueue(wait_url="/note.wav"))
    await asyncio.sleep(5)
    assert alice.hears(1979)
    assert scene.told("/after") == []


@scenario_with(users={"agent": "secret"})
async def test_a_transfer_by_refer_is_declined_and_the_talk_goes_on(scene: Scene) -> None:
    await scene.calls_in("alice", enqueue())
    phone = await scene.phone("agent", password="secret")
    await phone.register()
    await scene.twilio.calls.create_async(to="client:agent", from_=NUMBER, twiml=take(dial={"action": None}))
    agent = await scene.rings(phone)
    await asyncio.sleep(0.5)
    with pytest.raises(CallRefused, match="603"):
        await agent.transfer("sip:+15550002222@10.0.0.1")
    assert await scene.pairs() == everybody("alice", "agent")


# --- REST ------------------------------------------------------------------------------------------------------


@scenario
async def test_a_member_is_taken_out_by_the_api(scene: Scene) -> None:
    """Members update: Url, Method; QueueResult=redirected, at once."""
    scene.app.answers("/elsewhere", AFTER)
    alice = await scene.calls_in("alice", enqueue())
    bob = await scene.calls_in("bob", enqueue())
    await asyncio.sleep(4)
    queue = await queue_of(scene)
    front = await queue.members("Front").fetch_async()
    assert (front.call_sid, front.position, front.wait_time) == (scene.sid("alice"), 1, 4)
    shown = await queue.fetch_async()
    assert (shown.current_size, shown.average_wait_time, shown.max_size) == (2, 4, 1000)
    taken = await queue.members("Front").update_async(url=scene.world.url("/elsewhere"), method="GET")
    assert taken.call_sid == scene.sid("alice")
    [asked] = scene.told("/elsewhere") or [await scene.app.wait_for("/elsewhere", within_s=1)]
    assert (asked.method, asked["CallSid"]) == ("GET", scene.sid("alice"))
    assert (await scene.app.wait_for("/after", within_s=1))["QueueResult"] == "redirected"
    await asyncio.sleep(0.3)
    assert alice.hears(SPEECH_HZ)
    assert bob.hears(MUSIC_HZ)
    assert (await queue.members(scene.sid("bob")).fetch_async()).position == 1


@scenario
async def test_a_redirect_takes_a_caller_out_of_the_talk(scene: Scene) -> None:
    """2.9 QueueResult=redirected-from-bridged."""
    scene.app.answers("/elsewhere", AFTER)
    await scene.calls_in("alice", enqueue())
    await scene.calls_in("agent", take())
    await scene.twilio.calls(scene.sid("alice")).update_async(url=scene.world.url("/elsewhere"))
    assert (await scene.app.wait_for("/after", within_s=2))["QueueResult"] == "redirected-from-bridged"
    assert (await scene.app.wait_for("/dialled", within_s=2))["DequeueResult"] == "bridged"


@scenario
async def test_a_queue_with_calls_is_not_deleted(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enqueue())
    queue = await queue_of(scene)
    with pytest.raises(TwilioRestException) as refused:
        await queue.delete_async()
    assert (refused.value.status, refused.value.code) == (409, 20409)
    await alice.hang_up()
    await asyncio.sleep(0.2)
    assert await queue.delete_async()
    assert await scene.twilio.queues.list_async() == []


@scenario
async def test_nothing_is_left_over(scene: Scene) -> None:
    """Tasks and rooms of the node, when all are gone."""
    before = len(scene.world.node.tasks)
    alice = await scene.calls_in("alice", enqueue())
    agent = await scene.calls_in("agent", take())
    bob = await scene.calls_in("bob", enqueue())
    for call in (alice, agent, bob):
        await call.hang_up()
    await asyncio.sleep(5)
    assert len(scene.world.node.tasks) == before
