"""Phones transfer calls by SIP: who hears whom before, meanwhile and after, and what is told of it
(RFC 3515, 3891, 5589; docs/decisions/0019).
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.scenarios.cast import TRUNK, Scene, enter, everybody, scenario, scenario_with, twiml

from mixminus.base.types import Sid
from mixminus.calls.records import CallRecord
from mixminus.testing.call import Call
from mixminus.testing.errors import CallRefused
from mixminus.testing.listening import leaks
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.sounds import SPEECH_HZ

USERS = {"agent": "secret", "expert": "secret"}
RINGBACK_HZ = (440.0, 480.0)
AGENT_HZ, EXPERT_HZ = 1979, 2161

desk: Callable[..., Any] = scenario_with(users=USERS, trunks=[TRUNK])
"""Scenes in which `agent` and `expert` are users of the node."""


async def user(scene: Scene, name: str) -> VirtualPhone:
    phone = await scene.phone(name, password=USERS[name])
    await phone.register()
    return phone


async def caller_and_agent(scene: Scene) -> tuple[Call, Call]:
    """The caller dials a number that dials the agent."""
    agent = await user(scene, "agent")
    document = '<Dial action="/after"><Client statusCallback="/leg">agent</Client></Dial><Say>After.</Say>'
    scene.app.answers("/after", twiml("<Say>This is said when the dial is over.</Say>"))
    caller = await scene.calls_in("caller", twiml(document))
    agent_call = await scene.rings(agent)
    await asyncio.sleep(0.3)
    assert await scene.pairs("caller", "agent") == everybody("caller", "agent")
    return caller, agent_call


# --- blind ------------------------------------------------------------------------------------------------------


@desk
async def test_a_dialled_phone_sends_the_caller_to_another(scene: Scene) -> None:
    """The caller's <Dial> goes on with the expert in the agent's place."""
    expert = await user(scene, "expert")
    expert.waits()
    caller, agent = await caller_and_agent(scene)
    transfer = await agent.transfer("expert")
    ringing = await scene.rings(expert)
    ringing.ring()
    await asyncio.sleep(1.5)
    assert all(caller.hears(hertz) for hertz in RINGBACK_HZ)
    assert agent.chord() == set()
    assert await scene.pairs("caller", "agent") == set()
    ringing.answer()
    assert await transfer.concluded(within_s=2) == 200
    assert transfer.statuses == [100, 180, 200]
    await agent.ended(within_s=2)
    assert await scene.pairs("caller", "expert") == everybody("caller", "expert")
    await ringing.hang_up()
    after = await scene.app.wait_for("/after", within_s=5)
    child = await scene.twilio.calls(after["DialCallSid"]).fetch_async()
    assert (child.to, child.parent_call_sid, child.status) == ("client:expert", scene.sid("caller"), "completed")
    assert after["DialCallStatus"] == "completed"
    await asyncio.sleep(0.5)
    assert caller.hears(SPEECH_HZ)
    assert [leg["CallStatus"] for leg in scene.told("/leg")] == ["completed", "completed"]


@desk
async def test_a_caller_sends_whom_it_reached_to_another(scene: Scene) -> None:
    """The agent calls in and is connected; the carrier's phone goes on with the expert, and the agent is released."""
    carrier = await scene.phone("carrier")
    agent, expert = await user(scene, "agent"), await user(scene, "expert")
    assert expert.calls == []
    scene.app.answers("/out", twiml('<Dial><Number statusCallback="/leg">+15558675310</Number></Dial>'))
    scene.app.answers("/in", twiml("<Dial><Client>agent</Client></Dial>"))
    await scene.world.number("+15550009999", "/in")
    # The agent is rung by a call of the API, so that it is known as a user, and then dials out.
    await scene.twilio.calls.create_async(
        to="client:agent",
        from_="+15550009000",
        url=scene.world.url("/out"),
        status_callback=scene.world.url("/first"),
    )
    scene.calls["agent"] = await scene.rings(agent)
    scene.calls["carrier"] = await scene.rings(carrier)
    await asyncio.sleep(0.5)
    assert await scene.pairs("agent", "carrier") == everybody("agent", "carrier")
    transfer = await scene.calls["agent"].transfer("expert")
    scene.calls["expert"] = await scene.rings(expert)
    assert await transfer.concluded(within_s=2) == 200
    await scene.calls["agent"].ended(within_s=2)
    assert await scene.pairs("carrier", "expert") == everybody("carrier", "expert")
    await scene.calls["carrier"].hang_up()
    await scene.calls["expert"].ended(within_s=2)
    await asyncio.sleep(0.5)
    assert scene.statuses("/first")[-1] == "completed"


@pytest.mark.parametrize("status", [486, 603, 404])
def test_who_refuses_a_transfer_leaves_the_two_together(status: int) -> None:
    @desk
    async def story(scene: Scene) -> None:
        expert = await user(scene, "expert")
        expert.rejects(status)
        _, agent = await caller_and_agent(scene)
        transfer = await agent.transfer("expert")
        assert await transfer.concluded(within_s=5) == status
        assert await scene.pairs("caller", "agent") == everybody("caller", "agent")
        await agent.hang_up()
        assert (await scene.app.wait_for("/after", within_s=5))["DialCallStatus"] == "completed"

    story()


@desk
async def test_nobody_answers_and_the_two_go_on(scene: Scene) -> None:
    (await user(scene, "expert")).rings_forever()
    _, agent = await caller_and_agent(scene)
    transfer = await agent.transfer("expert")
    assert await transfer.concluded(within_s=40) == 487
    assert await scene.pairs("caller", "agent") == everybody("caller", "agent")


@desk
async def test_a_transferor_that_hangs_up_at_once_does_not_take_the_caller_along(scene: Scene) -> None:
    expert = await user(scene, "expert")
    expert.answers(after_s=3)
    _, agent = await caller_and_agent(scene)
    await agent.transfer("expert")
    await agent.hang_up()
    scene.calls["expert"] = await scene.rings(expert)
    await asyncio.sleep(4)
    assert await scene.pairs("caller", "expert") == everybody("caller", "expert")


@desk
async def test_a_transferor_that_hung_up_and_a_target_that_refuses_end_the_dial(scene: Scene) -> None:
    (await user(scene, "expert")).rejects(486, after_s=2)
    caller, agent = await caller_and_agent(scene)
    await agent.transfer("expert")
    await agent.hang_up()
    await scene.app.wait_for("/after", within_s=10)
    await asyncio.sleep(0.5)
    assert caller.hears(SPEECH_HZ)


@desk
async def test_a_caller_that_hangs_up_meanwhile_leaves_nobody_ringing(scene: Scene) -> None:
    expert = await user(scene, "expert")
    expert.rings_forever()
    caller, agent = await caller_and_agent(scene)
    transfer = await agent.transfer("expert")
    ringing = await scene.rings(expert)
    await asyncio.sleep(1)
    await caller.hang_up()
    await ringing.ended(within_s=2)
    assert await transfer.concluded(within_s=2) == 487
    await agent.ended(within_s=2)


@desk
async def test_a_number_goes_over_the_trunk_that_leads_there(scene: Scene) -> None:
    carrier = await scene.phone("carrier")
    _, agent = await caller_and_agent(scene)
    # the first phone of the scene is the trunk's gateway
    assert await (await agent.transfer("+15558675310")).concluded(within_s=5) == 200
    far = await scene.rings(carrier)
    assert far.invite.uri.startswith("sip:+15558675310@")
    assert far.remote_uri.startswith("sip:caller@")  # on whose behalf
    assert await scene.pairs("caller", "carrier") == everybody("caller", "carrier")


@desk
async def test_an_agent_that_held_the_caller_first_may_transfer_it_and_have_it_back(scene: Scene) -> None:
    """What most phones do at the key: a re-INVITE that holds, then the REFER."""
    expert = await user(scene, "expert")
    expert.rejects(486)
    _, agent = await caller_and_agent(scene)
    await agent.hold()
    assert await (await agent.transfer("expert")).concluded(within_s=5) == 486
    await agent.resume()
    assert await scene.pairs("caller", "agent") == everybody("caller", "agent")
    expert.answers()
    await agent.hold()
    assert await (await agent.transfer("expert")).concluded(within_s=5) == 200
    scene.calls["expert"] = expert.calls[-1]
    assert await scene.pairs("caller", "expert") == everybody("caller", "expert")


@desk
async def test_one_transfer_at_a_time_whoever_of_the_two_asks(scene: Scene) -> None:
    (await user(scene, "expert")).rings_forever()
    _, agent = await caller_and_agent(scene)
    await agent.transfer("expert")
    with pytest.raises(CallRefused, match="491"):
        await agent.transfer("expert")


@desk
async def test_a_transferred_call_may_be_transferred_on_and_back(scene: Scene) -> None:
    expert = await user(scene, "expert")
    caller, agent = await caller_and_agent(scene)
    await agent.transfer("expert")
    second = await scene.rings(expert)
    await second.answered(within_s=2)
    await asyncio.sleep(0.3)
    await second.transfer("agent")
    scene.calls["agent"] = await agent.phone.next_call(within_s=3)
    await asyncio.sleep(0.5)
    assert second.is_over
    assert await scene.pairs("caller", "agent") == everybody("caller", "agent")
    await caller.hang_up()
    await scene.calls["agent"].ended(within_s=2)


@desk
async def test_a_caller_that_is_redirected_meanwhile_goes_where_it_is_sent(scene: Scene) -> None:
    expert = await user(scene, "expert")
    expert.rings_forever()
    caller, agent = await caller_and_agent(scene)
    await agent.transfer("expert")
    ringing = await scene.rings(expert)
    await scene.twilio.calls(scene.sid("caller")).update_async(twiml=twiml("<Say>Something else altogether.</Say>"))
    await ringing.ended(within_s=2)
    await agent.ended(within_s=2)
    await asyncio.sleep(0.3)
    assert caller.hears(SPEECH_HZ)


@desk
async def test_callbacks_of_the_new_leg_come_in_order_and_name_its_parent(scene: Scene) -> None:
    agent = await user(scene, "agent")
    expert = await user(scene, "expert")
    expert.answers(after_s=1)
    noun = '<Client statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed">agent</Client>'
    caller = await scene.calls_in("caller", twiml(f"<Dial>{noun}</Dial>"))
    first = await scene.rings(agent)
    await asyncio.sleep(0.3)
    assert await (await first.transfer("expert")).concluded(within_s=5) == 200
    await asyncio.sleep(0.5)
    await caller.hang_up()
    await asyncio.sleep(0.5)
    legs: dict[str, list[str]] = {}
    for told in scene.told("/leg"):
        legs.setdefault(told["CallSid"], []).append(told["CallStatus"])
        assert told["ParentCallSid"] == scene.sid("caller")
    assert list(legs.values()) == [["initiated", "ringing", "in-progress", "completed"]] * 2


@desk
async def test_a_number_of_the_node_s_own_answers_with_its_document(scene: Scene) -> None:
    """A menu, a queue: the caller goes on there, and the agent is released."""
    menu = await scene.number_for("menu", twiml("<Say>Press one for sales, or two for support.</Say>"))
    caller, agent = await caller_and_agent(scene)
    transfer = await agent.transfer(menu)
    assert await transfer.concluded(within_s=2) == 200
    await agent.ended(within_s=2)
    await asyncio.sleep(0.4)
    assert caller.hears(SPEECH_HZ)
    assert scene.told("/menu")[0]["CallSid"] == scene.sid("caller")


@desk
async def test_a_dialled_party_goes_on_with_the_document_of_a_number(scene: Scene) -> None:
    """The agent dials out and sends whom it reached into a conference."""
    carrier, agent = await scene.phone("carrier"), await user(scene, "agent")
    hall = await scene.number_for("hall", enter("hall"))
    await scene.calls_in("other", enter("hall"))
    scene.app.answers("/out", twiml('<Dial action="/never"><Number>+15558675310</Number></Dial>'))
    await scene.twilio.calls.create_async(to="client:agent", from_="+15550009000", url=scene.world.url("/out"))
    call = await scene.rings(agent)
    scene.calls["carrier"] = await scene.rings(carrier)
    await asyncio.sleep(0.5)
    assert await (await call.transfer(hall)).concluded(within_s=2) == 200
    await call.ended(within_s=2)
    assert await scene.pairs("carrier", "other") == everybody("carrier", "other")


# --- who may, and where to -----------------------------------------------------------------------------------------


@desk
async def test_a_caller_that_is_nobody_s_user_may_transfer_nothing(scene: Scene) -> None:
    caller, _ = await caller_and_agent(scene)
    with pytest.raises(CallRefused, match="403"):
        await caller.transfer("expert")
    assert await scene.pairs("caller", "agent") == everybody("caller", "agent")


@scenario_with(users=USERS, transfers="never")
async def test_nobody_may_where_transfers_are_off(scene: Scene) -> None:
    _, agent = await caller_and_agent(scene)
    with pytest.raises(CallRefused, match="403"):
        await agent.transfer("expert")


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("nobody", 404),
        ("sip:expert@gateway.example.com;x=1", 202),
        ("sip:gateway.example.com", 404),
        ("sip:+19005550000@10.0.0.1", 403),
        ("+4930123456", 404),
        ("tel:nobody", 404),
    ],
)
def test_transfers_lead_where_calls_may_go(target: str, status: int) -> None:
    @scenario_with(users=USERS, trunks=[TRUNK], deny_destinations=("+1900",))
    async def story(scene: Scene) -> None:
        await user(scene, "expert")
        _, agent = await caller_and_agent(scene)
        if status == 202:
            await agent.transfer(target)
            return
        with pytest.raises(CallRefused, match=str(status)):
            await agent.transfer(target)
        assert await scene.pairs("caller", "agent") == everybody("caller", "agent")

    story()


@desk
async def test_a_phone_that_talks_to_nobody_has_nobody_to_transfer(scene: Scene) -> None:
    agent = await user(scene, "agent")
    await scene.twilio.calls.create_async(to="client:agent", from_="+15550009000", twiml=twiml("<Pause length='9'/>"))
    call = await scene.rings(agent)
    await asyncio.sleep(0.5)
    with pytest.raises(CallRefused, match="603"):
        await call.transfer("expert")


# --- in conferences -----------------------------------------------------------------------------------------------


async def agent_in_a_conference(scene: Scene, **parameters: Any) -> Call:
    """A caller, and an agent whom the API added."""
    agent = await user(scene, "agent")
    await scene.calls_in("caller", enter(status_callback="/events", status_callback_event="start end join leave"))
    await scene.twilio.conferences("room").participants.create_async(
        from_="+15550009000", to="client:agent", label="desk", **parameters
    )
    call = await scene.rings(agent)
    await asyncio.sleep(0.5)
    assert await scene.pairs("caller", "agent") == everybody("caller", "agent")
    return call


@desk
async def test_a_participant_sends_another_into_its_place(scene: Scene) -> None:
    agent = await agent_in_a_conference(scene, end_conference_on_exit=True)
    expert = await user(scene, "expert")
    expert.answers(after_s=2)
    transfer = await agent.transfer("expert")
    scene.calls["expert"] = await scene.rings(expert)
    await asyncio.sleep(1)
    assert await scene.pairs("caller", "agent", "expert") == everybody("caller", "agent")
    assert await transfer.concluded(within_s=3) == 200
    await agent.ended(within_s=2)
    assert await scene.pairs("caller", "expert") == everybody("caller", "expert")
    (desk_now,) = [one for one in (await scene.participants()).values() if one.label == "desk"]
    assert desk_now.end_conference_on_exit is True
    assert scene.events()[-2:] == ["participant-join", "participant-leave"]
    await scene.calls["expert"].hang_up()
    await scene.calls["caller"].ended(within_s=2)
    assert scene.events()[-1] == "conference-end"


@desk
async def test_a_participant_that_hangs_up_at_once_does_not_end_the_conference(scene: Scene) -> None:
    agent = await agent_in_a_conference(scene, end_conference_on_exit=True)
    expert = await user(scene, "expert")
    expert.answers(after_s=2)
    await agent.transfer("expert")
    await agent.hang_up()
    scene.calls["expert"] = await scene.rings(expert)
    await asyncio.sleep(3)
    assert await scene.pairs("caller", "expert") == everybody("caller", "expert")
    (desk_now,) = [one for one in (await scene.participants()).values() if one.label == "desk"]
    assert desk_now.end_conference_on_exit is True


@desk
async def test_a_conference_whose_transfer_failed_is_as_before(scene: Scene) -> None:
    agent = await agent_in_a_conference(scene, end_conference_on_exit=True)
    (await user(scene, "expert")).rejects(486)
    assert await (await agent.transfer("expert")).concluded(within_s=3) == 486
    assert await scene.pairs("caller", "agent") == everybody("caller", "agent")
    await agent.hang_up()
    await scene.calls["caller"].ended(within_s=2)


@desk
async def test_nobody_hears_both_or_the_one_who_left(scene: Scene) -> None:
    """Law 2, by ear: the expert's first frame comes after the agent's last one, and the two never hear each other."""
    caller = scene.calls
    agent = await agent_in_a_conference(scene)
    expert = await user(scene, "expert")
    expert.hum(EXPERT_HZ)
    expert.answers(after_s=1)
    agent.hum(AGENT_HZ)
    await agent.transfer("expert")
    reached = await scene.rings(expert)
    await asyncio.sleep(2)
    last, first = caller["caller"].last_heard(AGENT_HZ), caller["caller"].first_heard(EXPERT_HZ)
    assert last is not None
    assert first is not None
    assert 0 <= first - last < 0.5  # to a cell of 20 ms, which may hold the end of the one and the start of the other
    assert reached.first_heard(AGENT_HZ) is None
    assert agent.first_heard(EXPERT_HZ) is None


@desk
async def test_a_muted_listener_gets_no_voice_by_transferring_itself(scene: Scene) -> None:
    agent = await user(scene, "agent")
    await scene.calls_in("caller", enter())
    await scene.twilio.conferences("room").participants.create_async(
        from_="+15550009000", to="client:agent", muted=True
    )
    call = await scene.rings(agent)
    await asyncio.sleep(0.5)
    expert = await user(scene, "expert")
    await call.transfer("expert")
    scene.calls["expert"] = await scene.rings(expert)
    await asyncio.sleep(0.5)
    assert await scene.pairs("caller", "expert") == {("expert", "caller")}


# --- attended -----------------------------------------------------------------------------------------------------


async def consults(scene: Scene, agent: VirtualPhone, document: str) -> Call:
    """The agent's phone has a second call with us, while the first one is on hold."""
    await scene.calls["agent"].hold()
    await scene.twilio.calls.create_async(to="client:agent", from_="+15550009000", twiml=document)
    call = await agent.next_call(within_s=2)
    await asyncio.sleep(0.6)
    return call


@desk
async def test_an_attended_transfer_joins_the_two_far_ends(scene: Scene) -> None:
    caller, first = await caller_and_agent(scene)
    expert = await user(scene, "expert")
    second = await consults(scene, first.phone, twiml("<Dial><Client>expert</Client></Dial>"))
    scene.calls["expert"] = await scene.rings(expert)
    await asyncio.sleep(0.3)
    scene.calls["agent"] = second
    assert await scene.pairs("caller", "agent", "expert") == everybody("agent", "expert")
    second.hum(AGENT_HZ)
    scene.calls["expert"].hum(EXPERT_HZ)
    await asyncio.sleep(1)
    assert caller.first_heard(EXPERT_HZ) is None, "the consultation is private"
    since = asyncio.get_running_loop().time()
    transfer = await first.transfer_to(second)
    assert await transfer.concluded(within_s=2) == 200
    await first.ended(within_s=2)
    await second.ended(within_s=2)
    await asyncio.sleep(0.3)
    assert leaks(caller, AGENT_HZ, since, asyncio.get_running_loop().time()) == []
    assert await scene.pairs("caller", "expert") == everybody("caller", "expert")
    await caller.hang_up()
    await scene.calls["expert"].ended(within_s=2)


@desk
async def test_a_consultation_that_still_rings_may_be_transferred(scene: Scene) -> None:
    """Its phone holds it for answered: our <Dial> answers at once, and rings in the audio."""
    caller, first = await caller_and_agent(scene)
    expert = await user(scene, "expert")
    expert.answers(after_s=3)
    second = await consults(scene, first.phone, twiml("<Dial><Client>expert</Client></Dial>"))
    transfer = await first.transfer_to(second)
    await asyncio.sleep(1)
    assert all(caller.hears(hertz) for hertz in RINGBACK_HZ)
    scene.calls["expert"] = await scene.rings(expert)
    assert await transfer.concluded(within_s=5) == 200
    await first.ended(within_s=2)
    await second.ended(within_s=2)
    assert await scene.pairs("caller", "expert") == everybody("caller", "expert")


@desk
async def test_a_consultation_that_nobody_answers_gives_the_caller_back(scene: Scene) -> None:
    _, first = await caller_and_agent(scene)
    expert = await user(scene, "expert")
    expert.rejects(486, after_s=2)
    second = await consults(scene, first.phone, twiml("<Dial><Client>expert</Client></Dial>", "<Pause length='9'/>"))
    transfer = await first.transfer_to(second)
    assert await transfer.concluded(within_s=5) == 487
    await first.resume()
    scene.calls["agent"] = first
    assert await scene.pairs("caller", "agent") == everybody("caller", "agent")


@desk
async def test_an_attended_transfer_into_a_conference(scene: Scene) -> None:
    caller, first = await caller_and_agent(scene)
    await scene.calls_in("expert", enter("room"))
    second = await consults(scene, first.phone, enter("room", participant_label="desk"))
    scene.calls["agent"] = second
    assert await scene.pairs("caller", "agent", "expert") == everybody("agent", "expert")
    await first.transfer_to(second)
    await first.ended(within_s=2)
    await second.ended(within_s=2)
    assert await scene.pairs("caller", "expert") == everybody("caller", "expert")
    (desk_now,) = [one for one in (await scene.participants()).values() if one.label == "desk"]
    assert desk_now.call_sid == scene.sid("caller")
    await caller.hang_up()


@desk
async def test_two_conferences_do_not_merge(scene: Scene) -> None:
    first = await agent_in_a_conference(scene)
    second = await consults(scene, first.phone, enter("other"))
    with pytest.raises(CallRefused, match="603"):
        await first.transfer_to(second)


# --- taking a call over -------------------------------------------------------------------------------------------


@scenario_with(users=USERS, transfers="everybody")
async def test_another_phone_takes_a_call_over(scene: Scene) -> None:
    """RFC 3891: an INVITE with Replaces. The call goes on under its SID; the first phone is hung up."""
    _, agent = await caller_and_agent(scene)
    tablet = await scene.phone("tablet")
    scene.calls["tablet"] = await tablet.dial("anything", headers={"Replaces": agent.replaces})
    await agent.ended(within_s=2)
    assert await scene.pairs("caller", "tablet") == everybody("caller", "tablet")
    assert len(await scene.twilio.calls.list_async()) == 2


@scenario_with(users=USERS, transfers="everybody")
async def test_another_phone_picks_up_what_rings_elsewhere(scene: Scene) -> None:
    agent = await user(scene, "agent")
    agent.rings_forever()
    await scene.calls_in("caller", twiml("<Dial><Client>agent</Client></Dial>"))
    ringing = await scene.rings(agent)
    await asyncio.sleep(0.5)
    tablet = await scene.phone("tablet")
    replaces = f"{ringing.replaces};early-only"
    scene.calls["tablet"] = await tablet.dial("anything", headers={"Replaces": replaces})
    await ringing.ended(within_s=2)
    assert await scene.pairs("caller", "tablet") == everybody("caller", "tablet")


@desk
async def test_a_stranger_cannot_take_a_call_over(scene: Scene) -> None:
    _, agent = await caller_and_agent(scene)
    thief = await scene.phone("thief")
    with pytest.raises(CallRefused, match="403"):
        await thief.dial("anything", headers={"Replaces": agent.replaces})
    with pytest.raises(CallRefused, match="481"):
        await thief.dial("anything", headers={"Replaces": agent.replaces.replace("to-tag=", "to-tag=x")})
    assert await scene.pairs("caller", "agent") == everybody("caller", "agent")


# --- <Refer> -------------------------------------------------------------------------------------------------------


def sends_to(target: str) -> str:
    return twiml(f'<Refer action="/after"><Sip>{target}?X-Account=12</Sip></Refer>', "<Say>Not reached.</Say>")


@scenario
async def test_a_document_sends_its_caller_elsewhere(scene: Scene) -> None:
    """2.10: ReferCallStatus, ReferSipResponseCode, NotifySipResponseCode; X- headers of the address."""
    expert = await scene.phone("expert")
    caller = await scene.calls_in("caller", sends_to(expert.uri))
    reached = await scene.rings(expert)
    assert reached.invite.headers.get("X-Account") == "12"
    after = await scene.app.wait_for("/after", within_s=5)
    assert (after["ReferCallStatus"], after["ReferSipResponseCode"], after["NotifySipResponseCode"]) == (
        "in-progress",
        "202",
        "200",
    )
    await caller.ended(within_s=2)
    assert not reached.is_over


@scenario
async def test_a_document_goes_on_when_its_caller_could_not_be_sent(scene: Scene) -> None:
    (expert := await scene.phone("expert")).rejects(486, after_s=1)
    scene.app.answers("/after", twiml("<Say>They are busy, please hold the line.</Say>"))
    caller = await scene.calls_in("caller", sends_to(expert.uri))
    after = await scene.app.wait_for("/after", within_s=5)
    assert (after["ReferCallStatus"], after["NotifySipResponseCode"]) == ("busy", "486")
    await asyncio.sleep(0.5)
    assert caller.hears(SPEECH_HZ)


@scenario
async def test_a_phone_that_knows_no_transfers(scene: Scene) -> None:
    number = await scene.number_for("caller", sends_to("sip:expert@example.com"))
    phone = await scene.phone("caller")
    phone.transfers_refused_with = 405
    await phone.dial(number)
    after = await scene.app.wait_for("/after", within_s=5)
    assert (after["ReferCallStatus"], after["ReferSipResponseCode"]) == ("failed", "405")
    assert "NotifySipResponseCode" not in dict(after.form)


@scenario
async def test_a_caller_that_hangs_up_while_it_is_sent_elsewhere(scene: Scene) -> None:
    (expert := await scene.phone("expert")).rings_forever()
    caller = await scene.calls_in("caller", sends_to(expert.uri))
    await asyncio.sleep(1)
    await caller.hang_up()
    after = await scene.app.wait_for("/after", within_s=5)
    assert after["ReferCallStatus"] == "canceled"


@scenario
async def test_an_application_has_no_phone_to_send_elsewhere(scene: Scene) -> None:
    """13801."""
    scene.app.answers("/app", sends_to("sip:expert@example.com"))
    application = await scene.twilio.applications.create_async(friendly_name="x", voice_url=scene.world.url("/app"))
    nouns = f"<Dial><Application>{application.sid}</Application></Dial>"
    caller = await scene.calls_in("caller", twiml(nouns))
    await caller.ended(within_s=60)
    assert not scene.told("/after")


# --- <Dial referUrl> -----------------------------------------------------------------------------------------------


@scenario_with(users=USERS, transfers="never")
async def test_a_document_that_wants_to_know_of_a_refer_decides(scene: Scene) -> None:
    """2.6 referUrl, referMethod: the caller's document goes on there, with ReferTransferTarget."""
    agent = await user(scene, "agent")
    document = '<Dial referUrl="/refer" referMethod="GET" action="/after"><Client>agent</Client></Dial>'
    scene.app.answers("/refer", twiml("<Say>You will be connected to somebody else.</Say>"))
    caller = await scene.calls_in("caller", twiml(document))
    call = await scene.rings(agent)
    await asyncio.sleep(0.3)
    transfer = await call.transfer("sip:expert@elsewhere.example.com?X-Why=billing")
    refer = await scene.app.wait_for("/refer", within_s=2)
    assert (refer.method, refer["ReferTransferTarget"]) == ("GET", "sip:expert@elsewhere.example.com")
    assert (refer["SipHeader_X-Why"], refer["DialCallStatus"]) == ("billing", "completed")
    assert await transfer.concluded(within_s=2) == 200
    await call.ended(within_s=2)
    await asyncio.sleep(0.5)
    assert caller.hears(SPEECH_HZ)
    assert not scene.told("/after")


# --- why it ended ---------------------------------------------------------------------------------------------------


@scenario_with(users=USERS)
async def test_of_a_users_phones_the_slow_one_lists_no_missed_call(scene: Scene) -> None:
    """RFC 3326 3.1, in the CANCEL."""
    desk_phone, tablet = await user(scene, "agent"), await user(scene, "agent")
    desk_phone.answers(after_s=1)
    tablet.rings_forever()
    await scene.calls_in("caller", twiml("<Dial><Client>agent</Client></Dial>"))
    await (await scene.rings(tablet)).ended(within_s=5)
    (cancel,) = [m.data.decode() for m in scene.world.trace.since(0) if m.data.startswith(b"CANCEL ")]
    assert 'Reason: SIP;cause=200;text="Call completed elsewhere"' in cancel


@scenario
async def test_the_reason_of_a_bye_is_in_the_call_s_record(scene: Scene) -> None:
    caller = await scene.calls_in("caller", enter())
    await caller.hang_up(reason='Q.850;cause=16;text="Normal call clearing"')
    await asyncio.sleep(0.5)
    record = await scene.world.store.fetch(CallRecord, Sid(scene.sid("caller")))
    assert record is not None
    assert record.end_reason == 'The caller hung up. (Q.850;cause=16;text="Normal call clearing")'
