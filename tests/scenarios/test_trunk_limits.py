"""Trunks that are full: calls are queued, and begin in their turn (Twilio's `queued` and `queue_time`)."""

import asyncio
import itertools
from dataclasses import replace
from typing import Any

from tests.scenarios.cast import NUMBER, Scene, scenario_with, twiml

from mixminus.base.settings import Trunk
from mixminus.testing.failing_gateway import Fault

FIRST = Trunk("first", "sip:10.0.1.1:40000", prefixes=("+1",))
SECOND = Trunk("second", "sip:10.0.1.2:40002", prefixes=("+1",))


async def calls(scene: Scene, number: int) -> Any:
    scene.app.answers("/wait", twiml('<Pause length="60"/>'))
    return await scene.twilio.calls.create_async(
        to=f"+1555000{number:04}",
        from_=NUMBER,
        url=scene.world.url("/wait"),
        status_callback=scene.world.url("/events"),
        status_callback_event=["initiated", "answered", "completed"],
    )


async def statuses(scene: Scene, placed: list[Any]) -> list[str]:
    return [await scene.call_status(call.sid) for call in placed]


@scenario_with(trunks=[replace(FIRST, max_calls=2)])
async def test_calls_beyond_the_limit_are_queued_until_one_ends(scene: Scene) -> None:
    carrier = await scene.world.gateway("carrier")
    placed = [await calls(scene, n) for n in range(4)]
    await asyncio.sleep(5)
    assert await statuses(scene, placed) == ["in-progress", "in-progress", "queued", "queued"]
    assert len(carrier.invited) == 2
    assert len(scene.told(CallStatus="initiated")) == 2
    await carrier.calls[0].hang_up()
    await asyncio.sleep(1)
    assert await statuses(scene, placed) == ["completed", "in-progress", "in-progress", "queued"]
    third = await scene.twilio.calls(placed[2].sid).fetch_async()
    assert 4_900 <= int(third.queue_time) <= 5_500
    assert scene.world.node.trunks.calls() == {"first": 2}


@scenario_with(trunks=[replace(FIRST, max_calls=1)])
async def test_a_queued_call_can_be_canceled_and_is_never_dialled(scene: Scene) -> None:
    carrier = await scene.world.gateway("carrier")
    placed = [await calls(scene, n) for n in range(3)]
    await asyncio.sleep(1)
    await scene.twilio.calls(placed[1].sid).update_async(status="canceled")
    await carrier.calls[0].hang_up()
    await asyncio.sleep(1)
    assert await statuses(scene, placed) == ["completed", "canceled", "in-progress"]
    assert (await scene.twilio.calls(placed[1].sid).fetch_async()).start_time is None
    assert len(carrier.invited) == 2


@scenario_with(trunks=[replace(FIRST, max_calls=1, queue_s=20)])
async def test_a_call_that_was_queued_for_too_long_fails(scene: Scene) -> None:
    await scene.world.gateway("carrier")
    placed = [await calls(scene, n) for n in range(2)]
    await asyncio.sleep(21)
    assert await statuses(scene, placed) == ["in-progress", "failed"]
    (ended,) = scene.told(CallSid=placed[1].sid)
    assert (ended["CallStatus"], ended["ErrorCode"]) == ("failed", "10004")
    assert len(scene.world.node.trunks.queue) == 0


@scenario_with(trunks=[replace(FIRST, calls_per_second=2)])
async def test_no_more_calls_begin_in_a_second_than_the_trunk_takes(scene: Scene) -> None:
    carrier = await scene.world.gateway("carrier")
    began = asyncio.get_running_loop().time()
    for n in range(6):
        await calls(scene, n)
    seen: list[float] = []
    while len(carrier.invited) < 6:
        await asyncio.sleep(0.01)
        if len(carrier.invited) > len(seen):
            seen.append(asyncio.get_running_loop().time() - began)
    gaps = [later - earlier for earlier, later in itertools.pairwise(seen)]
    assert all(0.48 <= gap <= 0.53 for gap in gaps), gaps
    assert [uri[5:16] for uri in carrier.invited] == [f"1555000{n:04}" for n in range(6)]


@scenario_with(trunks=[replace(FIRST, max_calls=1), replace(SECOND, max_calls=1)])
async def test_a_full_trunk_is_stood_in_for_before_anybody_is_queued(scene: Scene) -> None:
    first, second = await scene.world.gateway("first"), await scene.world.gateway("second")
    placed = [await calls(scene, n) for n in range(3)]
    await asyncio.sleep(1)
    assert (len(first.invited), len(second.invited)) == (1, 1)
    assert await statuses(scene, placed) == ["in-progress", "in-progress", "queued"]
    await second.calls[0].hang_up()
    await asyncio.sleep(1)
    assert len(second.invited) == 2


@scenario_with(trunks=[FIRST, replace(SECOND, max_calls=1)])
async def test_a_call_that_goes_on_to_another_trunk_needs_room_there(scene: Scene) -> None:
    first, second = await scene.world.gateway("first"), await scene.world.gateway("second")
    first.fails(Fault.BROKEN)
    placed = [await calls(scene, n) for n in range(2)]
    await asyncio.sleep(1)
    assert sorted(await statuses(scene, placed)) == ["failed", "in-progress"]
    assert (len(second.invited), scene.world.node.trunks.calls()) == (1, {"first": 0, "second": 1})
    await second.calls[0].hang_up()
    await asyncio.sleep(1)
    assert scene.world.node.trunks.calls() == {"first": 0, "second": 0}
