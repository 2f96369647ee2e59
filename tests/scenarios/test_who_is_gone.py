"""A peer that dies without a word is noticed in time: each row of the table in docs/sip.md (issue 5, Shows 4)."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from tests.scenarios.cast import NUMBER, TRUNK, Scene, enter, scenario_with, twiml
from tests.scenarios.test_trunk_registers import REGISTERING, Carrier

PAGE: Final = Path(__file__).parents[2] / "docs" / "sip.md"
SESSION_S: Final = 600
Noticed = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class Death:
    """Who dies: `happens` makes it so, and returns how one knows that the node has noticed."""

    happens: Callable[[Scene], Awaitable[Noticed]]
    not_before_s: float
    """It could as well be alive until then."""
    within_s: float
    settings: Mapping[str, Any]


def call_is_over(scene: Scene, sid: str) -> Noticed:
    async def noticed() -> bool:
        return await scene.call_status(sid) not in ("queued", "initiated", "ringing", "in-progress")

    return noticed


async def in_a_talk(scene: Scene) -> Noticed:
    await scene.calls_in("alice", enter())
    scene.calls["alice"].vanish()
    return call_is_over(scene, scene.sid("alice"))


async def on_hold(scene: Scene) -> Noticed:
    call = await scene.calls_in("alice", enter())
    await call.hold("inactive")
    call.vanish()
    return call_is_over(scene, scene.sid("alice"))


async def before_it_confirmed(scene: Scene) -> Noticed:
    number = await scene.number_for("alice", enter())
    network = scene.world.network
    network.lose(lambda data, sender, to: data.startswith(b"ACK"))
    await (await scene.world.phone("alice")).dial(number)
    network.lose(lambda data, sender, to: sender[0] == "10.0.1.1")
    return call_is_over(scene, scene.sid("alice"))


async def while_it_is_called(scene: Scene) -> Noticed:
    phone = await scene.world.phone("alice")
    uri = phone.uri
    phone.vanish()
    created = await scene.twilio.calls.create_async(to=uri, from_=NUMBER, twiml=twiml("<Hangup/>"), timeout=120)
    return call_is_over(scene, created.sid)


async def at_home(scene: Scene) -> Noticed:
    phone = await scene.world.phone("alice", password="secret")
    await phone.register(60)
    phone.vanish()

    async def noticed() -> bool:
        return not scene.world.node.presence.phones_of_everybody().get("alice")

    return noticed


async def between_calls(scene: Scene) -> Noticed:
    gateway = await scene.world.gateway("carrier")
    await asyncio.sleep(3)  # the first OPTIONS is answered
    gateway.vanish()

    async def noticed() -> bool:
        return not any(scene.world.node.trunks.usable().values())

    return noticed


async def with_our_registration(scene: Scene) -> Noticed:
    carrier = await Carrier(scene).open()
    await asyncio.sleep(5)
    assert carrier.contacts()
    scene.world.network.lose(lambda data, sender, to: sender[0] == "10.0.9.9")

    async def noticed() -> bool:
        return scene.world.node.registering.live(asyncio.get_running_loop().time()) == {"carrier": False}

    return noticed


DEATHS: Final[Mapping[str, Death]] = {
    "a phone in a talk": Death(in_a_talk, 55, 61, {}),
    "a phone on hold": Death(on_hold, 290, SESSION_S / 2 + 33, {"session_expires_s": SESSION_S}),
    "a phone before it confirmed our answer": Death(before_it_confirmed, 25, 33, {"rtp_timeout_s": 600.0}),
    "a phone that is called": Death(while_it_is_called, 25, 33, {}),
    "a registered phone": Death(at_home, 55, 61, {"users": {"alice": "secret"}}),
    "a trunk's gateway": Death(between_calls, 0, 37, {"trunks": [TRUNK]}),
    "a carrier that we registered at": Death(
        with_our_registration, 0, 61, {"trunks": [replace(REGISTERING, options_s=0)]}
    ),
}


@pytest.mark.parametrize("who", DEATHS)
def test_who_is_gone_is_noticed_in_time(who: str) -> None:
    death = DEATHS[who]

    @scenario_with(**death.settings)
    async def story(scene: Scene) -> None:
        loop = asyncio.get_running_loop()
        noticed = await death.happens(scene)
        died_at = loop.time()
        while not await noticed():
            assert loop.time() - died_at <= death.within_s
            await asyncio.sleep(0.25)
        assert loop.time() - died_at >= death.not_before_s

    story()


def test_the_page_names_each_of_them() -> None:
    table = PAGE.read_text().partition("## Who is gone")[2].partition("\n## ")[0]
    rows = set(re.findall(r"^\| ([^|]+?) \|", table, re.M)) - {"who died", "---"}
    assert set(DEATHS) <= rows
