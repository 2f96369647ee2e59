"""A trunk that registers at its carrier: another SIP agent with a registrar, on the same network."""

import asyncio
import random
from dataclasses import replace

from tests.scenarios.cast import TRUNK, Scene, scenario_with, twiml

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import Address, SipEvent, Transmit, Transport
from mixminus.sip.io.pump import SipPump
from mixminus.sip.settings import SipSettings

CARRIER = ("10.0.9.9", 5060)
REGISTERING = replace(
    TRUNK, uri="sip:10.0.9.9:5060", username="15550001000", password="secret", register=True, register_s=30
)


class Carrier:
    """Takes registrations, at least a minute long, and calls whoever is registered."""

    def __init__(self, scene: Scene, password: str = "secret") -> None:
        self.scene = scene
        self.loop = asyncio.get_running_loop()
        settings = SipSettings(*CARRIER, users={"15550001000": password})
        self.agent = SipAgent(settings, random.Random(9).randbytes)
        self.events: list[SipEvent] = []

    async def open(self) -> "Carrier":
        port = await self.scene.world.network.open_datagrams(
            CARRIER, lambda data, source: self.pump.receive(data, Address(Transport.UDP, *source))
        )

        def send(transmit: Transmit) -> None:
            port.send(transmit.data, (transmit.to.host, transmit.to.port))

        self.pump = SipPump(self.agent, self.loop.time, self.loop, send, self.events.append)
        return self

    def contacts(self) -> list[str]:
        return [binding.uri for binding in self.agent.contacts("15550001000", self.loop.time())]


@scenario_with(trunks=[REGISTERING])
async def test_it_is_registered_and_stays_so(scene: Scene) -> None:
    carrier = await Carrier(scene).open()
    await asyncio.sleep(10)
    assert carrier.contacts() == ["sip:15550001000@10.0.0.1:5060"]
    for _ in range(10):
        await asyncio.sleep(30)  # it asked for 30 seconds and was told 60 (423)
        assert carrier.contacts()
    assert scene.world.node.registering.live(carrier.loop.time()) == {"carrier": True}
    await scene.world.node.tasks.close()
    await asyncio.sleep(1)
    assert carrier.contacts() == []


@scenario_with(trunks=[REGISTERING])
async def test_a_wrong_password_is_no_reason_to_insist(scene: Scene) -> None:
    carrier = await Carrier(scene, "another").open()
    await asyncio.sleep(200)
    assert scene.world.node.registering.live(carrier.loop.time()) == {"carrier": False}
    assert carrier.agent.counters.received <= 20


INVITE = """\
INVITE sip:15550001000@10.0.0.1:5060 SIP/2.0
Via: SIP/2.0/UDP 10.0.9.9:5060;branch=z9hG4bKin;rport
Max-Forwards: 70
From: <sip:+14155550000@carrier.example.com>;tag=in
To: <sip:+15550001234@carrier.example.com>
Call-ID: in
CSeq: 1 INVITE
Contact: <sip:10.0.9.9:5060>
Content-Length: 0

"""


@scenario_with(trunks=[REGISTERING])
async def test_where_we_are_registered_may_call_the_number_in_to(scene: Scene) -> None:
    scene.app.answers("/voice", twiml("<Reject/>"))
    await scene.world.number("+15550001234", "/voice")

    def calls_in() -> None:
        scene.world.network.carry(INVITE.replace("\n", "\r\n").encode(), CARRIER, ("10.0.0.1", 5060))

    calls_in()
    await asyncio.sleep(1)
    assert scene.told("/voice") == []  # a stranger
    await Carrier(scene).open()
    await asyncio.sleep(10)
    calls_in()
    await asyncio.sleep(1)
    (request,) = scene.told("/voice")
    assert (request["To"], request["From"]) == ("+15550001234", "+14155550000")


@scenario_with(trunks=[REGISTERING])
async def test_a_carrier_may_call_in_only_as_long_as_we_are_registered_there(scene: Scene) -> None:
    carrier = await Carrier(scene).open()
    await asyncio.sleep(10)
    assert CARRIER[0] in scene.world.sip.settings.trusted_hosts
    scene.world.network.lose(lambda data, sender, to: CARRIER[0] in (sender[0], to[0]))
    await asyncio.sleep(45)
    assert CARRIER[0] in scene.world.sip.settings.trusted_hosts
    await asyncio.sleep(20)  # it granted a minute
    assert CARRIER[0] not in scene.world.sip.settings.trusted_hosts
    assert scene.world.node.registering.live(carrier.loop.time()) == {"carrier": False}
    scene.world.network.lose(lambda data, sender, to: False)
    await asyncio.sleep(60)
    assert CARRIER[0] in scene.world.sip.settings.trusted_hosts


@scenario_with(trunks=[replace(REGISTERING, uri="sip:sip.carrier.example.com", register_s=600)])
async def test_a_carrier_behind_a_name_is_registered_at_where_it_answers(scene: Scene) -> None:
    names = scene.world.names.host("dead.example.com", "10.0.9.1").host("live.example.com", CARRIER[0])
    srv = "_sip._udp.sip.carrier.example.com"
    names.srv(srv, (1, 1, 5060, "dead.example.com"), (2, 1, 5060, "live.example.com"))
    carrier = await Carrier(scene).open()
    await asyncio.sleep(8)
    assert carrier.contacts() == ["sip:15550001000@10.0.0.1:5060"]
    assert scene.world.node.registering.live(carrier.loop.time()) == {"carrier": True}
