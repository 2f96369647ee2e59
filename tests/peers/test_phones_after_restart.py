"""A phone that registered before the node was restarted is called after it."""

import asyncio
from pathlib import Path

import pytest
from tests.peers.exchange import LOOPBACK, NUMBER, exchange, until
from tests.peers.kamailio import free_port

from mixminus.base.settings import Endpoint
from mixminus.testing import LoopbackNetwork, VirtualPhone

pytestmark = pytest.mark.network


async def test_registrations_survive_a_restart(tmp_path: Path) -> None:
    port = free_port()
    bob = VirtualPhone(LoopbackNetwork(), user="bob", server=(LOOPBACK, port), password="secret")
    users = {"bob": "secret"}
    async with bob:
        async with exchange(tmp_path / "node", sip=Endpoint(LOOPBACK, port), users=users) as at:
            await bob.register(3600)
        bob.answers()
        async with exchange(tmp_path / "node", sip=Endpoint(LOOPBACK, port), users=users) as at:
            assert at.is_registered("bob")
            create = at.twilio.calls.create
            await asyncio.to_thread(create, to="client:bob", from_=NUMBER, url=f"{at.app_url}/voice")
            await until(lambda: bool(bob.calls))
            await bob.calls[0].answered(within_s=5)
