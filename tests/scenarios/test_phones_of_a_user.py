"""Who rings when a client is called that has several phones, and phones that have several flows."""

import asyncio
from typing import Any

from tests.scenarios.cast import NUMBER, Scene, scenario_with, twiml

from mixminus.testing.call_state import CallState
from mixminus.testing.phone import VirtualPhone

USERS = {"alice": "secret"}
UUID = "urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF"
OUTBOUND = {"Supported": "path, outbound, gruu"}


async def phone(scene: Scene, parameters: str = "", **headers: str) -> VirtualPhone:
    """One that is registered, and rings."""
    found: VirtualPhone = await scene.world.phone("alice", password="secret")
    await found.register(3600, parameters, headers)
    found.rings_forever()
    return found


async def flow(scene: Scene, reg_id: int) -> VirtualPhone:
    return await phone(scene, f';+sip.instance="<{UUID}>";reg-id={reg_id}', **OUTBOUND)


async def calls(scene: Scene, to: str = "client:alice") -> Any:
    scene.app.answers("/wait", twiml('<Pause length="500"/>'))
    return await scene.twilio.calls.create_async(to=to, from_=NUMBER, url=scene.world.url("/wait"), timeout=100)


def ringing(*phones: VirtualPhone) -> list[bool]:
    return [any(call.state is CallState.RINGING for call in phone.calls) for phone in phones]


@scenario_with(users=USERS)
async def test_phones_of_the_same_preference_ring_together_and_others_later(scene: Scene) -> None:
    desk, soft, mobile = await phone(scene), await phone(scene), await phone(scene, ";q=0.5")
    call = await calls(scene)
    await asyncio.sleep(1)
    assert ringing(desk, soft, mobile) == [True, True, False]
    await asyncio.sleep(20)
    assert ringing(desk, soft, mobile) == [False, False, True]
    mobile.calls[0].answer()  # type: ignore[attr-defined]
    await asyncio.sleep(1)
    assert await scene.call_status(call.sid) == "in-progress"


@scenario_with(users=USERS)
async def test_when_all_of_the_first_refuse_the_next_ring_at_once(scene: Scene) -> None:
    desk, mobile = await phone(scene), await phone(scene, ";q=0.5")
    desk.rejects(486)
    await calls(scene)
    await asyncio.sleep(1)
    assert ringing(mobile) == [True]


@scenario_with(users=USERS)
async def test_a_decline_for_all_is_for_all(scene: Scene) -> None:
    desk, mobile = await phone(scene), await phone(scene, ";q=0.5")
    desk.rejects(603)
    call = await calls(scene)
    await asyncio.sleep(1)
    assert mobile.calls == []
    assert await scene.call_status(call.sid) == "busy"


@scenario_with(users=USERS)
async def test_one_phone_with_two_flows_rings_once(scene: Scene) -> None:
    first, second = await flow(scene, 1), await flow(scene, 2)
    await calls(scene)
    await asyncio.sleep(10)
    assert ringing(first, second) == [False, True]
    assert scene.world.node.presence.phones_of_everybody() == {"alice": 1}


@scenario_with(users=USERS)
async def test_when_a_flow_is_dead_the_phone_rings_by_the_other(scene: Scene) -> None:
    first, second = await flow(scene, 1), await flow(scene, 2)
    second.vanish()
    await calls(scene)
    await asyncio.sleep(7)
    assert ringing(first) == [True]


@scenario_with(users=USERS)
async def test_rfc5626_a_flow_that_failed_is_replaced_and_a_refusal_is_not(scene: Scene) -> None:
    first, second = await flow(scene, 1), await flow(scene, 2)
    second.rejects(430)
    await calls(scene)
    await asyncio.sleep(1)
    assert ringing(first) == [True]
    first.rejects(486)
    second.rejects(486)
    before = len(first.calls)
    await calls(scene)
    await asyncio.sleep(1)
    assert len(first.calls) == before


@scenario_with(users=USERS)
async def test_a_gruu_rings_that_phone_and_an_address_of_record_all(scene: Scene) -> None:
    other = await phone(scene)
    this: VirtualPhone = await scene.world.phone("alice", password="secret")
    response = await this.register(3600, f';+sip.instance="<{UUID}>"', {"Supported": "gruu"})
    this.rings_forever()
    shown = next(value for value in response.headers.listed("Contact") if "temp-gruu" in value)
    for name in ("temp-gruu", "pub-gruu"):
        gruu = shown.partition(f'{name}="')[2].partition('"')[0]
        call = await calls(scene, gruu)
        await asyncio.sleep(1)
        assert (ringing(this), other.calls) == ([True], [])
        await scene.twilio.calls(call.sid).update_async(status="canceled")
        await asyncio.sleep(1)
    await calls(scene, "sip:alice@10.0.0.1")
    await asyncio.sleep(1)
    assert ringing(this, other) == [True, True]


@scenario_with(users=USERS | {"agent": "secret"})
async def test_a_transfer_to_a_gruu_reaches_that_phone(scene: Scene) -> None:
    other = await phone(scene)
    this: VirtualPhone = await scene.world.phone("alice", password="secret")
    response = await this.register(3600, f';+sip.instance="<{UUID}>"', {"Supported": "gruu"})
    this.rings_forever()
    shown = next(value for value in response.headers.listed("Contact") if "pub-gruu" in value)
    agent: VirtualPhone = await scene.world.phone("agent", password="secret")
    await agent.register()
    agent.answers()
    await scene.calls_in("caller", twiml("<Dial><Client>agent</Client></Dial>"))
    await agent.calls[0].transfer(shown.partition('pub-gruu="')[2].partition('"')[0])
    await asyncio.sleep(1)
    assert (ringing(this), other.calls) == ([True], [])


@scenario_with(users=USERS)
async def test_a_phone_behind_a_proxy_is_called_through_it(scene: Scene) -> None:
    proxy = await scene.world.gateway("proxy")
    host, port = proxy.address
    path = f"<sip:{host}:{port};lr;ob>"
    hidden: VirtualPhone = await scene.world.phone("alice", password="secret")
    await hidden.register(3600, "", {"Path": path, "Supported": "path"})
    await calls(scene)
    await asyncio.sleep(1)
    assert proxy.invited == [hidden.uri]
    assert proxy.calls[0].invite.headers.listed("Route") == [path]  # type: ignore[attr-defined]
    assert hidden.calls == []
