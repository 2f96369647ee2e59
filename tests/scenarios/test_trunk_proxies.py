"""Trunks behind a proxy: what is sent where, and with which Route (RFC 3261 16.12, RFC 3608)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.scenarios.cast import NUMBER, TRUNK, Scene, scenario_with, twiml
from tests.scenarios.test_trunk_registers import REGISTERING, Carrier

from mixminus.testing.failing_gateway import FailingGateway, Fault

PROXY = "sip:10.0.1.1:40000"
BEHIND = replace(TRUNK, uri="sip:carrier.example.com", outbound_proxy=PROXY, options_s=0)


async def calls(scene: Scene) -> Any:
    scene.app.answers("/wait", twiml('<Pause length="500"/>'))
    return await scene.twilio.calls.create_async(to="+15550001111", from_=NUMBER, url=scene.world.url("/wait"))


def routes(gateway: FailingGateway) -> list[str]:
    """Of the last call over it."""
    return list(gateway.calls[-1].invite.headers.listed("Route"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("proxy", [PROXY, f"{PROXY};lr"])
def test_calls_go_through_the_outbound_proxy_and_the_carriers_name_is_its_business(proxy: str) -> None:
    @scenario_with(trunks=[replace(BEHIND, outbound_proxy=proxy)])
    async def story(scene: Scene) -> None:
        gateway = await scene.world.gateway("proxy")
        call = await calls(scene)
        await asyncio.sleep(1)
        assert await scene.call_status(call.sid) == "in-progress"
        assert gateway.invited == ["sip:+15550001111@carrier.example.com"]
        assert routes(gateway) == [f"<{PROXY};lr>"]
        assert not scene.world.names.asked

    story()


@scenario_with(trunks=[replace(BEHIND, outbound_proxy="sip:proxy.example.com")])
async def test_a_proxy_may_be_a_name_with_several_places(scene: Scene) -> None:
    scene.world.names.host("one.example.com", "10.0.1.1").host("two.example.com", "10.0.1.2").srv(
        "_sip._udp.proxy.example.com", (1, 1, 40_000, "one.example.com"), (2, 1, 40_002, "two.example.com")
    )
    one, two = await scene.world.gateway("one"), await scene.world.gateway("two")
    one.fails(Fault.OVERLOADED)
    await calls(scene)
    await asyncio.sleep(1)
    assert (len(one.invited), len(two.invited)) == (1, 1)


@scenario_with(trunks=[replace(BEHIND, options_s=30)])
async def test_options_go_there_too(scene: Scene) -> None:
    proxy = await scene.world.gateway("proxy")
    await asyncio.sleep(3)
    assert scene.world.node.trunks.usable() == {("carrier", BEHIND.uri): True}
    scene.world.network.lose(lambda data, sender, to: proxy.host in (sender[0], to[0]))
    await asyncio.sleep(60)
    assert scene.world.node.trunks.usable() == {("carrier", BEHIND.uri): False}


@scenario_with(trunks=[replace(REGISTERING, uri="sip:carrier.example.com", outbound_proxy="sip:10.0.9.9:5060")])
async def test_a_register_goes_there_and_names_the_carrier(scene: Scene) -> None:
    carrier = await Carrier(scene).open()
    await asyncio.sleep(10)
    assert carrier.contacts() == ["sip:15550001000@10.0.0.1:5060"]


@scenario_with(trunks=[replace(REGISTERING, prefixes=("+1",))])
async def test_rfc3608_calls_take_the_way_that_the_registrar_names(scene: Scene) -> None:
    gateway = await scene.world.gateway("edge")
    await Carrier(scene).open()
    await asyncio.sleep(10)
    service = ("<sip:10.0.1.1:40000;lr>", "<sip:core.example.com;lr>")
    scene.world.node.registering.registrations["carrier"].service_route = service
    scene.world.node.trunks.service_routes["carrier"] = service
    await calls(scene)
    await asyncio.sleep(1)
    assert gateway.invited == ["sip:+15550001111@10.0.9.9:5060"]
    assert routes(gateway) == list(service)
