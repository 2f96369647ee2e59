"""Numbers that must not be called, and calls that must not last."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.scenarios.cast import NUMBER, TRUNK, Scene, enter, scenario_with, twiml
from twilio.base.exceptions import TwilioRestException

from mixminus.base.settings import Settings
from mixminus.testing.virtual_time import run_virtual
from mixminus.testing.world import World

SECOND = replace(TRUNK, name="second", uri="sip:10.0.1.2:40002")


async def calls(scene: Scene, number: str, **parameters: Any) -> Any:
    scene.app.answers("/wait", twiml('<Pause length="500"/>'))
    return await scene.twilio.calls.create_async(to=number, from_=NUMBER, url=scene.world.url("/wait"), **parameters)


@scenario_with(trunks=[replace(TRUNK, deny=("+1900",))])
async def test_a_denied_number_is_refused_before_anything_is_dialled(scene: Scene) -> None:
    carrier = await scene.world.gateway("carrier")
    with pytest.raises(TwilioRestException) as refused:
        await calls(scene, "+19005550000")
    assert refused.value.code == 21215
    await scene.calls_in("alice", twiml('<Dial action="/after">+1 900 555 0000</Dial>'))
    await asyncio.sleep(1)
    assert carrier.invited == []
    await calls(scene, "+15550001111")
    await asyncio.sleep(1)
    assert len(carrier.invited) == 1


@scenario_with(trunks=[replace(TRUNK, deny=("+1900",)), SECOND])
async def test_another_trunk_takes_what_one_is_not_for(scene: Scene) -> None:
    first, second = await scene.world.gateway("first"), await scene.world.gateway("second")
    await calls(scene, "+19005550000")
    await asyncio.sleep(1)
    assert (len(first.invited), len(second.invited)) == (0, 1)


@scenario_with(trunks=[replace(TRUNK, max_call_s=30)])
async def test_a_call_over_a_trunk_ends_in_time_whatever_its_time_limit(scene: Scene) -> None:
    await scene.world.gateway("carrier")
    long, short = (
        await calls(scene, "+15550001111", time_limit=400),
        await calls(scene, "+15550001112", time_limit=10),
    )
    await asyncio.sleep(12)
    assert [await scene.call_status(call.sid) for call in (long, short)] == ["in-progress", "completed"]
    await asyncio.sleep(20)
    ended = await scene.twilio.calls(long.sid).fetch_async()
    assert (ended.status, ended.duration) == ("completed", "30")


def test_the_nodes_own_rules_hold_for_every_trunk_and_every_call(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, trunks=(TRUNK,), allow_destinations=("+1555",), max_call_s=20)

    async def story() -> None:
        async with World(settings=settings) as world:
            scene = Scene(world)
            await world.gateway("carrier")
            with pytest.raises(TwilioRestException) as refused:
                await calls(scene, "+14155550000")
            assert refused.value.code == 21215
            out = await calls(scene, "+15550001111")
            inward = await scene.calls_in("alice", enter("room"))
            await asyncio.sleep(19)
            assert not inward.is_over
            assert await scene.call_status(out.sid) == "in-progress"
            await asyncio.sleep(2)
            assert inward.is_over
            assert await scene.call_status(out.sid) == "completed"

    run_virtual(story())
