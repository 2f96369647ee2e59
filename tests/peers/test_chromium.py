"""Chromium with JsSIP over a secure WebSocket talks in conferences (issue 5, Shows 3)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")

from playwright.async_api import Error, expect
from tests.peers.chromium import Chromium, chromium, missing
from tests.peers.coturn import coturn, is_missing
from tests.peers.exchange import NUMBER, Exchange, exchange, until

from mixminus.base.settings import Endpoint, SipListen
from mixminus.calls.records import CallStatus
from mixminus.testing import PALETTE, Call

pytestmark = [
    pytest.mark.peers,
    pytest.mark.network,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]

ITS_NOTE, HER_NOTE, THIRD_NOTE = PALETTE["gamma"], PALETTE["theta"], PALETTE["omega"]
MD5_ONLY = ("MD5",)
"""JsSIP knows no other digest."""
PASSWORD = "secret"


async def until_heard(call: Call, note_hz: int, *, heard: bool) -> None:
    await until(lambda: call.hears(note_hz) is heard, within_s=15.0)


@asynccontextmanager
async def node(folder: Path, port: int, transport: str = "wss", **more: object) -> AsyncIterator[Exchange]:
    listen = (SipListen(transport, Endpoint("127.0.0.1", port)),)
    users = {"bob": PASSWORD}
    told: Any = {"users": users, "digest_algorithms": MD5_ONLY, "sip_listen": listen, **more}
    async with exchange(folder, **told) as at:
        yield at


async def register(phone: Chromium, port: int, transport: str = "wss", **options: object) -> None:
    await phone.start(socket=f"{transport}://127.0.0.1:{port}", uri="sip:bob@127.0.0.1", password=PASSWORD, **options)


@pytest.mark.parametrize("transport", ["wss", "ws"])
async def test_chromium_and_a_phone_hear_each_other_in_a_conference(
    tmp_path: Path, unused_tcp_port: int, transport: str
) -> None:
    async with (
        node(tmp_path / "node", unused_tcp_port, transport) as at,
        chromium(tmp_path / "bob", hums_hz=ITS_NOTE) as phone,
        at.phone("alice") as alice,
    ):
        call = await alice.dial(NUMBER)
        call.hum(HER_NOTE)
        await register(phone, unused_tcp_port, transport)
        await phone.do(f'phone.call("{NUMBER}")')
        await until_heard(call, ITS_NOTE, heard=True)
        await phone.until_hears(HER_NOTE)
        said = await phone.statistics()
        assert (said["dtls"], said["srtp"]) == ("connected", "SRTP_AEAD_AES_128_GCM")
        assert (said["codec"], said["local"]) == ("audio/opus", "host")
        assert call.chord() == {ITS_NOTE}
        await phone.do("phone.hangUp()")
        await until_heard(call, ITS_NOTE, heard=False)
        await until(lambda: len(at.node.world.node.exchange.live_calls) == 1)


async def test_chromium_holds_and_resumes(tmp_path: Path, unused_tcp_port: int) -> None:
    async with (
        node(tmp_path / "node", unused_tcp_port) as at,
        chromium(tmp_path / "bob", hums_hz=ITS_NOTE) as phone,
        at.phone("alice") as alice,
    ):
        call = await alice.dial(NUMBER)
        call.hum(HER_NOTE)
        await register(phone, unused_tcp_port)
        await phone.do(f'phone.call("{NUMBER}")')
        await until_heard(call, ITS_NOTE, heard=True)
        await phone.until_hears(HER_NOTE)
        for _ in range(2):
            await phone.do("phone.hold()")
            await until_heard(call, ITS_NOTE, heard=False)
            await phone.until_hears(None)
            await phone.do("phone.resume()")
            await until_heard(call, ITS_NOTE, heard=True)
            await phone.until_hears(HER_NOTE)
        await phone.do("phone.mute(true)")
        await until_heard(call, ITS_NOTE, heard=False)
        await phone.until_hears(HER_NOTE)


@pytest.mark.parametrize("told_by", ["RFC2833", "INFO"])
async def test_chromium_presses_keys(tmp_path: Path, unused_tcp_port: int, told_by: str) -> None:
    async with (
        node(tmp_path / "node", unused_tcp_port) as at,
        chromium(tmp_path / "bob", hums_hz=ITS_NOTE) as phone,
    ):
        at.app.answers(
            "/voice", '<Response><Gather numDigits="4" finishOnKey="" timeout="20" action="/keys"/></Response>'
        )
        at.app.answers("/keys", "<Response><Hangup/></Response>")
        await register(phone, unused_tcp_port)
        await phone.do(f'phone.call("{NUMBER}")')
        await phone.do(f'phone.press("12*#", "{told_by}")')
        ended = await phone.happened("ended")
        assert ended["by"] == "remote"
        [request] = at.app.received("/keys")
        assert request["Digits"] == "12*#"


async def test_chromium_is_called_as_a_client_and_hung_up(tmp_path: Path, unused_tcp_port: int) -> None:
    """The offer is ours, with checks and a handshake in it."""
    async with (
        node(tmp_path / "node", unused_tcp_port) as at,
        chromium(tmp_path / "bob", hums_hz=ITS_NOTE) as phone,
        at.phone("alice") as alice,
    ):
        await register(phone, unused_tcp_port)
        call = await alice.dial(NUMBER)
        call.hum(HER_NOTE)
        [conference] = await asyncio.to_thread(at.twilio.conferences.list, friendly_name="room")
        room = at.twilio.conferences(conference.sid)
        added = await asyncio.to_thread(room.participants.create, from_=NUMBER, to="client:bob", label="bob")
        incoming = await phone.happened("incoming")
        assert NUMBER in incoming["uri"]
        await phone.do("phone.answer()")
        await until_heard(call, ITS_NOTE, heard=True)
        await phone.until_hears(HER_NOTE)
        await asyncio.to_thread(room.participants("bob").delete)
        ended = await phone.happened("ended")
        assert ended["by"] == "remote"
        assert (await at.call(added.call_sid)).status is CallStatus.COMPLETED


async def test_a_page_that_is_closed_is_noticed_by_its_checks(tmp_path: Path, unused_tcp_port: int) -> None:
    """It says nothing by SIP: its consent expires (RFC 7675), long before a session timer does."""
    async with node(tmp_path / "node", unused_tcp_port) as at, at.phone("alice") as alice:
        call = await alice.dial(NUMBER)
        async with chromium(tmp_path / "bob", hums_hz=ITS_NOTE) as phone:
            await register(phone, unused_tcp_port)
            await phone.do(f'phone.call("{NUMBER}")')
            await until_heard(call, ITS_NOTE, heard=True)
        await until(lambda: len(at.node.world.node.exchange.live_calls) == 1, within_s=45.0)


@pytest.mark.skipif(is_missing(), reason="coturn is not installed (Debian: coturn)")
async def test_chromium_talks_through_coturn_with_credentials_of_the_node(
    tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    sip_port, turn_port = unused_tcp_port_factory(), unused_tcp_port_factory()
    turn: Any = {"turn_urls": (f"turn:127.0.0.1:{turn_port}?transport=udp",), "turn_secret": "shared"}
    async with (
        coturn(tmp_path, turn_port, "shared") as relay,
        node(tmp_path / "node", sip_port, **turn) as at,
        chromium(tmp_path / "bob", hums_hz=ITS_NOTE) as phone,
        at.phone("alice") as alice,
    ):
        token = await asyncio.to_thread(at.twilio.tokens.create)
        servers = [{key: server[key] for key in ("urls", "username", "credential")} for server in token.ice_servers]
        await register(phone, sip_port, iceServers=servers, iceTransportPolicy="relay")
        call = await alice.dial(NUMBER)
        call.hum(HER_NOTE)
        await phone.do(f'phone.call("{NUMBER}")')
        await until_heard(call, ITS_NOTE, heard=True)
        await phone.until_hears(HER_NOTE)
        assert (await phone.statistics())["local"] == "relay"
        assert token.username in relay.log()
        await phone.do("phone.hangUp()")
        await until_heard(call, ITS_NOTE, heard=False)


async def test_a_user_with_a_wrong_password_is_not_registered(tmp_path: Path, unused_tcp_port: int) -> None:
    async with node(tmp_path / "node", unused_tcp_port) as at, chromium(tmp_path / "bob", hums_hz=ITS_NOTE) as phone:
        with pytest.raises(Error, match=r"Authentication Error|Rejected"):
            await phone.start(socket=f"wss://127.0.0.1:{unused_tcp_port}", uri="sip:bob@127.0.0.1", password="wrong")
        assert not at.is_registered("bob")


async def test_chromium_transfers_its_caller(tmp_path: Path, unused_tcp_port: int) -> None:
    users = {"bob": PASSWORD, "carol": PASSWORD}
    async with (
        node(tmp_path / "node", unused_tcp_port, users=users) as at,
        chromium(tmp_path / "bob", hums_hz=ITS_NOTE) as phone,
        at.phone("alice") as alice,
        at.phone("carol", password=PASSWORD) as carol,
    ):
        at.app.answers("/voice", "<Response><Dial><Client>bob</Client></Dial></Response>")
        carol.answers()
        carol.hum(THIRD_NOTE)
        await carol.register()
        await register(phone, unused_tcp_port)
        dialling = asyncio.create_task(alice.dial(NUMBER))
        await phone.happened("incoming")
        await phone.do("phone.answer()")
        call = await dialling
        call.hum(HER_NOTE)
        await until_heard(call, ITS_NOTE, heard=True)
        await phone.until_hears(HER_NOTE)
        assert await phone.do('phone.transfer("sip:carol@127.0.0.1")') is True
        reached = await carol.next_call(within_s=5)
        await until_heard(call, THIRD_NOTE, heard=True)
        await until_heard(reached, HER_NOTE, heard=True)
        ended = await phone.happened("ended")
        assert ended["by"] == "remote"
        await until_heard(call, ITS_NOTE, heard=False)


async def test_the_page_of_the_example_calls_holds_presses_keys_and_hangs_up(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    async with (
        node(tmp_path / "node", unused_tcp_port) as at,
        chromium(tmp_path / "bob", hums_hz=ITS_NOTE) as phone,
        at.phone("alice") as alice,
    ):
        call = await alice.dial(NUMBER)
        await phone.open_example()
        page = phone.page
        await page.fill("[name=socket]", f"wss://127.0.0.1:{unused_tcp_port}")
        await page.fill("[name=uri]", "sip:bob@127.0.0.1")
        await page.fill("[name=password]", PASSWORD)
        await page.click("text=Register")
        await page.fill("[name=number]", NUMBER)
        await page.click("#dial button")
        status = page.locator("#status")
        await expect(status).to_have_text("Talking")
        await page.click("#hold")
        await expect(page.locator("#hold")).to_have_text("Resume")
        await page.click("#hold")
        await page.click("#keys >> text=5")
        await expect(page.locator("#hold")).to_have_text("Hold")
        await page.click("#hang-up")
        await expect(status).to_have_text("Ended: Terminated")
        await until(lambda: len(at.node.world.node.exchange.live_calls) == 1)
        await until_heard(call, ITS_NOTE, heard=False)
