"""baresip is found by checks, which are those of libre, and agrees on keys by a handshake (RFC 8445, RFC 5763)."""

from pathlib import Path

from tests.peers.baresip import BESIDE_BARESIP, ITS_NOTE, baresip, talks_holds_and_hangs_up
from tests.peers.exchange import exchange

pytestmark = BESIDE_BARESIP

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
            worker = await talks_holds_and_hangs_up(at, phone, alice)
            assert "mnat 'ice' connected" in phone.log()
        assert (worker.forged, worker.replayed, worker.failed_handshakes) == (0, 0, 0)
