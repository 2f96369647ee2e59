"""Hold, coach, barge, transfer, end: by the official SDK, proved by listening."""

import asyncio

from mixminus.testing.call import Call
from mixminus.testing.listening import measure_matrix
from mixminus.testing.sounds import MUSIC_HZ
from mixminus.testing.virtual_time import run_virtual
from mixminus.testing.world import World

ROOM = "<Response><Dial><Conference>room</Conference></Dial></Response>"


async def everybody(**calls: Call) -> set[tuple[str, str]]:
    await asyncio.sleep(0.4)
    return set((await measure_matrix(calls)).pairs)


def test_an_agent_added_by_the_api_talks_with_the_caller_and_may_be_held_muted_and_coached() -> None:
    async def scenario() -> None:
        async with World() as world:
            world.app.answers("/voice", ROOM)
            await world.number("+15550001000", "/voice")
            customer, agent, boss = [await world.phone(name) for name in ("customer", "agent", "boss")]
            agent.answers()
            boss.answers()
            caller = await customer.dial("+15550001000")
            conference = (await world.twilio.conferences.list_async(friendly_name="room"))[0]
            room = world.twilio.conferences(conference.sid)
            added = await room.participants.create_async(
                from_="+15550001000", to=f"sip:agent@{agent.address[0]}:{agent.address[1]}", label="agent"
            )
            assert added.status in ("queued", "connecting", "ringing")
            await asyncio.sleep(1)
            hers = agent.calls[0]
            assert await everybody(caller=caller, agent=hers) == {("caller", "agent"), ("agent", "caller")}

            people = {p.label: p for p in await room.participants.list_async()}
            customer_sid = next(p.call_sid for p in people.values() if p.label is None)
            await room.participants(customer_sid).update_async(hold=True)
            assert await everybody(caller=caller, agent=hers) == set()
            assert caller.hears(MUSIC_HZ, last_ms=200)
            await room.participants(customer_sid).update_async(hold=False)
            await room.participants(customer_sid).update_async(muted=True)
            assert await everybody(caller=caller, agent=hers) == {("caller", "agent")}
            await room.participants(customer_sid).update_async(muted=False)

            await room.participants.create_async(
                from_="+15550001000",
                to=f"sip:boss@{boss.address[0]}:{boss.address[1]}",
                coaching=True,
                call_sid_to_coach=added.call_sid,
                label="boss",
            )
            await asyncio.sleep(1)
            his = boss.calls[0]
            assert await everybody(caller=caller, agent=hers, boss=his) == {
                ("caller", "agent"),
                ("agent", "caller"),
                ("agent", "boss"),
                ("boss", "caller"),
                ("boss", "agent"),
            }
            await room.participants("boss").update_async(coaching=False)
            assert ("caller", "boss") in await everybody(caller=caller, agent=hers, boss=his)
            await room.participants("boss").delete_async()
            await his.ended(within_s=1)
            await room.update_async(status="completed")
            await caller.ended(within_s=1)
            await hers.ended(within_s=1)
            fetched = await room.fetch_async()
            assert fetched.reason_conference_ended == "conference-ended-via-api"

    run_virtual(scenario())
