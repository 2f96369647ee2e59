"""A node registers at a carrier over TLS, and calls go out to it so: the carrier is another agent, on sockets."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.peers.exchange import NUMBER, exchange, until
from tests.sip.owner import Owner

from mixminus.base.settings import Endpoint, SipListen, Trunk
from mixminus.sip.contract import Invited, Listener, Transport
from mixminus.sip.io.own_certificate import own_certificate
from mixminus.sip.io.tls import Identity, Tls

pytestmark = pytest.mark.network

LOOPBACK = "127.0.0.1"


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return own_certificate(tmp_path, [LOOPBACK], datetime.now(UTC))


@pytest.fixture
async def carrier(identity: Identity) -> AsyncIterator[Owner]:
    owner = await Owner(users={"us": "secret"}).start(more=(Listener(Transport.TLS, LOOPBACK, 0),), tls=Tls(identity))
    yield owner
    await owner.stop()


def trunk(carrier: Owner, roots: Path | None) -> Trunk:
    return Trunk(
        "carrier",
        f"sip:{LOOPBACK}:{carrier.at(Transport.TLS).port};transport=tls",
        ("+49",),
        username="us",
        password="secret",
        register=True,
        options_s=0,
        tls_roots=str(roots) if roots else None,
    )


async def test_a_carrier_is_registered_at_and_called_over_one_connection(
    tmp_path: Path, carrier: Owner, identity: Identity
) -> None:
    ways = (trunk(carrier, identity.certificate),)
    listen = (SipListen("tls", Endpoint(LOOPBACK, 0)),)
    async with exchange(tmp_path / "node", trunks=ways, sip_listen=listen) as at:
        now = asyncio.get_running_loop().time
        await until(lambda: bool(carrier.agent.contacts("us", now())))
        [binding] = carrier.agent.contacts("us", now())
        assert binding.uri == f"sip:us@{LOOPBACK}:{at.port_of(Transport.TLS)};transport=tls"
        call = await asyncio.to_thread(at.twilio.calls.create, to="+49301234", from_=NUMBER, twiml="<Response/>")
        invited = await carrier.told(Invited)
        assert invited.source == binding.source
        assert invited.called == "+49301234"
        assert carrier.listener.connections()["tls"] == 1
        await asyncio.to_thread(at.twilio.calls(call.sid).update, status="completed")
        await at.quiet()


async def test_a_carrier_that_nobody_vouches_for_gets_nothing(tmp_path: Path, carrier: Owner) -> None:
    async with exchange(tmp_path / "node", trunks=(trunk(carrier, None),)) as at:
        wires = at.node.world.sip_listener
        assert wires is not None
        await until(lambda: wires.counts.closed["certificate"] > 0)
        assert carrier.listener.counts.received == {}
