"""Calls that come back to where they were made: they end, and are told from those that only come by (RFC 7332)."""

import asyncio
from dataclasses import replace

import pytest
from tests.scenarios.cast import TRUNK, Scene, scenario, scenario_with, twiml

from mixminus.base.types import Sid

HERE = ("10.0.1.1", 40_000)
INVITE = """\
INVITE {uri} SIP/2.0
Via: SIP/2.0/UDP 10.0.1.1:40000;branch=z9hG4bK{branch};rport
Max-Forwards: 0
From: <sip:alice@10.0.1.1>;tag=a
To: <sip:+15550001000@example.com>
Call-ID: {branch}
CSeq: 1 INVITE
Contact: <sip:alice@10.0.1.1:40000>
{more}Content-Length: 0

"""


def calls_in(scene: Scene, uri: str, more: str = "") -> None:
    text = INVITE.format(uri=uri, branch="x1", more=more)
    scene.world.network.carry(text.replace("\n", "\r\n").encode(), HERE, ("10.0.0.1", 5060))


@scenario_with(trunks=[replace(TRUNK, uri="sip:10.0.0.1:5060", options_s=0)])
async def test_a_number_that_dials_itself_over_a_trunk_back_to_us_ends(scene: Scene) -> None:
    """As often as the first call had hops left, however often the document says it again."""
    scene.app.answers("/voice", twiml('<Pause length="1"/><Dial>+15550001000</Dial>'))
    await scene.world.number("+15550001000", "/voice")
    settings = scene.world.sip.settings
    scene.world.sip.reconfigure(replace(settings, trusted_hosts=settings.trusted_hosts | {"10.0.0.1"}))
    alice = await scene.world.phone("alice")
    await alice.place("+15550001000")
    await asyncio.sleep(0.5)
    scene.world.node.lines.hops.came_in(Sid(scene.told("/voice")[0]["CallSid"]), 6)
    await asyncio.sleep(30)
    assert len(scene.told("/voice")) == 6
    assert scene.world.sip.open_calls == 0


@scenario_with(trunks=[TRUNK])
async def test_a_call_for_a_call_has_a_hop_less(scene: Scene) -> None:
    gateway = await scene.world.gateway("carrier")
    scene.app.answers("/voice", twiml("<Dial>+15550002000</Dial>"))
    await scene.world.number("+15550001000", "/voice")
    alice = await scene.world.phone("alice")
    await alice.dial("+15550001000")
    await asyncio.sleep(1)
    assert gateway.calls[0].invite.headers.get("Max-Forwards") == "69"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("uri", "more"),
    [
        ("sip:+15550001000@10.0.0.1", "Route: <sip:10.0.0.1:5060;lr>\n"),
        ("sip:+15550001000@pbx.example.com", "Route: <sip:10.0.0.1:5060;lr>, <sip:10.0.0.1;lr>\n"),
        ("sip:10.0.0.1:5060", "Route: <sip:+15550001000@pbx.example.com>\n"),
    ],
    ids=["loose", "loose, twice", "strict"],
)
def test_a_route_that_names_us_leads_to_the_number(uri: str, more: str) -> None:
    @scenario
    async def story(scene: Scene) -> None:
        scene.app.answers("/voice", twiml("<Pause/>"))
        await scene.world.number("+15550001000", "/voice")
        calls_in(scene, uri, more=more)
        await asyncio.sleep(1)
        assert len(scene.told("/voice")) == 1

    story()
