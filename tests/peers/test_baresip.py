"""baresip, which nobody here wrote, talks in conferences over real sockets (issue 2, Shows 2)."""

import asyncio
from pathlib import Path

import pytest
from tests.peers.baresip import BESIDE_BARESIP, HER_NOTE, ITS_NOTE, MD5_ONLY, baresip, hears
from tests.peers.exchange import NUMBER, Exchange, exchange, until, until_heard

from mixminus.calls.records import CallStatus

pytestmark = BESIDE_BARESIP


def account(at: Exchange, *parameters: str) -> str:
    return ";".join((f"<sip:bob@127.0.0.1:{at.sip_port}>", *parameters))


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
async def test_baresip_and_a_virtual_phone_hear_each_other_in_a_conference(
    tmp_path: Path, unused_tcp_port: int, codec: str
) -> None:
    async with exchange(tmp_path / "node") as at:
        it_speaks = account(at, "regint=0", f"audio_codecs={codec.lower()}")
        bob = baresip(
            tmp_path / "bob",
            account=it_speaks,
            hums_hz=ITS_NOTE,
            control_port=unused_tcp_port,
        )
        async with bob as phone, at.phone("alice") as alice:
            call = await alice.dial(NUMBER)
            call.hum(HER_NOTE)
            await phone.do("dial", f"sip:{NUMBER}@127.0.0.1:{at.sip_port}")
            await phone.event("CALL_ESTABLISHED")
            await until_heard(call, ITS_NOTE, heard=True)
            await asyncio.sleep(1.5)
            assert call.chord() == {ITS_NOTE}
            await phone.do("hangup")
            await phone.event("CALL_CLOSED")
            await until_heard(call, ITS_NOTE, heard=False)
            it_heard = phone.heard()
        assert hears(it_heard, HER_NOTE, last_s=1.0)
        assert not hears(it_heard, ITS_NOTE, last_s=1.0), "it hears itself"
        assert f"Set audio decoder: {codec}" in phone.log()


async def test_baresip_holds_and_resumes(tmp_path: Path, unused_tcp_port: int) -> None:
    """Its recorder writes nothing after a hold: its own count of what arrives is the judge of what we send."""
    async with exchange(tmp_path / "node") as at:
        it_hums = account(at, "regint=0")
        bob = baresip(tmp_path / "bob", account=it_hums, hums_hz=ITS_NOTE, control_port=unused_tcp_port)
        async with bob as phone, at.phone("alice") as alice:
            call = await alice.dial(NUMBER)
            call.hum(HER_NOTE)
            await phone.do("dial", f"sip:{NUMBER}@127.0.0.1:{at.sip_port}")
            await until_heard(call, ITS_NOTE, heard=True)
            await until(phone.receives)
            await phone.do("hold")
            await until_heard(call, ITS_NOTE, heard=False)
            await until(lambda: not phone.receives())
            assert call.chord() == frozenset()
            await phone.do("resume")
            await until_heard(call, ITS_NOTE, heard=True)
            await until(phone.receives)
            await phone.do("hangup")
            await phone.event("CALL_CLOSED")
            await until_heard(call, ITS_NOTE, heard=False)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_baresip_registers_with_its_password_and_is_called_as_a_client(
    tmp_path: Path, unused_tcp_port: int, transport: str
) -> None:
    async with exchange(tmp_path / "node", users={"bob": "secret"}, digest_algorithms=MD5_ONLY) as at:
        parameters = "auth_pass=secret;regint=600;answermode=auto;audio_codecs=pcmu"
        registers = f"<sip:bob@127.0.0.1:{at.sip_port};transport={transport}>;{parameters}"
        bob = baresip(
            tmp_path / "bob",
            account=registers,
            hums_hz=ITS_NOTE,
            control_port=unused_tcp_port,
        )
        async with bob as phone, at.phone("alice") as alice:
            await until(lambda: at.is_registered("bob"))
            call = await alice.dial(NUMBER)
            call.hum(HER_NOTE)
            [conference] = await asyncio.to_thread(at.twilio.conferences.list, friendly_name="room")
            room = at.twilio.conferences(conference.sid)
            added = await asyncio.to_thread(room.participants.create, from_=NUMBER, to="client:bob", label="bob")
            await until_heard(call, ITS_NOTE, heard=True)
            await asyncio.sleep(1.0)
            await asyncio.to_thread(room.participants("bob").delete)
            await phone.event("CALL_CLOSED")
            assert hears(phone.heard(), HER_NOTE, last_s=0.5)
        assert (await at.call(added.call_sid)).status is CallStatus.COMPLETED


async def test_baresip_with_a_wrong_password_is_not_registered(tmp_path: Path, unused_tcp_port: int) -> None:
    async with exchange(tmp_path / "node", users={"bob": "secret"}, digest_algorithms=MD5_ONLY) as at:
        lies = account(at, "auth_pass=wrong", "regint=600")
        async with baresip(
            tmp_path / "bob",
            account=lies,
            hums_hz=ITS_NOTE,
            control_port=unused_tcp_port,
        ) as phone:
            await until(lambda: "403 Forbidden" in phone.log())
            assert not at.is_registered("bob")
