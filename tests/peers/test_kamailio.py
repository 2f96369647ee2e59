"""Kamailio, which nobody here wrote, before the node: as registrar and proxy, and as an edge that adds a Path."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.peers.baresip import NEEDS_BARESIP, baresip
from tests.peers.exchange import NUMBER, Exchange, exchange, until, until_heard
from tests.peers.kamailio import EDGE, KAMAILIO, LOOPBACK, MODULES, REGISTRAR, kamailio

from mixminus.testing import PALETTE, Call, LoopbackNetwork, VirtualPhone

pytestmark = [
    pytest.mark.peers,
    pytest.mark.network,
    pytest.mark.skipif(KAMAILIO is None or MODULES is None, reason="Kamailio is not installed (Debian: kamailio)"),
]

HIS_NOTE, HER_NOTE = PALETTE["gamma"], PALETTE["theta"]
TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])
USERS = {"bob": "secret", "carol": "secret"}
CAROLS_NUMBER = "+15550002000"


@dataclass
class Site:
    """A node, a Kamailio before it, and phones that know the Kamailio alone."""

    at: Exchange
    port: int
    transport: Any

    def phone(self, user: str, **more: Any) -> VirtualPhone:
        return VirtualPhone(
            LoopbackNetwork(), user=user, server=(LOOPBACK, self.port), transport=self.transport, **more
        )

    async def calls(self, to: str) -> str:
        """The node calls; who answers is in the room."""
        create = self.at.twilio.calls.create
        call = await asyncio.to_thread(create, to=to, from_=NUMBER, url=f"{self.at.app_url}/voice")
        return str(call.sid)

    async def hangs_up(self, sid: str) -> None:
        await asyncio.to_thread(self.at.twilio.calls(sid).update, status="completed")


@asynccontextmanager
async def site(folder: Path, stranger: str, transport: str, **settings: Any) -> AsyncIterator[Site]:
    async with (
        exchange(folder / "node", **settings) as at,
        kamailio(folder / "kamailio", stranger, node=at.sip_port, transport=transport) as port,
    ):
        yield Site(at, port, transport)


async def hear_each_other(his: Call, hers: Call) -> None:
    his.hum(HIS_NOTE)
    hers.hum(HER_NOTE)
    await until(lambda: his.hears(HER_NOTE) and hers.hears(HIS_NOTE))
    assert his.chord() == {HER_NOTE}
    assert hers.chord() == {HIS_NOTE}


# --- (a) registrar and proxy --------------------------------------------------------------------------------------


@TRANSPORTS
async def test_phones_behind_a_proxy_call_in_and_are_called(tmp_path: Path, transport: str) -> None:
    async with site(tmp_path, REGISTRAR, transport) as here, here.phone("alice") as alice, here.phone("bob") as bob:
        bob.answers()
        await bob.register()
        hers = await alice.dial(NUMBER)
        await here.calls(f"sip:bob@{LOOPBACK}:{here.port};transport={transport}")
        await until(lambda: bool(bob.calls))
        await bob.calls[0].answered(within_s=5)
        await hear_each_other(bob.calls[0], hers)


@TRANSPORTS
async def test_who_hangs_up_is_heard_on_the_other_side(tmp_path: Path, transport: str) -> None:
    """BYE both ways along the route set: from who called, from who was called, from the node."""
    async with site(tmp_path, REGISTRAR, transport) as here, here.phone("alice") as alice, here.phone("bob") as bob:
        bob.answers()
        await bob.register()
        calling = f"sip:bob@{LOOPBACK}:{here.port};transport={transport}"
        hers = await alice.dial(NUMBER)
        await hers.hang_up()
        await here.calls(calling)
        await until(lambda: len(bob.calls) == 1)
        await bob.calls[0].answered(within_s=5)
        await asyncio.sleep(0.3)
        await bob.calls[0].hang_up()
        await here.at.quiet()
        sid = await here.calls(calling)
        await until(lambda: len(bob.calls) == 2)
        await bob.calls[1].answered(within_s=5)
        await asyncio.sleep(0.3)
        await here.hangs_up(sid)
        await bob.calls[1].ended(within_s=5)
        await here.at.quiet()
        assert here.at.node.world.sip.open_calls == 0
        assert {call.status for call in await here.at.calls()} == {"completed"}


@TRANSPORTS
async def test_hold_and_its_end_go_through_the_proxy(tmp_path: Path, transport: str) -> None:
    async with site(tmp_path, REGISTRAR, transport) as here, here.phone("alice") as alice, here.phone("bob") as bob:
        bob.answers()
        await bob.register()
        hers = await alice.dial(NUMBER)
        await here.calls(f"sip:bob@{LOOPBACK}:{here.port};transport={transport}")
        await until(lambda: bool(bob.calls))
        his = bob.calls[0]
        await his.answered(within_s=5)
        await hear_each_other(his, hers)
        for call, note, other in ((his, HIS_NOTE, hers), (hers, HER_NOTE, his)):
            await call.hold("inactive")
            await until_heard(other, note, heard=False)
            await call.resume()
            await until_heard(other, note, heard=True)


@TRANSPORTS
async def test_keys_reach_the_application(tmp_path: Path, transport: str) -> None:
    async with site(tmp_path, REGISTRAR, transport) as here, here.phone("alice") as alice:
        here.at.app.answers("/voice", '<Response><Gather numDigits="2" action="/keys" timeout="8"/></Response>')
        here.at.app.answers("/keys", "<Response><Hangup/></Response>")
        hers = await alice.dial(NUMBER)
        await asyncio.sleep(0.3)
        await hers.press("42")
        await hers.ended(within_s=8)
        assert here.at.app.received("/keys")[0]["Digits"] == "42"


async def test_a_call_that_is_given_up_while_it_rings_is_cancelled_through_the_proxy(tmp_path: Path) -> None:
    async with site(tmp_path, REGISTRAR, "udp") as here, here.phone("bob") as bob:
        bob.rings_forever()
        await bob.register()
        sid = await here.calls(f"sip:bob@{LOOPBACK}:{here.port}")
        await until(lambda: bool(bob.calls))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(here.at.twilio.calls(sid).update, status="canceled")
        await bob.calls[0].ended(within_s=5)
        await here.at.quiet()
        await until(lambda: here.at.node.world.sip.open_calls == 0)


@NEEDS_BARESIP
async def test_baresip_behind_kamailio_talks_with_a_phone(tmp_path: Path, unused_tcp_port: int) -> None:
    async with site(tmp_path, REGISTRAR, "udp") as here, here.phone("alice") as alice:
        account = f"<sip:bob@{LOOPBACK}:{here.port}>;regint=600;answermode=auto;audio_codecs=pcmu"
        phone = baresip(tmp_path / "bob", account=account, hums_hz=HIS_NOTE, control_port=unused_tcp_port)
        async with phone as bob:
            await until(lambda: "200 OK" in bob.log())
            hers = await alice.dial(NUMBER)
            hers.hum(HER_NOTE)
            sid = await here.calls(f"sip:bob@{LOOPBACK}:{here.port}")
            await bob.event("CALL_ESTABLISHED")
            await until(lambda: hers.hears(HIS_NOTE))
            await until(bob.receives)
            await here.hangs_up(sid)
            await bob.event("CALL_CLOSED")


# --- (b) an edge that adds a Path ---------------------------------------------------------------------------------


@TRANSPORTS
async def test_a_client_behind_an_edge_registers_here_and_is_called_through_it(
    tmp_path: Path, transport: str
) -> None:
    async with (
        site(tmp_path, EDGE, transport, users=USERS) as here,
        here.phone("alice") as alice,
        here.phone("bob", password="secret") as bob,
    ):
        bob.answers()
        response = await bob.register(600, "", {"Supported": "path"})
        assert f"sip:{LOOPBACK}:{here.port}" in response.headers.get("Path")
        [phone] = here.at.node.world.node.desk.phones("bob")
        assert phone.flows[0].path == tuple(response.headers.listed("Path"))
        hers = await alice.dial(NUMBER)
        sid = await here.calls("client:bob")
        await until(lambda: bool(bob.calls))
        await bob.calls[0].answered(within_s=5)
        await hear_each_other(bob.calls[0], hers)
        await here.hangs_up(sid)
        await bob.calls[0].ended(within_s=5)


async def test_what_is_asked_at_a_dead_edge_fails_in_time(tmp_path: Path) -> None:
    """The node knows bob by a Path whose proxy is gone: the call ends in words, and others are not hurt."""
    async with exchange(tmp_path / "node", users=USERS) as at:
        async with kamailio(tmp_path / "kamailio", EDGE, node=at.sip_port, transport="tcp") as port:
            here = Site(at, port, "tcp")
            async with here.phone("bob", password="secret") as bob:
                await bob.register(600, "", {"Supported": "path"})
        sid = await here.calls("client:bob")
        await at.quiet()
        assert (await at.call(sid)).status == "failed"


# --- (c) transfers through the edge -------------------------------------------------------------------------------


@asynccontextmanager
async def three(here: Site) -> AsyncIterator[tuple[VirtualPhone, VirtualPhone, VirtualPhone]]:
    """Alice, who calls; bob, who takes her call; carol, whom bob sends her to."""
    here.at.app.answers("/voice", '<Response><Dial action="/after"><Client>bob</Client></Dial></Response>')
    here.at.app.answers("/carol", "<Response><Dial><Client>carol</Client></Dial></Response>")
    here.at.app.answers("/after", "<Response><Hangup/></Response>")
    async with (
        here.phone("alice") as alice,
        here.phone("bob", password="secret") as bob,
        here.phone("carol", password="secret") as carol,
    ):
        for phone in (bob, carol):
            phone.answers()
            await phone.register(600, "", {"Supported": "path"})
        yield alice, bob, carol


@TRANSPORTS
async def test_a_phone_behind_the_edge_sends_its_caller_to_another(tmp_path: Path, transport: str) -> None:
    async with site(tmp_path, EDGE, transport, users=USERS) as here, three(here) as (alice, bob, carol):
        hers = await alice.dial(NUMBER)
        await until(lambda: bool(bob.calls))
        await hear_each_other(bob.calls[0], hers)
        transfer = await bob.calls[0].transfer("carol")
        assert await transfer.concluded(within_s=8) == 200
        await bob.calls[0].ended(within_s=5)
        await hear_each_other(carol.calls[0], hers)
        await hers.hang_up()
        await carol.calls[0].ended(within_s=5)
        await here.at.quiet()


@TRANSPORTS
async def test_a_phone_behind_the_edge_joins_its_two_calls(tmp_path: Path, transport: str) -> None:
    """Nobody authenticates on loopback: so everybody may dispose of everybody's calls."""
    more = {"users": USERS, "numbers": {CAROLS_NUMBER: "/carol"}, "transfers": "everybody"}
    async with (
        site(tmp_path, EDGE, transport, **more) as here,
        three(here) as (alice, bob, carol),
    ):
        hers = await alice.dial(NUMBER)
        await until(lambda: bool(bob.calls))
        await hear_each_other(bob.calls[0], hers)
        await bob.calls[0].hold()
        consults = await bob.dial(CAROLS_NUMBER)
        await until(lambda: bool(carol.calls))
        await hear_each_other(carol.calls[0], consults)
        transfer = await bob.calls[0].transfer_to(consults)
        assert await transfer.concluded(within_s=8) == 200
        for call in (bob.calls[0], consults):
            await call.ended(within_s=5)
        await hear_each_other(carol.calls[0], hers)
