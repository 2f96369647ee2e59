"""Two trunks, one failing in mid-load: calls go on over the other, and nobody is rung twice."""

import asyncio
from typing import Any

import pytest
from tests.scenarios.cast import NUMBER, Scene, scenario_with, twiml

from mixminus.base.settings import Gateway, Trunk
from mixminus.testing.call_state import CallState
from mixminus.testing.failing_gateway import FailingGateway, Fault

FIRST = Trunk("first", "sip:10.0.1.1:40000", prefixes=("+1",))
SECOND = Trunk("second", "sip:10.0.1.2:40002", prefixes=("+1",))
BOTH = Trunk(
    "both",
    FIRST.uri,
    prefixes=("+1",),
    gateways=(Gateway(FIRST.uri, priority=1), Gateway(SECOND.uri, priority=2)),
)

CALLS = 12
"""One a second; the first trunk fails before the fifth."""
HEALTHY = 4


def numbers(gateway: FailingGateway) -> list[str]:
    """Who was called over it."""
    return [uri.partition(":")[2].partition("@")[0] for uri in gateway.invited]


def talking(gateway: FailingGateway) -> int:
    return sum(call.state is CallState.TALKING for call in gateway.calls)


async def calls(scene: Scene, number: str) -> Any:
    scene.app.answers("/wait", twiml('<Pause length="120"/>'))
    return await scene.twilio.calls.create_async(to=number, from_=NUMBER, url=scene.world.url("/wait"))


def under_load(fault: Fault, trunk: str) -> Any:
    trunks = {"trunks": [FIRST, SECOND], "gateways": [BOTH]}[trunk]

    @scenario_with(trunks=trunks)
    async def story(scene: Scene) -> None:
        first, second = await scene.world.gateway("first"), await scene.world.gateway("second")
        placed = []
        for index in range(CALLS):
            if index == HEALTHY:
                first.fails(fault)
            placed.append(await calls(scene, f"+1555000{index:04}"))
            await asyncio.sleep(1)
        await asyncio.sleep(30)
        # Every call is up, those of the time before the failure, too, and each has one phone that talks.
        assert {await scene.call_status(call.sid) for call in placed} == {"in-progress"}
        assert (talking(first), talking(second)) == (HEALTHY, CALLS - HEALTHY)
        # Nobody was called twice over the same gateway.
        asked, stood_in = numbers(first), numbers(second)
        assert len(set(asked)) == len(asked)
        assert sorted(stood_in) == [f"+1555000{index:04}" for index in range(HEALTHY, CALLS)]
        # It is soon passed over; only one that says 100 takes as long to be known as the calls take here.
        assert len(asked) < CALLS or fault is Fault.TRYING

    return story


@pytest.mark.parametrize("way", ["trunks", "gateways"])
@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name.lower())
def test_calls_go_on_over_the_other(fault: Fault, way: str) -> None:
    under_load(fault, way)()


@scenario_with(trunks=[FIRST, SECOND])
async def test_a_gateway_that_rings_is_not_left_however_long_it_rings(scene: Scene) -> None:
    first, second = await scene.world.gateway("first"), await scene.world.gateway("second")
    first.rings_forever()
    call = await calls(scene, "+15550001111")
    await asyncio.sleep(50)
    assert await scene.call_status(call.sid) == "ringing"
    await asyncio.sleep(15)
    assert await scene.call_status(call.sid) == "no-answer"
    assert second.invited == []


@pytest.mark.parametrize(("status", "told"), [(486, "busy"), (404, "failed"), (480, "no-answer"), (603, "busy")])
def test_what_the_called_party_says_stands(status: int, told: str) -> None:
    @scenario_with(trunks=[FIRST, SECOND])
    async def story(scene: Scene) -> None:
        first, second = await scene.world.gateway("first"), await scene.world.gateway("second")
        first.rejects(status)
        call = await calls(scene, "+15550001111")
        await asyncio.sleep(1)
        assert await scene.call_status(call.sid) == told
        assert second.invited == []

    story()


@scenario_with(trunks=[FIRST, SECOND])
async def test_when_all_fail_the_last_failure_is_the_calls(scene: Scene) -> None:
    first, second = await scene.world.gateway("first"), await scene.world.gateway("second")
    first.fails(Fault.SILENT)
    second.fails(Fault.OVERLOADED)
    call = await calls(scene, "+15550001111")
    await asyncio.sleep(10)
    assert await scene.call_status(call.sid) == "failed"
    assert scene.world.sip.open_calls == 1  # the silent one may still answer
    await asyncio.sleep(60)
    assert (scene.world.sip.open_calls, scene.world.sip.open_transactions) == (0, 0)


@scenario_with(trunks=[FIRST, SECOND])
async def test_a_call_that_is_given_up_while_its_first_gateway_is_silent_goes_nowhere_else(scene: Scene) -> None:
    first, second = await scene.world.gateway("first"), await scene.world.gateway("second")
    first.fails(Fault.SILENT)
    call = await calls(scene, "+15550001111")
    await asyncio.sleep(3)
    await scene.twilio.calls(call.sid).update_async(status="canceled")
    await asyncio.sleep(20)
    assert (len(first.invited), second.invited) == (1, [])


@scenario_with(trunks=[FIRST, SECOND])
async def test_a_gateway_that_works_again_gets_calls_again(scene: Scene) -> None:
    first, second = await scene.world.gateway("first"), await scene.world.gateway("second")
    first.fails(Fault.OVERLOADED)
    await calls(scene, "+15550001111")
    await asyncio.sleep(0.5)
    first.fails(None)
    await asyncio.sleep(28.5)
    await calls(scene, "+15550001112")
    await asyncio.sleep(2)  # Retry-After said 30
    await calls(scene, "+15550001113")
    await asyncio.sleep(1)
    assert numbers(second) == ["+15550001111", "+15550001112"]
    assert talking(first) == 1


@scenario_with(trunks=[FIRST, SECOND])
async def test_a_gateway_that_is_silent_to_options_gets_no_calls_until_it_answers(scene: Scene) -> None:
    first, second = await scene.world.gateway("first"), await scene.world.gateway("second")
    is_down = True
    scene.world.network.lose(lambda data, sender, to: is_down and "10.0.1.1" in (sender[0], to[0]))
    await asyncio.sleep(8)  # the first OPTIONS after a second, and six seconds of silence
    assert scene.world.node.trunks.usable() == {("first", FIRST.uri): False, ("second", SECOND.uri): True}
    await calls(scene, "+15550001111")
    await asyncio.sleep(1)
    assert (talking(second), first.invited) == (1, [])
    await asyncio.sleep(300)
    is_down = False
    await asyncio.sleep(200)
    await calls(scene, "+15550001112")
    await asyncio.sleep(1)
    assert talking(first) == 1


@scenario_with(trunks=[FIRST, SECOND])
async def test_an_answer_to_options_does_not_end_the_rest_of_a_gateway_that_refuses_calls(scene: Scene) -> None:
    first, second = await scene.world.gateway("first"), await scene.world.gateway("second")
    await asyncio.sleep(15)
    first.fails(Fault.OVERLOADED)  # for 30 seconds; an OPTIONS is answered in the middle of them
    await calls(scene, "+15550001111")
    await asyncio.sleep(25)
    await calls(scene, "+15550001112")
    await asyncio.sleep(1)
    assert (len(first.invited), talking(second)) == (1, 2)
