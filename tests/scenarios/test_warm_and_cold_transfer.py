"""The recipes of the reference's seed guide, in its own words: transfers, coaching, barge, hold versus mute."""

import asyncio
from typing import Any

from tests.scenarios.cast import NUMBER, TRUNK, Scene, everybody, scenario_with
from twilio.twiml.voice_response import VoiceResponse

from mixminus.testing.phone import VirtualPhone
from mixminus.testing.sounds import MUSIC_HZ

NEW_AGENT = "+15552220000"


def step_1(call_sid: str) -> str:
    """Quickstart, step 1: put the inbound caller into a conference."""
    response = VoiceResponse()
    dial = response.dial()
    dial.conference(
        f"room-{call_sid}",
        start_conference_on_enter=True,
        end_conference_on_exit=False,
        status_callback="http://app.example.com/conference-events",
        status_callback_event="join leave",
        record="record-from-start",
    )
    return str(response)


class Desk:
    """A caller and an agent in room-CA…, as the quickstart has them; the carrier is behind every number."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.client = scene.twilio
        self.carrier: VirtualPhone
        self.caller_call_sid = ""
        self.agent_call_sid = ""
        self.conference_sid = ""
        self.conference_name = ""

    async def open(self) -> "Desk":
        scene = self.scene
        self.carrier = await scene.phone("carrier")
        await scene.calls_in("caller", lambda request: step_1(request["CallSid"]))
        assert scene.calls["caller"].hears(MUSIC_HZ)
        self.caller_call_sid = scene.sid("caller")
        self.conference_name = f"room-{self.caller_call_sid}"
        self.conference_sid = (await scene.conference(self.conference_name)).sid
        self.agent_call_sid = await self.call("agent", "+15551110000", "/agent-call-status")
        assert await scene.pairs() == everybody("caller", "agent")
        return self

    async def call(self, name: str, phone: str, callback: str = "/status", attributes: str = "") -> str:
        """`client.calls.create(to=…, from_=…, twiml=…)`, as every recipe has it; returns the call SID."""
        created: Any = await self.client.calls.create_async(
            to=phone,
            from_=NUMBER,
            twiml=f"<Response><Dial><Conference{attributes}>{self.conference_name}</Conference></Dial></Response>",
            status_callback=self.scene.world.url(callback),
        )
        self.scene.calls[name] = await self.carrier.next_call(within_s=2)
        await asyncio.sleep(0.5)
        return str(created.sid)

    def participant(self, call_sid: str) -> Any:
        return self.client.conferences(self.conference_sid).participants(call_sid)


@scenario_with(trunks=[TRUNK])
async def test_warm_transfer(scene: Scene) -> None:
    """Seed guide, "Warm Transfer": hold, dial, brief, un-hold, leave. The caller never hears the briefing."""
    desk = await Desk(scene).open()
    caller, agent = scene.calls["caller"], scene.calls["agent"]
    # Step 1: put caller on hold
    await desk.participant(desk.caller_call_sid).update_async(hold=True)
    # Step 2: dial new agent into the same conference
    await desk.call("new", NEW_AGENT, "/transfer-agent-status")
    # Step 3: original agent briefs new agent
    assert await scene.pairs() == everybody("agent", "new")
    assert caller.hears(MUSIC_HZ)
    agent.hum(1979)
    await asyncio.sleep(1)
    agent.silence()
    await asyncio.sleep(0.2)
    # Step 4: take caller off hold
    await desk.participant(desk.caller_call_sid).update_async(hold=False)
    assert await scene.pairs() == everybody("caller", "agent", "new")
    assert caller.first_heard(1979) is None
    # Step 5: original agent leaves (the guide says update(status="completed"), which the SDK does not have)
    await desk.participant(desk.agent_call_sid).delete_async()
    await agent.ended(within_s=1)
    assert await scene.pairs("caller", "new") == everybody("caller", "new")
    assert (await scene.conference(desk.conference_name)).status == "in-progress"
    assert scene.statuses("/agent-call-status") == ["completed"]
    assert scene.events("/conference-events") == ["participant-join"] * 3 + ["participant-leave"]


@scenario_with(trunks=[TRUNK])
async def test_the_original_agent_may_simply_hang_up(scene: Scene) -> None:
    """The same, with step 5 done by the phone; complaint 3: the caller is not held any more, so nobody is stuck."""
    desk = await Desk(scene).open()
    await desk.participant(desk.caller_call_sid).update_async(hold=True)
    await desk.call("new", NEW_AGENT)
    await scene.calls["agent"].hang_up()
    await desk.participant(desk.caller_call_sid).update_async(hold=False)
    assert await scene.pairs("caller", "new") == everybody("caller", "new")


@scenario_with(trunks=[TRUNK])
async def test_a_consult_that_nobody_answers_gives_the_caller_back(scene: Scene) -> None:
    """Complaint 4: the target does not answer; the caller comes off hold and talks with the first agent again."""
    desk = await Desk(scene).open()
    await desk.participant(desk.caller_call_sid).update_async(hold=True)
    desk.carrier.rejects(486)
    added = await scene.twilio.conferences(desk.conference_sid).participants.create_async(
        from_=NUMBER, to=NEW_AGENT, label="consult"
    )
    await asyncio.sleep(0.5)
    assert await scene.call_status(added.call_sid) == "busy"
    await desk.participant(desk.caller_call_sid).update_async(hold=False)
    assert await scene.pairs() == everybody("caller", "agent")


@scenario_with(trunks=[TRUNK])
async def test_cold_transfer(scene: Scene) -> None:
    """Seed guide, "Cold Transfer": remove the original agent, dial the new one. The conference outlives the gap."""
    desk = await Desk(scene).open()
    await desk.participant(desk.agent_call_sid).delete_async()
    await scene.calls["agent"].ended(within_s=1)
    assert scene.calls["caller"].end is None
    await desk.call("new", NEW_AGENT)
    assert await scene.pairs("caller", "new") == everybody("caller", "new")
    assert (await scene.conference(desk.conference_name)).sid == desk.conference_sid


@scenario_with(trunks=[TRUNK])
async def test_coaching_then_barge(scene: Scene) -> None:
    """Seed guide, "Coaching" and "From coach to barge": update the participant."""
    desk = await Desk(scene).open()
    supervisor = await desk.call("boss", "+15553330000", attributes=f' coach="{desk.agent_call_sid}"')
    whisper = everybody("caller", "agent") | {("boss", "caller"), ("boss", "agent"), ("agent", "boss")}
    assert await scene.pairs() == whisper
    await desk.participant(supervisor).update_async(coaching=False)
    assert await scene.pairs() == everybody("caller", "agent", "boss")


@scenario_with(trunks=[TRUNK])
async def test_supervisor_barge_and_participant_management(scene: Scene) -> None:
    """Seed guide, "Supervisor Barge", "Participant Management": list, end the entire conference."""
    desk = await Desk(scene).open()
    await desk.call("boss", "+15553330000")
    assert await scene.pairs() == everybody("caller", "agent", "boss")
    listed = await scene.twilio.conferences(desk.conference_sid).participants.list_async()
    assert [(one.muted, one.hold) for one in listed] == [(False, False)] * 3
    await scene.twilio.conferences(desk.conference_sid).update_async(status="completed")
    for call in scene.calls.values():
        await call.ended(within_s=1)


@scenario_with(trunks=[TRUNK])
async def test_hold_versus_mute(scene: Scene) -> None:
    """Seed guide, "Hold vs Mute"."""
    desk = await Desk(scene).open()
    await desk.participant(desk.agent_call_sid).update_async(muted=True)
    assert await scene.pairs() == {("agent", "caller")}
    assert not scene.calls["agent"].hears(MUSIC_HZ)
    await desk.participant(desk.agent_call_sid).update_async(muted=False)
    await desk.participant(desk.caller_call_sid).update_async(hold=True)
    assert await scene.pairs() == set()
    assert scene.calls["caller"].hears(MUSIC_HZ)


@scenario_with(trunks=[TRUNK])
async def test_a_two_party_call_becomes_a_conference_without_losing_a_side(scene: Scene) -> None:
    """Complaint 13: redirect the child, and let the parent follow by its <Dial action>."""
    carrier = await scene.phone("carrier")
    scene.app.answers("/move", "<Response><Dial><Conference>moved</Conference></Dial></Response>")
    document = "<Response><Dial action='/move'><Number>+15551110000</Number></Dial></Response>"
    await scene.calls_in("caller", document)
    scene.calls["agent"] = await carrier.next_call(within_s=2)
    await asyncio.sleep(0.3)
    assert await scene.pairs() == everybody("caller", "agent")
    [child] = await scene.twilio.calls.list_async(parent_call_sid=scene.sid("caller"))
    await scene.twilio.calls(child.sid).update_async(url=scene.world.url("/move"))
    assert await scene.pairs(settle_s=0.5) == everybody("caller", "agent")
    assert len(await scene.participants("moved")) == 2
