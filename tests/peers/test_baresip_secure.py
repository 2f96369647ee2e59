"""baresip over TLS: it registers, talks, holds, presses keys, and is called over the connection that it opened."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from tests.peers.baresip import BESIDE_BARESIP, HER_NOTE, ITS_NOTE, MD5_ONLY, baresip, hears
from tests.peers.exchange import NUMBER, ROOM, Exchange, exchange, until, until_heard

from mixminus.base.settings import Endpoint, SipListen
from mixminus.calls.records import CallStatus
from mixminus.sip.contract import Transport

pytestmark = BESIDE_BARESIP

KEYS = '<Response><Gather numDigits="2" action="/keys" timeout="10"/></Response>'


def secure(tmp_path: Path) -> AbstractAsyncContextManager[Exchange]:
    """A node that listens over TLS beside UDP and TCP."""
    listen = (SipListen("tls", Endpoint("127.0.0.1", 0)),)
    return exchange(tmp_path / "node", users={"bob": "secret"}, digest_algorithms=MD5_ONLY, sip_listen=listen)


async def test_baresip_talks_holds_and_presses_keys_over_tls(tmp_path: Path, unused_tcp_port: int) -> None:
    async with secure(tmp_path) as at:
        server = f"127.0.0.1:{at.port_of(Transport.TLS)};transport=tls"
        parameters = "auth_pass=secret;regint=600;answermode=auto;audio_codecs=pcmu"
        bob = baresip(
            tmp_path / "bob",
            account=f"<sip:bob@{server}>;{parameters}",
            hums_hz=ITS_NOTE,
            control_port=unused_tcp_port,
            roots=tmp_path / "node" / "sip-tls.crt",
        )
        async with bob as phone, at.phone("alice") as alice:
            await until(lambda: at.is_registered("bob"))
            [its_phone] = at.node.world.node.desk.phones("bob")
            assert its_phone.flows[0].source.transport is Transport.TLS
            call = await alice.dial(NUMBER)
            call.hum(HER_NOTE)

            at.app.answers("/voice", KEYS)
            at.app.answers("/keys", ROOM)
            await phone.do("dial", f"sip:{NUMBER}@{server}")
            await phone.event("CALL_ESTABLISHED")
            await phone.do("sndcode", "4")
            await phone.do("sndcode", "2")
            await until_heard(call, ITS_NOTE, heard=True)
            [pressed] = at.app.received("/keys")
            assert pressed["Digits"] == "42"
            await until(phone.receives)

            await phone.do("hold")
            await until_heard(call, ITS_NOTE, heard=False)
            await until(lambda: not phone.receives())
            await phone.do("resume")
            await until_heard(call, ITS_NOTE, heard=True)
            await until(phone.receives)
            await phone.do("hangup")
            await phone.event("CALL_CLOSED")
            await until_heard(call, ITS_NOTE, heard=False)

            [conference] = await asyncio.to_thread(
                at.twilio.conferences.list, friendly_name="room", status="in-progress"
            )
            room = at.twilio.conferences(conference.sid)
            added = await asyncio.to_thread(room.participants.create, from_=NUMBER, to="client:bob", label="bob")
            await until_heard(call, ITS_NOTE, heard=True)
            await asyncio.sleep(1.0)
            await asyncio.to_thread(room.participants("bob").delete)
            await phone.event("CALL_CLOSED")
            assert hears(phone.heard(), HER_NOTE, last_s=0.5)
        assert (await at.call(added.call_sid)).status is CallStatus.COMPLETED
        wires = at.node.world.sip_listener
        assert wires is not None
        assert wires.connections()["tls"] <= 1
        assert wires.counts.received["udp"] > 0, "alice speaks UDP beside it"
