"""A malformed stream never affects another peer's call (issue 5, Shows 1): people talk while everything is thrown."""

import asyncio

import pytest
from structlog.testing import capture_logs
from tests.scenarios.cast import Scene, enter, scenario, twiml
from tests.scenarios.garbage import STRANGER, Garbage

from mixminus.media.ports import IMAGINARY_HOST
from mixminus.testing.palette import FREQUENCIES_HZ
from mixminus.testing.rest import _Exchange
from mixminus.testing.world import SIP

AGENT = "wss://agent.example.com/broken"
SECONDS = 10.0
PEOPLE = {"alice": 521, "bob": 3061}
TRUSTED = "10.0.1.99"
"""A host that is never ignored: where a carrier's broken gateway would be."""


async def talk(scene: Scene) -> str:
    """Two people in a room, humming; returns the number that leads there."""
    number = await scene.number_for("table", enter("table"))
    for name, hertz in PEOPLE.items():
        phone = await scene.world.phone(name)
        scene.calls[name] = await phone.dial(number)
        scene.calls[name].hum(hertz)
    await asyncio.sleep(0.5)
    return number


def heard_without_a_gap(scene: Scene, began: float) -> None:
    """Each of them has heard the other all the time, and nothing else."""
    ended = asyncio.get_running_loop().time() - 0.1
    for name, other in (("alice", "bob"), ("bob", "alice")):
        call = scene.calls[name]
        assert call.end is None
        cells = call.notes(began, ended, FREQUENCIES_HZ)
        assert len(cells) > (ended - began) * 40
        assert {frozenset(cell.notes) for cell in cells} == {frozenset({PEOPLE[other]})}


async def throw(scene: Scene, garbage: Garbage, number: str, *, signalling: bool, media: bool) -> None:
    """For so long, a few things every 20 ms, at every port that there is."""
    network = scene.world.network
    ports = list(scene.world.engine.ports.slot_of)  # type: ignore[attr-defined]
    for _ in range(round(SECONDS / 0.02)):
        if signalling:
            for source in (STRANGER, TRUSTED):
                network.carry(garbage.signalling(number), (source, garbage.dice.randrange(1, 0x10000)), SIP)
        if media:
            for port in ports:
                to = (IMAGINARY_HOST, port + garbage.dice.randrange(2))
                network.carry(garbage.media(), (STRANGER, garbage.dice.randrange(1, 0x10000)), to)
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("what", ["signalling", "media"])
def test_people_hear_each_other_whatever_is_thrown_at_the_ports(what: str, seed: int) -> None:
    @scenario
    async def story(scene: Scene) -> None:
        number = await talk(scene)
        began = asyncio.get_running_loop().time()
        signalling = what == "signalling"
        # Calls that begin by chance are answered elsewhere than in the room.
        other = await scene.number_for("elsewhere", twiml('<Gather timeout="1"/>'))
        await throw(scene, Garbage(seed), other, signalling=signalling, media=not signalling)
        heard_without_a_gap(scene, began)
        assert number
        if signalling:
            counters = scene.world.sip.counters
            assert counters.received > 100
            assert counters.malformed > 0
            assert counters.ignored > 0, "a stranger gets no answer for ever"

    with capture_logs() as lines:
        story()
    assert [line for line in lines if line["log_level"] in ("error", "critical")] == []


@scenario
async def test_people_hear_each_other_beside_a_stream_that_sends_garbage(scene: Scene) -> None:
    garbage = Garbage(1)
    agent = scene.world.agents.at(AGENT)
    await talk(scene)
    victim = await scene.calls_in("carol", twiml(f'<Connect><Stream url="{AGENT}"/></Connect>', "<Pause/>"))
    conversation = await agent.conversation()
    began = asyncio.get_running_loop().time()
    for _ in range(200):
        conversation.throw(garbage.stream_message(), is_text=garbage.dice.random() < 0.8)
        await asyncio.sleep(0.02)
    heard_without_a_gap(scene, began)
    assert victim.phone.user == "carol"


@scenario
async def test_people_hear_each_other_beside_requests_that_mean_nothing(scene: Scene) -> None:
    garbage = Garbage(1)
    await talk(scene)
    began = asyncio.get_running_loop().time()
    statuses = set()
    for number in range(200):
        method = garbage.dice.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
        secret = (scene.world.account_sid, scene.world.auth_token) if number % 2 else ("AC", garbage.binary().hex())
        url = "http://node.example.com" + garbage.path()
        form = {garbage.binary().hex(): garbage.binary().hex()}
        exchange = _Exchange(method, url, {}, form, {"content-type": "application/x-www-form-urlencoded"}, secret)
        await scene.world.api(exchange.scope(), exchange.receive, exchange.send)
        statuses.add(exchange.status)
        await asyncio.sleep(0.01)
    assert max(statuses) < 500
    heard_without_a_gap(scene, began)
