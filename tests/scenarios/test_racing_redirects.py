"""Several redirects of one call at once: the last one stands, and only it runs."""

import asyncio

from mixminus.testing.virtual_time import run_virtual
from mixminus.testing.world import World

ROOM = "<Response><Dial><Conference>{name}</Conference></Dial></Response>"


def test_of_two_redirects_at_once_the_last_one_runs_alone() -> None:
    async def scenario() -> None:
        async with World() as world:
            world.app.answers(
                "/voice", "<Response><Pause length='1'/><Say>hello</Say><Pause length='60'/></Response>"
            )
            await world.number("+15550001000", "/voice")
            alice = await world.phone("alice")
            call = await alice.dial("+15550001000")
            sid = world.app.received("/voice")[0]["CallSid"]
            await asyncio.gather(
                world.twilio.calls(sid).update_async(twiml=ROOM.format(name="first")),
                world.twilio.calls(sid).update_async(twiml=ROOM.format(name="second")),
            )
            await asyncio.sleep(0.5)
            live = await world.twilio.conferences.list_async(status="init")
            assert [conference.friendly_name for conference in live] == ["second"]
            await call.hang_up()

    run_virtual(scenario())
