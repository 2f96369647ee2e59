"""What agents are told of their place, and who hears them in it: issue 4, Roles; ai-and-desk.md 3.3. By ear."""

import asyncio

from tests.scenarios.agents_at_the_table import connect, post, roles, seat
from tests.scenarios.cast import Scene, enter, scenario
from tests.scenarios.test_streams import heard_hz

FRAME_S = 0.02


async def room_path(scene: Scene) -> str:
    return f"/Conferences/{(await scene.conference()).sid}"


@scenario
async def test_an_agent_that_asks_is_told_its_role_and_every_change_of_it(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room"))
    sid, talk = await seat(scene, "clerk", Muted="true")
    boss = await scene.adds("boss", coaching=True, call_sid_to_coach=sid)
    await scene.update(sid, muted=False)
    await scene.update(sid, hold=True)
    await scene.update(sid, hold=False)
    await scene.update(sid, coaching=True, call_sid_to_coach=scene.sid("alice"))
    await scene.update(boss.call_sid, coaching=False)
    plain = {
        "conference": (await scene.conference()).sid,
        "muted": False,
        "held": False,
        "coaching": [],
        "coachedBy": [],
        "moderator": False,
        "floor": "free",
    }
    coached = plain | {"coachedBy": [boss.call_sid]}
    assert roles(talk) == [
        plain | {"muted": True},
        coached | {"muted": True},
        coached,
        coached | {"held": True},
        coached,
        coached | {"coaching": [scene.sid("alice")]},
        plain | {"coaching": [scene.sid("alice")]},
    ]
    numbers = [int(message["sequenceNumber"]) for _, message in talk.messages if "sequenceNumber" in message]
    assert numbers == list(range(1, len(numbers) + 1)), "it is a message like the others"


@scenario
async def test_without_asking_nothing_changes_on_the_wire(scene: Scene) -> None:
    await scene.calls_in("alice", enter("room"))
    sid, talk = await seat(scene, "clerk", document=connect("clerk"), Moderator="true")
    await scene.update(sid, muted=True)
    await post(scene, f"{await room_path(scene)}/Participants/{sid}", Moderator="false")
    assert {message["event"] for _, message in talk.messages} == {"connected", "start", "media"}


@scenario
async def test_an_agent_alone_with_a_caller_has_no_role(scene: Scene) -> None:
    agent = scene.world.agents.at("wss://clerk.example.com/media")
    await scene.calls_in("alice", connect("clerk", reportRole="true"))
    assert roles(await agent.conversation()) == []


@scenario
async def test_a_coach_of_two_whispers_to_both_and_to_nobody_else(scene: Scene) -> None:
    for name in ("caller", "first", "second"):
        await scene.calls_in(name, enter("room", beep=False))
    sid, talk = await seat(scene, "coach")
    path = f"{await room_path(scene)}/Participants/{sid}"
    both = [scene.sid("first"), scene.sid("second")]
    shown = await post(scene, path, Coaching="true", CallSidToCoach=both)
    assert shown["call_sid_to_coach"] == both[0], "Twilio's resource has one"
    assert roles(talk)[-1]["coaching"] == both
    talk.hum(971, 30.0)
    await asyncio.sleep(0.3)
    hearing = [await heard_hz(scene, name) for name in ("caller", "first", "second")]
    assert hearing == [set(), {971}, {971}]
    await scene.calls["first"].hang_up()
    await asyncio.sleep(0.3)
    assert [await heard_hz(scene, name) for name in ("caller", "second")] == [set(), {971}]


@scenario
async def test_a_coached_agent_hears_its_coach(scene: Scene) -> None:
    await scene.calls_in("caller", enter("room", beep=False))
    sid, talk = await seat(scene, "clerk")
    await scene.adds("boss", coaching=True, call_sid_to_coach=sid, beep=False)
    scene.calls["caller"].hum(521)
    scene.calls["boss"].hum(733)
    await asyncio.sleep(0.5)
    assert talk.hears() == {521, 733}
    assert await heard_hz(scene, "caller") == set()


@scenario
async def test_when_the_api_has_answered_no_frame_of_a_new_coach_is_sent_to_the_caller(scene: Scene) -> None:
    """Again and again, at every phase of the tick: promoted in the middle of a word, and taken back."""
    caller = await scene.calls_in("caller", enter("room", beep=False))
    await scene.calls_in("human", enter("room", beep=False))
    sid, talk = await seat(scene, "clerk")
    path = f"{await room_path(scene)}/Participants/{sid}"
    talk.hum(971, 60.0)
    await asyncio.sleep(1.0)
    for number in range(12):
        await asyncio.sleep(0.3 + number * 0.0017)
        await post(scene, path, Coaching="true", CallSidToCoach=scene.sid("human"))
        answered = asyncio.get_running_loop().time()
        await asyncio.sleep(0.2)
        last = caller.line.ear.last_heard(971)
        assert last is not None
        assert last - FRAME_S < answered + 0.001, f"round {number}: the last packet with a trace of it left too late"
        assert await heard_hz(scene, "human") == {971}, "in the middle of the word"
        await post(scene, path, Coaching="false")


@scenario
async def test_so_it_is_with_mute_hold_and_removal(scene: Scene) -> None:
    caller = await scene.calls_in("caller", enter("room", beep=False))
    await scene.calls_in("human", enter("room", beep=False))
    sid, talk = await seat(scene, "clerk")
    path = f"{await room_path(scene)}/Participants/{sid}"
    talk.hum(971, 60.0)
    await asyncio.sleep(0.5)
    for done, undone in (({"Muted": "true"}, {"Muted": "false"}), ({"Hold": "true"}, {"Hold": "false"})):
        await post(scene, path, **done)
        answered = asyncio.get_running_loop().time()
        await asyncio.sleep(0.2)
        last = caller.line.ear.last_heard(971)
        assert last is not None
        assert last - FRAME_S < answered + 0.001
        await post(scene, path, **undone)
        assert await heard_hz(scene, "caller") == {971}, "it talks on"
    await (await scene.room()).participants(sid).delete_async()
    answered = asyncio.get_running_loop().time()
    await asyncio.sleep(0.2)
    last = caller.line.ear.last_heard(971)
    assert last is not None
    assert last - FRAME_S < answered + 0.001


@scenario
async def test_a_held_agent_is_sent_digital_silence_and_its_marks_in_time(scene: Scene) -> None:
    alice = await scene.calls_in("alice", enter("room", beep=False))
    alice.hum(521)
    sid, talk = await seat(scene, "clerk")
    await scene.update(sid, hold=True)
    began = asyncio.get_running_loop().time()
    talk.hum(971, 1.0)
    talk.mark("end")
    await asyncio.sleep(1.5)
    assert talk.loudest(1.2) == 0
    assert abs(talk.mark_at("end") - began - 1.0) < 0.1
    assert alice.line.ear.first_heard(971) is None


@scenario
async def test_nor_when_it_ends_with_the_conference(scene: Scene) -> None:
    caller = await scene.calls_in("caller", enter("room", beep=False, end_conference_on_exit=False))
    _, talk = await seat(scene, "clerk", EndConferenceOnExit="true")
    talk.hum(971, 60.0)
    await asyncio.sleep(0.5)
    asked = asyncio.get_running_loop().time()
    await (await scene.room()).update_async(status="completed")
    answered = asyncio.get_running_loop().time()
    assert answered - asked < 0.1
    await asyncio.sleep(0.2)
    last = caller.line.ear.last_heard(971)
    assert last is not None
    assert last - FRAME_S < answered + 0.001
    assert talk.closed_with == 1000
