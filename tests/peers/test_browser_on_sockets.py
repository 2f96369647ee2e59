"""A virtual browser on loopback: checks and handshakes through the real worker, its thread and its sockets."""

import asyncio
from pathlib import Path

import pytest
from tests.peers.exchange import LOOPBACK, NUMBER, exchange, until

from mixminus.testing import PALETTE, LoopbackNetwork, VirtualPhone

pytestmark = pytest.mark.network

HIS_NOTE, HER_NOTE = PALETTE["gamma"], PALETTE["theta"]


async def test_a_browser_and_a_phone_hear_each_other_on_real_sockets(tmp_path: Path) -> None:
    async with exchange(tmp_path) as at, at.phone("alice") as alice:
        server = LOOPBACK, at.sip_port
        async with VirtualPhone(LoopbackNetwork(), user="ben", server=server, is_browser=True) as ben:
            hers, his = await alice.dial(NUMBER), await ben.dial(NUMBER)
            hers.hum(HER_NOTE)
            his.hum(HIS_NOTE)
            await until(lambda: hers.hears(HIS_NOTE) and his.hears(HER_NOTE))
            await asyncio.sleep(0.5)
            assert hers.chord() == {HIS_NOTE}
            assert his.chord() == {HER_NOTE}
            await his.hang_up()
            await until(lambda: not hers.hears(HIS_NOTE))
