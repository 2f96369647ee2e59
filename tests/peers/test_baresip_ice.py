"""baresip is found by checks, which are those of libre, and agrees on keys by a handshake (RFC 8445, RFC 5763)."""

import asyncio
import shutil
from pathlib import Path

import pytest
from tests.peers.baresip import baresip, hears
from tests.peers.exchange import NUMBER, exchange, until

from mixminus.testing import PALETTE

pytestmark = [
    pytest.mark.peers,
    pytest.mark.network,
    pytest.mark.skipif(shutil.which("baresip") is None, reason="baresip is not installed (Debian: baresip)"),
]

ITS_NOTE, HER_NOTE = PALETTE["gamma"], PALETTE["theta"]


ONE_PORT = "module dtls_srtp.so\nmodule ice.so\nrtcp_mux yes\n"
"""It waits for ever for checks of a second port, which we have none of (RFC 8445 6.1.2.2)."""


async def test_baresip_with_ice_calls_and_holds_with_keys_from_a_handshake(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    async with exchange(tmp_path / "node") as at:
        account = f"<sip:bob@127.0.0.1:{at.sip_port}>;regint=0;audio_codecs=pcmu;mediaenc=dtls_srtp;medianat=ice"
        folder, port = tmp_path / "bob", unused_tcp_port
        bob = baresip(folder, account=account, hums_hz=ITS_NOTE, control_port=port, more=ONE_PORT)
        async with bob as phone, at.phone("alice") as alice:
            call = await alice.dial(NUMBER)
            call.hum(HER_NOTE)
            await phone.do("dial", f"sip:{NUMBER}@127.0.0.1:{at.sip_port}")
            await phone.event("CALL_ESTABLISHED")
            await until(lambda: call.hears(ITS_NOTE))
            await until(phone.receives)
            await asyncio.sleep(1.5)
            await phone.do("hold")
            await until(lambda: not call.hears(ITS_NOTE))
            await phone.do("resume")
            await until(lambda: call.hears(ITS_NOTE))
            await until(phone.receives)
            worker = (await at.node.world.node.media.statistics()).worker
            await phone.do("hangup")
            await phone.event("CALL_CLOSED")
            assert hears(phone.heard(), HER_NOTE, last_s=1.0)
            assert "mnat 'ice' connected" in phone.log()
        assert (worker.forged, worker.replayed, worker.failed_handshakes) == (0, 0, 0)
