"""A node with media ports of both IP versions, on real sockets: who speaks IPv6 is told an IPv6 address."""

import asyncio
import socket
from pathlib import Path

import pytest
from tests.peers.exchange import NUMBER, exchange, until

from mixminus.base.settings import Endpoint, PortRange
from mixminus.testing import PALETTE, LoopbackNetwork, VirtualPhone

HER_NOTE, HIS_NOTE = PALETTE["gamma"], PALETTE["theta"]


def speaks_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


pytestmark = [pytest.mark.network, pytest.mark.skipif(not speaks_ipv6(), reason="this machine has no IPv6")]


@pytest.mark.parametrize("suites", [(), ("AEAD_AES_128_GCM",)], ids=["plain", "secured"])
async def test_phones_over_ipv6_hear_each_other(tmp_path: Path, suites: tuple[str, ...]) -> None:
    async with exchange(
        tmp_path / "node",
        sip=Endpoint("::1", 0),
        rtp=PortRange("::", 0, 0),
        rtp_advertise=("127.0.0.1", "::1"),
        srtp_over_any_transport=bool(suites),
    ) as at:
        network, server = LoopbackNetwork(), ("::1", at.sip_port)
        async with (
            VirtualPhone(network, user="alice", host="::1", server=server, srtp=suites) as alice,
            VirtualPhone(network, user="bob", host="::1", server=server, srtp=suites) as bob,
        ):
            hers, his = await alice.dial(NUMBER), await bob.dial(NUMBER)
            hers.hum(HER_NOTE)
            his.hum(HIS_NOTE)
            await until(lambda: hers.hears(HIS_NOTE) and his.hears(HER_NOTE))
            await asyncio.sleep(0.5)
            assert hers.chord() == {HIS_NOTE}
            assert his.chord() == {HER_NOTE}
            bob.answers()
            [conference] = await asyncio.to_thread(at.twilio.conferences.list, friendly_name="room")
            participants = at.twilio.conferences(conference.sid).participants
            await asyncio.to_thread(participants.create, from_=NUMBER, to=bob.uri, beep="false")
            called = await bob.next_call(within_s=5)
            assert b"c=IN IP6 ::1" in called.invite.body
            await until(lambda: called.hears(HER_NOTE))
