"""baresip transfers, is transferred, holds and presses keys, over UDP and TCP, with the audio checked both ways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.peers.baresip import BESIDE_BARESIP, HER_NOTE, ITS_NOTE, MD5_ONLY, Baresip, baresip
from tests.peers.exchange import NUMBER, Exchange, exchange, until, until_heard

from mixminus.testing import PALETTE

pytestmark = BESIDE_BARESIP

THIRD_NOTE = PALETTE["omega"]
TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])
USERS = {"bob": "secret", "carol": "secret"}


@asynccontextmanager
async def bob_of(at: Exchange, folder: Path, port: int, transport: str) -> AsyncIterator[Baresip]:
    """baresip as a registered user that answers at once."""
    where = f"<sip:bob@127.0.0.1:{at.sip_port};transport={transport}>"
    account = f"{where};auth_pass=secret;regint=600;answermode=auto;audio_codecs=pcmu"
    async with baresip(folder, account=account, hums_hz=ITS_NOTE, control_port=port) as bob:
        await until(lambda: at.is_registered("bob"))
        yield bob


@TRANSPORTS
async def test_baresip_transfers_its_caller(tmp_path: Path, unused_tcp_port: int, transport: str) -> None:
    async with exchange(tmp_path / "node", users=USERS, digest_algorithms=MD5_ONLY) as at:
        at.app.answers("/voice", "<Response><Dial><Client>bob</Client></Dial></Response>")
        async with (
            bob_of(at, tmp_path / "bob", unused_tcp_port, transport) as bob,
            at.phone("alice") as alice,
            at.phone("carol", password="secret") as carol,
        ):
            carol.answers(after_s=0.5)
            carol.hum(THIRD_NOTE)
            await carol.register()
            call = await alice.dial(NUMBER)
            call.hum(HER_NOTE)
            await until_heard(call, ITS_NOTE, heard=True)
            await bob.do("transfer", f"sip:carol@127.0.0.1:{at.sip_port}")
            reached = await carol.next_call(within_s=5)
            await until_heard(call, THIRD_NOTE, heard=True)
            await until_heard(reached, HER_NOTE, heard=True)
            await bob.event("CALL_CLOSED")
            assert not call.hears(ITS_NOTE)
            assert "200" in bob.log(), "it was told how the transfer went"


@TRANSPORTS
async def test_baresip_is_told_that_its_transfer_failed_and_keeps_its_caller(
    tmp_path: Path, unused_tcp_port: int, transport: str
) -> None:
    async with exchange(tmp_path / "node", users=USERS, digest_algorithms=MD5_ONLY) as at:
        at.app.answers("/voice", "<Response><Dial><Client>bob</Client></Dial></Response>")
        async with (
            bob_of(at, tmp_path / "bob", unused_tcp_port, transport) as bob,
            at.phone("alice") as alice,
            at.phone("carol", password="secret") as carol,
        ):
            carol.rejects(486)
            await carol.register()
            call = await alice.dial(NUMBER)
            await until_heard(call, ITS_NOTE, heard=True)
            await bob.do("transfer", f"sip:carol@127.0.0.1:{at.sip_port}")
            await bob.event("TRANSFER_FAILED")
            await bob.do("resume")
            await until_heard(call, ITS_NOTE, heard=True)


@TRANSPORTS
async def test_baresip_is_sent_elsewhere_by_a_document(tmp_path: Path, unused_tcp_port: int, transport: str) -> None:
    """<Refer>: it calls the target itself, and says so."""
    async with (
        exchange(tmp_path / "node", users=USERS, digest_algorithms=MD5_ONLY) as at,
        bob_of(at, tmp_path / "bob", unused_tcp_port, transport) as bob,
        at.phone("carol") as carol,
    ):
        carol.answers()
        carol.hum(THIRD_NOTE)
        document = f'<Response><Refer action="/after"><Sip>{carol.uri}</Sip></Refer></Response>'
        at.app.answers("/voice", document)
        await bob.do("dial", f"sip:{NUMBER}@127.0.0.1:{at.sip_port};transport={transport}")
        reached = await carol.next_call(within_s=10)
        await until_heard(reached, ITS_NOTE, heard=True)
        after = await at.app.wait_for("/after", within_s=10)
        assert (after["ReferCallStatus"], after["ReferSipResponseCode"]) == ("in-progress", "202")
        await until(bob.receives)


@TRANSPORTS
async def test_baresip_holds_and_resumes_its_caller(tmp_path: Path, unused_tcp_port: int, transport: str) -> None:
    async with exchange(tmp_path / "node", users=USERS, digest_algorithms=MD5_ONLY) as at:
        at.app.answers("/voice", "<Response><Dial><Client>bob</Client></Dial></Response>")
        async with bob_of(at, tmp_path / "bob", unused_tcp_port, transport) as bob, at.phone("alice") as alice:
            call = await alice.dial(NUMBER)
            call.hum(HER_NOTE)
            await until_heard(call, ITS_NOTE, heard=True)
            await until(bob.receives)
            await bob.do("hold")
            await until_heard(call, ITS_NOTE, heard=False)
            await until(lambda: not bob.receives())
            await bob.do("resume")
            await until_heard(call, ITS_NOTE, heard=True)
            await until(bob.receives)


@TRANSPORTS
async def test_keys_that_baresip_presses_are_gathered(tmp_path: Path, unused_tcp_port: int, transport: str) -> None:
    async with exchange(tmp_path / "node", users=USERS, digest_algorithms=MD5_ONLY) as at:
        at.app.answers("/voice", '<Response><Gather action="/keys" numDigits="3"/></Response>')
        async with bob_of(at, tmp_path / "bob", unused_tcp_port, transport) as bob:
            await bob.do("dial", f"sip:{NUMBER}@127.0.0.1:{at.sip_port};transport={transport}")
            await bob.event("CALL_ESTABLISHED")
            await asyncio.sleep(0.5)
            await bob.do("sndcode", "4711")
            assert (await at.app.wait_for("/keys", within_s=10))["Digits"] == "471"
