"""Four hours at home behind a router that forgets: phones stay reachable, a held call stays up, carriers know us.

(issue 5, Shows 4; what sessions do meanwhile: tests/sip/test_session_timers.py)
"""

import asyncio
from dataclasses import replace

import pytest
from tests.scenarios.cast import NUMBER, Scene, enter, everybody, scenario_with, twiml
from tests.scenarios.test_trunk_registers import REGISTERING, Carrier

from mixminus.testing.nat import Nat
from mixminus.testing.phone import VirtualPhone
from mixminus.testing.world import SIP

FOUR_HOURS_S = 4 * 3_600.0
USERS = {"dora": "a-secret", "emil": "a-word", "held": "another"}
REGISTERS_EVERY_S, LIFE_S = 3_000.0, 3_600


async def at_home(nat: Nat, user: str) -> VirtualPhone:
    """A phone that renews its registration as phones do."""
    phone = VirtualPhone(nat, user=user, host="192.168.1.2", server=SIP, password=USERS[user])
    await phone.open()

    async def renew() -> None:
        while True:
            await phone.register(LIFE_S)
            await asyncio.sleep(REGISTERS_EVERY_S)

    phone.keep(renew(), f"{user} registers")
    phone.answers()
    await asyncio.sleep(0.5)
    return phone


async def is_reached(scene: Scene, phone: VirtualPhone) -> bool:
    """Whether a call to the user rings the phone."""
    before = len(phone.calls)
    created = await scene.twilio.calls.create_async(
        to=f"client:{phone.user}", from_=NUMBER, twiml=twiml("<Hangup/>"), timeout=10
    )
    await asyncio.sleep(15)
    assert await scene.call_status(created.sid) != "in-progress"
    return len(phone.calls) > before


@pytest.mark.timeout(600)  # 720,000 ticks of the engine
@scenario_with(users=USERS, trunks=[replace(REGISTERING, options_s=0)], limit_s=2 * FOUR_HOURS_S)
async def test_phones_behind_nats_are_reached_a_held_call_stays_and_a_carrier_knows_us(scene: Scene) -> None:
    """Nobody says anything in the held call: the node keeps the ways through its router open."""
    loop, network = asyncio.get_running_loop(), scene.world.network
    carrier = await Carrier(scene).open()
    dora = await at_home(Nat(network, "203.0.113.30", 30.0), "dora")
    emil = await at_home(Nat(network, "203.0.113.60", 60.0), "emil")
    held = await at_home(Nat(network, "203.0.113.31", 30.0), "held")
    scene.calls["held"] = await held.dial(await scene.number_for("table", enter()))
    await scene.calls_in("bob", enter())
    assert await scene.pairs(settle_s=1.0) == everybody("held", "bob")
    calls = list(scene.calls.values())
    for call in calls:
        await call.hold("inactive")
    reached, known = [], []
    while loop.time() < FOUR_HOURS_S - 2_000:
        await asyncio.sleep(1_600)
        reached += [await is_reached(scene, dora), await is_reached(scene, emil)]
        known.append(bool(carrier.contacts()))
    await asyncio.sleep(FOUR_HOURS_S - 60 - loop.time())  # longer no call may last (`TimeLimit`)
    assert reached == [True] * len(reached)
    assert known == [True] * len(known)
    assert len(known) >= 8
    assert [call.end for call in calls] == [None, None]
    for call in calls:
        await call.resume()
    assert await scene.pairs(settle_s=1.0) == everybody("held", "bob")
    for phone in (dora, emil, held):
        await phone.close()
