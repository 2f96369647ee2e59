"""Who hears whom when some are agents: laws 1 and 3 by ear, sentence by sentence (issue 4, shows 2).

Agents hum and listen beside the phones, over their streams.
"""

import asyncio
from itertools import permutations
from typing import Any

from tests.scenarios.cast import NUMBER, Scene, enter, scenario
from tests.scenarios.test_conference_recording import downmix, finished, notes_in

from mixminus.testing import AgentCall
from mixminus.testing.listening import measure_matrix
from mixminus.testing.sounds import MUSIC_HZ

SOUNDS = (MUSIC_HZ,)


async def joins(scene: Scene, name: str, **options: Any) -> AgentCall:
    """An agent of that name as a participant of `room`, by one request; it is in `scene.calls` as phones are."""
    url = f"wss://agents.example.com/{name}"
    scene.app.answers(f"/{name}", f'<Response><Connect><Stream url="{url}"/></Connect></Response>')
    application = await scene.twilio.applications.create_async(
        friendly_name=name, voice_url=scene.world.url(f"/{name}")
    )
    participants = scene.twilio.conferences("room").participants
    await participants.create_async(from_=NUMBER, to=f"app:{application.sid}", label=name, beep="false", **options)
    call = (await scene.world.agents.at(url).conversation()).call
    await asyncio.sleep(0.2)
    return call


async def heard(scene: Scene, **agents: AgentCall) -> dict[str, set[str]]:
    """Listener to speakers: everybody who called in, and the agents."""
    await asyncio.sleep(0.1)
    matrix = await measure_matrix({**scene.calls, **agents})
    return {name: set(matrix.heard_by(name)) for name in matrix.names}


def never_heard(agent: AgentCall, *notes: int) -> None:
    """Not in a single frame of all that the agent was ever sent."""
    for hertz in notes:
        assert agent.first_heard(hertz) is None, f"{hertz} Hz at {agent.first_heard(hertz)}"


@scenario
async def test_an_agent_hears_the_mix_minus_itself(scene: Scene) -> None:
    await scene.calls_in("ann", enter(beep="false"))
    await scene.calls_in("bob", enter(beep="false"))
    ai = await joins(scene, "ai")
    assert await heard(scene, ai=ai) == {"ann": {"bob", "ai"}, "bob": {"ann", "ai"}, "ai": {"ann", "bob"}}


@scenario
async def test_two_agents_hear_each_other_and_nobody_hears_himself(scene: Scene) -> None:
    await scene.calls_in("ann", enter(beep="false"))
    one, two = await joins(scene, "one"), await joins(scene, "two")
    everybody = {("ann", "one"), ("ann", "two"), ("one", "two")}
    pairs = everybody | {(speaker, listener) for listener, speaker in everybody}
    assert set(permutations(("ann", "one", "two"), 2)) == pairs
    found = await heard(scene, one=one, two=two)
    assert {(listener, speaker) for listener, speakers in found.items() for speaker in speakers} == pairs


@scenario
async def test_a_muted_agent_hears_and_is_not_heard(scene: Scene) -> None:
    await scene.calls_in("ann", enter(beep="false"))
    await scene.calls_in("bob", enter(beep="false"))
    ai = await joins(scene, "ai", muted=True)
    assert await heard(scene, ai=ai) == {"ann": {"bob"}, "bob": {"ann"}, "ai": {"ann", "bob"}}
    await scene.update("ai", muted=False)
    assert (await heard(scene, ai=ai))["ann"] == {"bob", "ai"}


@scenario
async def test_a_held_agent_neither_hears_nor_is_heard(scene: Scene) -> None:
    await scene.calls_in("ann", enter(beep="false"))
    await scene.calls_in("bob", enter(beep="false"))
    ai = await joins(scene, "ai")
    await scene.update("ai", hold=True)
    assert await heard(scene, ai=ai) == {"ann": {"bob"}, "bob": {"ann"}, "ai": set()}
    await scene.update("ai", hold=False)
    assert await heard(scene, ai=ai) == {"ann": {"bob", "ai"}, "bob": {"ann", "ai"}, "ai": {"ann", "bob"}}
    never_heard(ai, *SOUNDS)


@scenario
async def test_an_agent_that_coaches_hears_all_and_is_heard_by_one(scene: Scene) -> None:
    await scene.calls_in("ann", enter(beep="false"))
    await scene.calls_in("bob", enter(beep="false"))
    ai = await joins(scene, "ai", coaching=True, call_sid_to_coach=scene.sid("bob"))
    assert await heard(scene, ai=ai) == {"ann": {"bob"}, "bob": {"ann", "ai"}, "ai": {"ann", "bob"}}


@scenario
async def test_an_agent_that_is_coached_hears_its_coach_and_nobody_else_does(scene: Scene) -> None:
    """Also not another agent: what is whispered to one is not heard by the note taker."""
    await scene.calls_in("ann", enter(beep="false"))
    ai, notes = await joins(scene, "ai"), await joins(scene, "notes", muted=True)
    ai_sid = str(ai.start["callSid"])
    await scene.calls_in("sam", enter(beep="false", coach=ai_sid))
    assert await heard(scene, ai=ai, notes=notes) == {
        "ann": {"ai"},
        "sam": {"ann", "ai"},
        "ai": {"ann", "sam"},
        "notes": {"ann", "ai"},
    }


@scenario
async def test_an_agent_coaches_an_agent(scene: Scene) -> None:
    await scene.calls_in("ann", enter(beep="false"))
    pupil = await joins(scene, "pupil")
    coach = await joins(scene, "coach", coaching=True, call_sid_to_coach=str(pupil.start["callSid"]))
    assert await heard(scene, pupil=pupil, coach=coach) == {
        "ann": {"pupil"},
        "pupil": {"ann", "coach"},
        "coach": {"ann", "pupil"},
    }


@scenario
async def test_a_promotion_to_coach_leaves_no_frame_behind(scene: Scene) -> None:
    """ai-and-desk.md 3.3: no frame of the agent's audio reaches the caller after the API has answered."""
    ann = await scene.calls_in("ann", enter(beep="false"))
    await scene.calls_in("bob", enter(beep="false"))
    ai = await joins(scene, "ai")
    ai.hum(971)
    await asyncio.sleep(0.5)
    assert ann.hears(971)
    await scene.update("ai", coaching=True, call_sid_to_coach=scene.sid("bob"))
    answered_at = asyncio.get_running_loop().time()
    await asyncio.sleep(1.0)
    last = ann.last_heard(971)
    assert last is not None
    assert last - answered_at <= 0.04, "what was on its way: one frame of the mixer, one of the wire"
    assert scene.calls["bob"].hears(971)


@scenario
async def test_a_held_caller_and_the_music_on_hold_are_in_no_frame_of_an_agents_audio(scene: Scene) -> None:
    """The agent joins while the caller is on hold, is held itself, and stays when the caller is held once more."""
    ann = await scene.calls_in("ann", enter(beep="false"))
    bob = await scene.calls_in("bob", enter(beep="false"))
    await scene.update("ann", hold=True)
    ai = await joins(scene, "ai")
    ann.hum(521)
    bob.hum(733)
    await asyncio.sleep(1.0)
    assert ann.hears(MUSIC_HZ)
    assert ai.chord() == {733}
    await scene.update("ai", hold=True)
    await asyncio.sleep(1.0)
    await scene.update("ai", hold=False)
    await asyncio.sleep(0.5)
    assert ai.chord() == {733}
    never_heard(ai, 521, *SOUNDS)
    await scene.update("ann", hold=False)
    await asyncio.sleep(0.5)
    assert ai.chord() == {521, 733}
    held_at = asyncio.get_running_loop().time()
    await scene.update("ann", hold=True)
    await asyncio.sleep(1.0)
    last = ai.last_heard(521)
    assert last is not None
    assert last - held_at <= 0.06, "the packets in ann's jitter buffer are hers no more, either"
    never_heard(ai, *SOUNDS)


@scenario
async def test_music_for_who_waits_reaches_no_agent(scene: Scene) -> None:
    """The caller waits with music for a conference that has not begun; so does the agent, in silence."""
    ann = await scene.calls_in("ann", enter(beep="false", start_conference_on_enter=False))
    ai = await joins(scene, "ai", start_conference_on_enter=False)
    await asyncio.sleep(1.0)
    assert ann.hears(MUSIC_HZ)
    assert ai.line.ear.packets >= 45, "it is sent silence, not nothing"
    never_heard(ai, *SOUNDS)
    await scene.calls_in("bob", enter(beep="false"))
    assert (await heard(scene, ai=ai))["ai"] == {"ann", "bob"}
    never_heard(ai, *SOUNDS)


@scenario
async def test_an_agent_is_on_the_recording_unless_it_whispers(scene: Scene) -> None:
    """Law 3, and the seed: coach audio is not in the recording."""
    ann = await scene.calls_in("ann", enter(beep="false", record="record-from-start"))
    await scene.calls_in("bob", enter(beep="false"))
    ai = await joins(scene, "ai")
    ann.hum(521)
    ai.hum(971)
    await asyncio.sleep(1.0)
    await scene.update("ai", coaching=True, call_sid_to_coach=scene.sid("bob"))
    await asyncio.sleep(1.0)
    sound = await downmix(scene, (await finished(scene)).sid)
    assert notes_in(sound[:-9_600], 521, 971) == {521, 971}
    assert notes_in(sound[-6_400:], 521, 971) == {521}
