"""twilio-conference-api.md 2.3, 3.1: `JitterBufferSize`, `jitterBufferSize`: a ceiling per participant."""

import asyncio

from mixminus.media.legs import CEILINGS
from mixminus.testing.virtual_time import run_virtual
from mixminus.testing.world import World

SMALL = "<Response><Dial><Conference jitterBufferSize='small'>room</Conference></Dial></Response>"


def ceilings(world: World) -> list[int]:
    slots = world.engine.legs.slots
    return sorted(int(world.engine.legs.line.ceiling[slot]) for slot in slots.active[: slots.count])


def test_each_participant_has_the_jitter_buffer_that_was_asked_for() -> None:
    async def scenario() -> None:
        async with World() as world:
            world.app.answers("/voice", SMALL)
            await world.number("+15550001000", "/voice")
            alice, bob, cleo = [await world.phone(name) for name in ("alice", "bob", "cleo")]
            bob.answers()
            cleo.answers()
            await alice.dial("+15550001000")
            await asyncio.sleep(0.1)
            (conference,) = await world.twilio.conferences.list_async(friendly_name="room")
            participants = world.twilio.conferences(conference.sid).participants
            await participants.create_async(from_="+15550001000", to=bob.uri, jitter_buffer_size="off")
            await participants.create_async(from_="+15550001000", to=cleo.uri)
            await asyncio.sleep(0.5)
            assert ceilings(world) == sorted(CEILINGS[size] for size in ("small", "off", "large"))

    run_virtual(scenario())
