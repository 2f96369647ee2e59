"""The first sentence of the product: people dial a number and hear each other."""

import asyncio

from mixminus.testing.listening import measure_matrix
from mixminus.testing.sounds import MUSIC_HZ
from mixminus.testing.virtual_time import run_virtual
from mixminus.testing.world import World


def test_a_caller_waits_with_music_until_the_second_one_comes() -> None:
    async def scenario() -> None:
        async with World() as world:
            world.app.answers("/voice", "<Response><Dial><Conference>room</Conference></Dial></Response>")
            await world.number("+15550001000", "/voice")
            alice, bob = await world.phone("alice"), await world.phone("bob")
            hers = await alice.dial("+15550001000")
            await asyncio.sleep(1.0)
            assert hers.hears(MUSIC_HZ, last_ms=400)
            his = await bob.dial("+15550001000")
            await asyncio.sleep(0.5)
            matrix = await measure_matrix({"alice": hers, "bob": his})
            assert matrix.pairs == {("alice", "bob"), ("bob", "alice")}, matrix.text()
            assert not hers.hears(MUSIC_HZ, last_ms=200)
            await alice.close()
            await asyncio.sleep(0.2)

    run_virtual(scenario())
