"""examples/hold_and_transfer.py in a whole node, in virtual time."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

from examples.hold_and_transfer import BRIEFING_S, warm_transfer
from tests.demo.flask_in_world import sdk_in

from mixminus.base.settings import Settings
from mixminus.testing import Call, VirtualPhone, VirtualTimeLoop, measure_matrix, run_virtual
from mixminus.testing.sounds import MUSIC_HZ
from mixminus.testing.world import World

NUMBER, ROOM = "+15550001000", "support"


async def talking(world: World) -> tuple[Call, Call, VirtualPhone]:
    """A customer and Ana in one room; Ben's phone is registered."""
    for label in ("customer", "ana"):
        twiml = f'<Response><Dial><Conference participantLabel="{label}">{ROOM}</Conference></Dial></Response>'
        world.app.answers(f"/{label}", twiml)
    await world.number(NUMBER, "/customer")
    await world.number(NUMBER + "1", "/ana")
    customer = await (await world.phone("carl")).dial(NUMBER)
    ana = await (await world.phone("ana")).dial(NUMBER + "1")
    ben = await world.phone("ben", password="secret")
    await ben.register()
    await asyncio.sleep(1.0)
    return customer, ana, ben


async def transfer(world: World) -> bool:
    """Run the example as it is, in a thread: the world's clock stands still while it works, not while it waits."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    client, standing_still = sdk_in(world), ExitStack()
    result: asyncio.Future[bool] = loop.create_future()

    async def wait(seconds: float) -> None:
        standing_still.close()
        await asyncio.sleep(seconds)
        standing_still.enter_context(loop.outside())

    def work() -> None:
        done = warm_transfer(
            client,
            ROOM,
            customer="customer",
            from_agent="ana",
            to_agent="ben",
            address="client:ben",
            caller_id=NUMBER,
            wait=lambda seconds: asyncio.run_coroutine_threadsafe(wait(seconds), loop).result(),
        )
        loop.call_soon_threadsafe(result.set_result, done)

    with standing_still:
        standing_still.enter_context(loop.outside())
        threading.Thread(target=work, daemon=True).start()
        return await result


def in_a_world(scenario: Callable[[World], Awaitable[None]], tmp_path: Path) -> None:
    async def story() -> None:
        async with World(settings=Settings(data=tmp_path, users={"ben": "secret"})) as world:
            await scenario(world)

    run_virtual(story())


def test_the_customer_is_handed_over_after_a_private_briefing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        customer, ana, ben = await talking(world)
        ben.answers(after_s=3)
        transferring = asyncio.create_task(transfer(world))
        briefed = await ben.next_call(within_s=10)
        await briefed.answered(within_s=10)
        await asyncio.sleep(BRIEFING_S / 2)
        assert customer.hears(MUSIC_HZ)
        matrix = await measure_matrix({"customer": customer, "ana": ana, "ben": briefed})
        assert matrix.pairs == {("ana", "ben"), ("ben", "ana")}, matrix.text()
        assert await transferring
        await ana.ended(within_s=5)
        matrix = await measure_matrix({"customer": customer, "ben": briefed})
        assert matrix.pairs == {("customer", "ben"), ("ben", "customer")}, matrix.text()

    in_a_world(scenario, tmp_path)


def test_nobody_is_lost_when_the_next_agent_is_busy(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        customer, ana, ben = await talking(world)
        ben.rejects(486, after_s=2)
        assert not await transfer(world)
        matrix = await measure_matrix({"customer": customer, "ana": ana})
        assert matrix.pairs == {("customer", "ana"), ("ana", "customer")}, matrix.text()

    in_a_world(scenario, tmp_path)
