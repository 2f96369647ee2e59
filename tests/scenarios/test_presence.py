"""Who can be reached: phones of users and trunks, on REST."""

import asyncio
import json
from typing import Any

from tests.scenarios.cast import TRUNK, Scene, scenario_with

from mixminus.testing.phone import VirtualPhone


async def shown(scene: Scene, path: str) -> tuple[int, Any]:
    answer = await scene.twilio.request_async("GET", f"http://node/mixminus/v1{path}")
    return answer.status_code, json.loads(answer.text)


@scenario_with(users={"bob": "secret", "carol": "secret"})
async def test_a_users_phones_while_they_are_registered(scene: Scene) -> None:
    desk: VirtualPhone = await scene.phone("bob", password="secret")
    mobile: VirtualPhone = await scene.phone("bob", password="secret")
    await desk.register(3600)
    await mobile.register(60)
    status, body = await shown(scene, "/Users/bob/Registrations")
    assert status == 200
    assert {phone["contact"] for phone in body["registrations"]} == {desk.uri, mobile.uri}
    first = body["registrations"][0]
    assert first["source"].startswith("udp:10.0.1.1:")
    assert first["expires_at"].startswith("2026-01-02T04:04:0")
    assert scene.world.node.presence.phones_of_everybody() == {"bob": 2}
    await asyncio.sleep(61)
    assert len((await shown(scene, "/Users/bob/Registrations"))[1]["registrations"]) == 1
    await desk.register(0)
    assert (await shown(scene, "/Users/bob/Registrations"))[1] == {"registrations": []}
    assert (await shown(scene, "/Users/carol/Registrations"))[1] == {"registrations": []}
    assert (await shown(scene, "/Users/dave/Registrations"))[0] == 404


@scenario_with(trunks=[TRUNK])
async def test_a_trunk_and_its_gateways(scene: Scene) -> None:
    await asyncio.sleep(8)  # nobody answers its OPTIONS
    assert await shown(scene, "/Trunks") == (
        200,
        {
            "trunks": [
                {
                    "name": "carrier",
                    "calls": 0,
                    "max_calls": None,
                    "registered": None,
                    "registration_status": None,
                    "gateways": [{"uri": TRUNK.uri, "usable": False}],
                }
            ]
        },
    )
