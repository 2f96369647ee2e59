"""baresip secures its audio, with keys in SDP and by a handshake: calls both ways, holds, a plain phone beside it."""

import asyncio
from pathlib import Path

import pytest
from tests.peers.baresip import BESIDE_BARESIP, HER_NOTE, ITS_NOTE, MD5_ONLY, baresip, hears, talks_holds_and_hangs_up
from tests.peers.exchange import NUMBER, exchange, until

from mixminus.base.settings import Endpoint, SipListen
from mixminus.sip.contract import Transport
from mixminus.testing import CallRefused

pytestmark = BESIDE_BARESIP


@pytest.mark.parametrize("encryption", ["srtp-mand", "srtp", "dtls_srtp"])
async def test_baresip_calls_and_holds_with_its_audio_secured(
    tmp_path: Path, unused_tcp_port: int, encryption: str
) -> None:
    """`srtp-mand` offers RTP/SAVP; `srtp` offers keys beside RTP/AVP (RFC 8643); `dtls_srtp` a handshake, without
    checks, and announces another address than it sends from.
    """
    async with exchange(tmp_path / "node", srtp_over_any_transport=True) as at:
        account = f"<sip:bob@127.0.0.1:{at.sip_port}>;regint=0;audio_codecs=pcmu;mediaenc={encryption}"
        bob = baresip(tmp_path / "bob", account=account, hums_hz=ITS_NOTE, control_port=unused_tcp_port)
        async with bob as phone, at.phone("alice") as alice:
            worker = await talks_holds_and_hangs_up(at, phone, alice)
            assert ("DTLS-SRTP complete" if encryption == "dtls_srtp" else "SRTP is Enabled") in phone.log()
        assert (worker.forged, worker.replayed) == (0, 0)


@pytest.mark.parametrize("encryption", ["srtp-mand", "none"])
async def test_baresip_is_offered_secured_audio_and_asked_for_plain_audio_when_it_refuses(
    tmp_path: Path, unused_tcp_port: int, encryption: str
) -> None:
    async with exchange(
        tmp_path / "node", users={"bob": "secret"}, digest_algorithms=MD5_ONLY, srtp_over_any_transport=True
    ) as at:
        parameters = "auth_pass=secret;regint=600;answermode=auto;audio_codecs=pcmu"
        secured = f";mediaenc={encryption}" if encryption != "none" else ""
        account = f"<sip:bob@127.0.0.1:{at.sip_port}>;{parameters}{secured}"
        bob = baresip(tmp_path / "bob", account=account, hums_hz=ITS_NOTE, control_port=unused_tcp_port)
        async with bob as phone, at.phone("alice") as alice:
            await until(lambda: at.is_registered("bob"))
            call = await alice.dial(NUMBER)
            call.hum(HER_NOTE)
            [conference] = await asyncio.to_thread(at.twilio.conferences.list, friendly_name="room")
            room = at.twilio.conferences(conference.sid)
            await asyncio.to_thread(room.participants.create, from_=NUMBER, to="client:bob", label="bob")
            await phone.event("CALL_ESTABLISHED")
            await until(lambda: call.hears(ITS_NOTE))
            await asyncio.sleep(1.0)
            await asyncio.to_thread(room.participants("bob").delete)
            await phone.event("CALL_CLOSED")
            assert hears(phone.heard(), HER_NOTE, last_s=0.5)
            assert ("SRTP is Enabled" in phone.log()) is (encryption != "none")


async def test_over_tls_audio_is_secured_where_nothing_else_will_do(tmp_path: Path, unused_tcp_port: int) -> None:
    listen = (SipListen("tls", Endpoint("127.0.0.1", 0)),)
    async with exchange(
        tmp_path / "node", users={"bob": "secret"}, digest_algorithms=MD5_ONLY, sip_listen=listen, srtp="required"
    ) as at:
        server = f"127.0.0.1:{at.port_of(Transport.TLS)};transport=tls"
        parameters = "auth_pass=secret;regint=600;answermode=auto;audio_codecs=pcmu;mediaenc=srtp-mand"
        bob = baresip(
            tmp_path / "bob",
            account=f"<sip:bob@{server}>;{parameters}",
            hums_hz=ITS_NOTE,
            control_port=unused_tcp_port,
            roots=tmp_path / "node" / "sip-tls.crt",
        )
        async with bob as phone, at.phone("alice") as plain:
            await until(lambda: at.is_registered("bob"))
            await phone.do("dial", f"sip:{NUMBER}@{server}")
            await phone.event("CALL_ESTABLISHED")
            [conference] = await asyncio.to_thread(at.twilio.conferences.list, friendly_name="room")
            room = at.twilio.conferences(conference.sid)
            await asyncio.to_thread(room.participants.create, from_=NUMBER, to="client:bob", label="again")
            await phone.event("CALL_ESTABLISHED")
            assert phone.log().count("SRTP is Enabled") == 2
            with pytest.raises(CallRefused) as refused:
                await plain.dial(NUMBER)
            assert refused.value.status == 488
            await until(phone.receives)
