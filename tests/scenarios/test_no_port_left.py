"""A node whose media ports are used up: who comes is told so before it rings, and nobody else notices."""

import asyncio

import pytest
from tests.scenarios.cast import NUMBER, Scene, everybody, scenario, twiml

from mixminus.media.ports import ImaginaryPorts
from mixminus.testing.errors import CallRefused

ENTER = "<Response><Dial><Conference>room</Conference></Dial></Response>"


def ports(scene: Scene) -> ImaginaryPorts:
    found = scene.world.engine.ports
    assert isinstance(found, ImaginaryPorts)
    return found


@scenario
async def test_a_caller_is_refused_before_any_webhook_is_asked_and_may_come_when_somebody_left(scene: Scene) -> None:
    ports(scene).most = 2
    await scene.calls_in("alice", ENTER)
    await scene.calls_in("bob", ENTER)
    number = await scene.number_for("carol", ENTER)
    carol = await scene.world.phone("carol")
    for _ in range(5):
        with pytest.raises(CallRefused) as refused:
            await carol.dial(number)
        assert refused.value.status == 503
    assert not scene.app.received("/carol")
    assert await scene.pairs() == everybody("alice", "bob")
    assert len(ports(scene).port_of) == 2
    await scene.calls["bob"].hang_up()
    await asyncio.sleep(0.2)
    scene.calls = {"alice": scene.calls["alice"], "carol": await carol.dial(number)}
    await asyncio.sleep(0.2)
    assert await scene.pairs() == everybody("alice", "carol")


@scenario
async def test_the_refusal_says_when_to_ask_again(scene: Scene) -> None:
    ports(scene).most = 0
    number = await scene.number_for("alice", ENTER)
    phone = await scene.world.phone("alice")
    with pytest.raises(CallRefused):
        await phone.dial(number)
    (refusal,) = [sent.text for sent in scene.world.trace.since(0) if sent.start_line.startswith("SIP/2.0 503")]
    assert "Retry-After: 10" in refusal


@scenario
async def test_a_call_of_ours_fails_with_its_code_and_rings_nobody(scene: Scene) -> None:
    ports(scene).most = 0
    phone = await scene.phone("alice")
    scene.app.answers("/wait", twiml('<Pause length="60"/>'))
    call = await scene.twilio.calls.create_async(
        to=phone.uri, from_=NUMBER, url=scene.world.url("/wait"), status_callback=scene.world.url("/events")
    )
    await asyncio.sleep(1)
    assert await scene.call_status(call.sid) == "failed"
    (ended,) = scene.told(CallStatus="failed")
    assert ended["ErrorCode"] == "10004"
    assert not scene.app.received("/wait")


@scenario
async def test_who_gives_up_while_a_port_is_bound_leaves_none_behind(scene: Scene) -> None:
    number = await scene.number_for("alice", ENTER)
    phone = await scene.world.phone("alice")
    for _ in range(10):
        call = await phone.place(number)
        await call.hang_up()
        await asyncio.sleep(0.013)
    await asyncio.sleep(40)
    assert not ports(scene).port_of
    assert not scene.world.node.exchange.live_calls
