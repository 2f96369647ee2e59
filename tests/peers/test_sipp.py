"""SIPp, which nobody here wrote, calls in by the hundred and is called (issue 2, Shows 2)."""

import asyncio
import shutil
from collections import Counter
from itertools import count
from pathlib import Path

import pytest
from tests.peers.exchange import LOOPBACK, NUMBER, Exchange, exchange, until

from mixminus.calls.records import CallStatus, ConferenceRecord, ConferenceStatus
from mixminus.testing import WebhookRequest

pytestmark = [
    pytest.mark.peers,
    pytest.mark.network,
    pytest.mark.skipif(shutil.which("sipp") is None, reason="SIPp is not installed (Debian: sip-tester)"),
]

PEOPLE_IN_A_ROOM = 3


def rooms_of_three(at: Exchange) -> None:
    """From now on every third caller opens a new room."""
    callers = count()

    def join(_request: WebhookRequest) -> str:
        room = next(callers) // PEOPLE_IN_A_ROOM
        return f'<Response><Dial><Conference waitUrl="">room-{room}</Conference></Dial></Response>'

    at.app.answers("/voice", join)


async def sipp(folder: Path, *arguments: str, within_s: float) -> str:
    """Run SIPp to its end; its last words, in case they are needed. It ends with 0 only when no call failed."""
    process = await asyncio.create_subprocess_exec(
        *("sipp", "-i", LOOPBACK, "-nostdin", "-trace_err", *arguments),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(within_s):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    last_words = output.decode(errors="replace")[-2500:]
    assert process.returncode == 0, last_words
    return last_words


@pytest.mark.parametrize(
    ("transport", "calls"), [pytest.param("u1", 500, id="udp"), pytest.param("t1", 100, id="tcp")]
)
async def test_sipp_places_calls_at_20_a_second_into_conferences_without_a_failure(
    tmp_path: Path, transport: str, calls: int
) -> None:
    async with exchange(tmp_path / "node") as at:
        rooms_of_three(at)
        server = f"{LOOPBACK}:{at.sip_port}"
        load = ("-t", transport, "-m", str(calls), "-r", "20", "-d", "2000")
        await sipp(tmp_path, "-sn", "uac", "-s", NUMBER, *load, server, within_s=60)
        await at.quiet()
        assert Counter(call.status for call in await at.calls()) == {CallStatus.COMPLETED: calls}
        conferences = await at.node.world.store.query(ConferenceRecord)
        assert {conference.status for conference in conferences} == {ConferenceStatus.COMPLETED}
        assert len(conferences) >= calls // PEOPLE_IN_A_ROOM


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_sipp_is_dialled_by_rest_into_a_conference(
    tmp_path: Path, unused_tcp_port: int, transport: str
) -> None:
    legs = 20
    async with exchange(tmp_path / "node") as at:
        mode = {"udp": "u1", "tcp": "t1"}[transport]
        uas = ("-sn", "uas", "-t", mode, "-p", str(unused_tcp_port), "-m", str(legs))
        answering = asyncio.create_task(sipp(tmp_path, *uas, within_s=30))
        await until(lambda: is_bound(unused_tcp_port, transport))
        address = f"sip:sipp@{LOOPBACK}:{unused_tcp_port};transport={transport}"
        rooms = at.twilio.conferences("crowd").participants
        for _ in range(legs):
            await asyncio.to_thread(rooms.create, from_=NUMBER, to=address)
        await until(lambda: answered(at) == legs)
        [crowd] = await asyncio.to_thread(at.twilio.conferences.list, friendly_name="crowd")
        await asyncio.to_thread(at.twilio.conferences(crowd.sid).update, status="completed")
        await answering
        await at.quiet()
        assert Counter(call.status for call in await at.calls()) == {CallStatus.COMPLETED: legs}


def answered(at: Exchange) -> int:
    return sum(call.is_answered for call in at.node.world.node.exchange.live_calls)


def is_bound(port: int, transport: str) -> bool:
    """SIPp says nothing when it is ready: look for its socket."""
    return f":{port:04X} 00000000:0000" in Path(f"/proc/net/{transport}").read_text()
