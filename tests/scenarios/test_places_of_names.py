"""Calls to names: several places behind one, of which some are dead, and nobody is rung twice."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.scenarios.cast import NUMBER, TRUNK, Scene, scenario, scenario_with, twiml

from mixminus.sip.places.dns import Lookup, RecordType
from mixminus.testing.failing_gateway import FailingGateway, Fault

NAMED = replace(TRUNK, uri="sip:carrier.example.com", options_s=0)


async def calls(scene: Scene, to: str) -> Any:
    scene.app.answers("/wait", twiml('<Pause length="500"/>'))
    return await scene.twilio.calls.create_async(to=to, from_=NUMBER, url=scene.world.url("/wait"))


async def farm(scene: Scene) -> tuple[FailingGateway, FailingGateway]:
    """Two hosts, the first for all calls and the second for when that fails."""
    names = scene.world.names
    names.host("one.example.com", "10.0.1.1").host("two.example.com", "10.0.1.2")
    names.srv("_sip._udp.carrier.example.com", (1, 1, 40_000, "one.example.com"), (2, 1, 40_002, "two.example.com"))
    return await scene.world.gateway("one"), await scene.world.gateway("two")


@scenario_with(trunks=[NAMED])
async def test_a_trunk_is_a_name_and_its_calls_say_so(scene: Scene) -> None:
    one, two = await farm(scene)
    call = await calls(scene, "+15550001111")
    await asyncio.sleep(1)
    assert await scene.call_status(call.sid) == "in-progress"
    assert (one.invited, two.invited) == (["sip:+15550001111@carrier.example.com"], [])


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.OVERLOADED, Fault.TRYING, Fault.TIMED_OUT_BEHIND])
def test_the_next_place_takes_a_call_and_the_dead_one_is_passed_over(fault: Fault) -> None:
    @scenario_with(trunks=[NAMED])
    async def story(scene: Scene) -> None:
        one, two = await farm(scene)
        one.fails(fault)
        call = await calls(scene, "+15550001111")
        await asyncio.sleep(25)
        assert await scene.call_status(call.sid) == "in-progress"
        assert scene.world.node.trunks.usable() == {("carrier", NAMED.uri): True}
        assert (len(one.invited), len(two.invited)) == (1, 1)

    story()


@scenario_with(trunks=[NAMED])
async def test_a_dead_place_costs_one_call_its_patience_and_not_the_next(scene: Scene) -> None:
    one, two = await farm(scene)
    one.fails(Fault.SILENT)
    await calls(scene, "+15550001111")
    await asyncio.sleep(7)
    second = await calls(scene, "+15550002222")
    await asyncio.sleep(1)
    assert await scene.call_status(second.sid) == "in-progress"
    assert (len(one.invited), len(two.invited)) == (1, 2)


@pytest.mark.parametrize("fault", [Fault.RINGS_AND_BREAKS, Fault.EARLY_MEDIA_AND_BREAKS])
def test_who_has_rung_is_not_left_for_another_place(fault: Fault) -> None:
    @scenario_with(trunks=[NAMED])
    async def story(scene: Scene) -> None:
        one, two = await farm(scene)
        one.fails(fault)
        call = await calls(scene, "+15550001111")
        await asyncio.sleep(5)
        assert await scene.call_status(call.sid) == "failed"
        assert two.invited == []

    story()


@scenario_with(trunks=[NAMED])
async def test_what_the_called_party_says_is_said_for_all_places(scene: Scene) -> None:
    one, two = await farm(scene)
    one.rejects(486)
    call = await calls(scene, "+15550001111")
    await asyncio.sleep(1)
    assert await scene.call_status(call.sid) == "busy"
    assert two.invited == []


@scenario_with(trunks=[NAMED])
async def test_a_call_that_is_given_up_goes_to_no_other_place(scene: Scene) -> None:
    one, two = await farm(scene)
    one.fails(Fault.SILENT)
    call = await calls(scene, "+15550001111")
    await asyncio.sleep(3)
    await scene.twilio.calls(call.sid).update_async(status="canceled")
    await asyncio.sleep(40)
    assert (len(one.invited), two.invited) == (1, [])
    assert (scene.world.sip.open_calls, scene.world.sip.open_transactions) == (0, 0)


@scenario
async def test_a_sip_address_by_name_has_a_second_place_after_a_few_seconds(scene: Scene) -> None:
    one, two = await farm(scene)
    one.fails(Fault.SILENT)
    call = await calls(scene, "sip:bob@carrier.example.com")
    await asyncio.sleep(8)
    assert await scene.call_status(call.sid) == "in-progress"
    assert two.invited == ["sip:bob@carrier.example.com"]


@scenario
async def test_a_name_that_moves_is_found_again(scene: Scene) -> None:
    one, two = await scene.world.gateway("one"), await scene.world.gateway("two")
    scene.world.names.host("pbx.example.com", "10.0.1.1")
    await calls(scene, "sip:bob@pbx.example.com:40000")
    await asyncio.sleep(61)
    scene.world.names.host("pbx.example.com", "10.0.1.2")
    await calls(scene, "sip:bob@pbx.example.com:40002")
    await asyncio.sleep(1)
    assert (len(one.invited), len(two.invited)) == (1, 1)


@scenario
async def test_a_dns_that_hangs_fails_calls_to_names_and_no_others(scene: Scene) -> None:
    one = await scene.world.gateway("one")
    scene.world.names.is_silent = True
    named = [await calls(scene, f"sip:bob@host{n}.example.com") for n in range(5)]
    numeric = await calls(scene, "sip:bob@10.0.1.1:40000")
    await asyncio.sleep(0.5)
    assert await scene.call_status(numeric.sid) == "in-progress"
    await asyncio.sleep(7)
    assert {await scene.call_status(call.sid) for call in named} == {"failed"}
    assert len(one.invited) == 1


@scenario
async def test_nobody_by_that_name_is_a_failure_at_once_that_is_remembered(scene: Scene) -> None:
    first, second = [await calls(scene, "sip:bob@nobody.example.com") for _ in range(2)]
    await asyncio.sleep(0.5)
    assert {await scene.call_status(call.sid) for call in (first, second)} == {"failed"}
    assert scene.world.names.asked[Lookup(RecordType.A, "nobody.example.com")] == 1
