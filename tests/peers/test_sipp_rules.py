"""Each rule of docs/sip.md as SIPp plays it, which nobody here wrote (issue 5, Shows 2). One node serves them all."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.peers.exchange import LOOPBACK, NUMBER, Exchange, exchange, until
from tests.peers.sipp_callees import CALLEES, CARRIED, We
from tests.peers.sipp_callers import BRIEF, CALLERS, DTMF, PASSWORD, SLOW, USER
from tests.peers.sipp_scenarios import GOES, answer, calls, hears, is_asked, request, scenario
from tests.peers.test_sipp import is_bound, sipp

from mixminus.app.calls.call_session import Verdict
from mixminus.base.settings import Trunk
from mixminus.calls.records import FINAL_CALL_STATUSES, CallRecord, CallStatus

pytestmark = [
    pytest.mark.peers,
    pytest.mark.network,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(shutil.which("sipp") is None, reason="SIPp is not installed (Debian: sip-tester)"),
]

KEYS = "+15550001003"


def free_port() -> int:
    """One that is free for UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


CARRIER_PORT = free_port()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Exchange]:
    carrier = Trunk(
        "carrier",
        f"sip:{LOOPBACK}:{CARRIER_PORT}",
        prefixes=(CARRIED[:4],),
        username=USER,
        password=PASSWORD,
        options_s=0,
    )
    numbers = {SLOW: "/slow", BRIEF: "/brief", KEYS: "/gather"}
    folder = tmp_path_factory.mktemp("node")
    users, md5 = {USER: PASSWORD}, ("MD5",)  # Debian's SIPp knows no SHA-256
    async with exchange(folder, numbers, users=users, digest_algorithms=md5, trunks=(carrier,)) as node:
        node.app.stalls("/slow", 3.0)
        node.app.answers("/brief", '<Response><Gather timeout="1"/></Response>')
        node.app.answers("/gather", '<Response><Gather numDigits="1" action="/keys" timeout="5"/></Response>')
        node.app.answers("/keys", "<Response><Hangup/></Response>")
        yield node


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nobody_stays(at: Exchange) -> AsyncIterator[None]:
    """A scenario that fails leaves no call to the next one."""
    yield
    for call in at.node.world.node.exchange.live_calls:
        call.end(Verdict(CallStatus.COMPLETED, "The scenario failed."))
    await at.quiet()


async def plays(folder: Path, steps: tuple[str, ...], *arguments: str) -> None:
    """Let SIPp go through these steps once."""
    (folder / "ours.xml").write_text(scenario(*steps))
    await sipp(folder, "-sf", "ours.xml", "-m", "1", "-timeout", "15", *arguments, within_s=20)


async def calls_in(
    at: Exchange, folder: Path, steps: tuple[str, ...], number: str, transport: str = "u1", *arguments: str
) -> None:
    await plays(folder, steps, "-s", number, "-t", transport, *arguments, f"{LOOPBACK}:{at.sip_port}")
    await at.quiet()


async def newer(at: Exchange, before: int) -> list[CallRecord]:
    """The calls since there were so many."""
    return (await at.calls())[before:]


@pytest.mark.parametrize("name", CALLERS)
async def test_sipp_calls_and_the_node_keeps_to_the_rule(at: Exchange, tmp_path: Path, name: str) -> None:
    before, told = len(await at.calls()), CALLERS[name]
    proven = ("-auth_uri", told.proven) if told.proven else ()
    await calls_in(at, tmp_path, told.steps, told.number, told.transport, *proven)
    since = await newer(at, before)
    assert len(since) == told.calls
    assert {call.status for call in since} <= FINAL_CALL_STATUSES


@pytest.mark.parametrize("name", CALLEES)
async def test_sipp_is_called_and_the_node_keeps_to_the_rule(at: Exchange, tmp_path: Path, name: str) -> None:
    told = CALLEES[name]
    port = CARRIER_PORT if told.over_trunk else free_port()
    answering = asyncio.create_task(plays(tmp_path, told.steps, "-p", str(port), f"{LOOPBACK}:{at.sip_port}"))
    await until(lambda: is_bound(port, "udp"))
    address = CARRIED if told.over_trunk else f"sip:sipp@{LOOPBACK}:{port};transport=udp"
    participants = at.twilio.conferences("hall").participants
    made = await asyncio.to_thread(participants.create, from_=NUMBER, to=address)
    call = at.twilio.calls(made.call_sid)
    if told.we is We.HANG_UP:
        await until(lambda: any(live.is_answered for live in at.node.world.node.exchange.live_calls))
        await asyncio.sleep(0.3)  # SIPp goes on asking meanwhile
        await asyncio.to_thread(call.update, status="completed")
    elif told.we is We.GIVE_UP:
        await asyncio.sleep(0.3)  # so that it rings
        await asyncio.to_thread(call.update, status="canceled")
    await answering
    await at.quiet()
    assert (await at.call(made.call_sid)).status is told.status


async def test_a_key_that_sipp_tells_by_info_reaches_the_application(at: Exchange, tmp_path: Path) -> None:
    steps = (*calls(), request("INFO", 2, body="Signal=5\nDuration=160", kind=DTMF), hears(200), is_asked("BYE"))
    await calls_in(at, tmp_path, (*steps, answer("200 OK", tag="")), KEYS)
    [told] = at.app.received("/keys")
    assert told["Digits"] == "5"


async def test_who_calls_and_who_sent_the_call_on_reaches_the_application(at: Exchange, tmp_path: Path) -> None:
    before = len(await at.calls())
    diverted = ("P-Asserted-Identity: <sip:+15550000001@carrier.example>", "Diversion: <tel:+15550000003>")
    await calls_in(at, tmp_path, (*calls(*diverted, "X-Case: 7"), *GOES), NUMBER)
    told = at.app.received("/voice")[-1]
    assert (told["From"], told["ForwardedFrom"], told["SipHeader_X-Case"]) == ("+15550000001", "+15550000003", "7")
    [call] = await newer(at, before)
    assert (call.from_, call.forwarded_from) == ("+15550000001", "+15550000003")


async def test_nothing_is_left_of_all_these_calls(at: Exchange) -> None:
    """The last test of the module; what SIP remembers of the last ones goes within 64 s, which nobody waits for."""
    world = at.node.world
    assert not world.node.exchange.live_calls
    assert not world.node.exchange.live_conferences
    assert (await world.node.media.statistics()).worker.legs == 0
