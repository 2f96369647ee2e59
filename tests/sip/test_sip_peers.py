"""SIPp and baresip, which nobody here wrote, call us and are called."""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import (
    Address,
    Answered,
    DialogKey,
    Ended,
    Established,
    Invitation,
    Invited,
    Listener,
    SipEvent,
    Transport,
)
from mixminus.sip.io.listener import SipListener
from mixminus.sip.settings import SipSettings

pytestmark = [
    pytest.mark.peers,
    pytest.mark.network,
]
needs_sipp = pytest.mark.skipif(shutil.which("sipp") is None, reason="SIPp is not installed (Debian: sip-tester)")
needs_baresip = pytest.mark.skipif(shutil.which("baresip") is None, reason="baresip is not installed")

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
BARESIP_CONFIG = """sip_listen 127.0.0.1:0
module_path /usr/lib/baresip/modules
module g711.so
module_app menu.so
module_app account.so
"""
SIPP_TRANSPORT = {Transport.UDP: "u1", Transport.TCP: "t1"}


class TinyOwner:
    """Picks up whatever rings, and hangs up whatever answers."""

    def __init__(self) -> None:
        self.agent = SipAgent(SipSettings(open_to_loopback=True), os.urandom)
        self.listener: SipListener
        self.events: Counter[str] = Counter()
        self.callers: list[str | None] = []

    def on_event(self, event: SipEvent) -> None:
        self.events[type(event).__name__] += 1
        if isinstance(event, Invited):
            self.callers.append(event.user)
            self.listener.pump.command(lambda now: self.agent.ring(event.dialog, now))
            self.listener.pump.command(lambda now: self.agent.answer(event.dialog, SDP, now))
        elif isinstance(event, Answered):
            self.listener.pump.command(lambda now: self.agent.hang_up(event.dialog, now))

    def dial(self, number: int, to: Address) -> None:
        target = f"sip:sipp@{to.host}:{to.port};transport={to.transport}"
        invitation = Invitation(DialogKey(f"out{number}"), target, to, "sip:us@127.0.0.1", "Us", SDP)
        self.listener.pump.command(lambda now: self.agent.invite(invitation, now))


@pytest.fixture
async def owner() -> AsyncIterator[TinyOwner]:
    owner = TinyOwner()
    six = tuple(Listener(transport, "::1", 0) for transport in (Transport.UDP, Transport.TCP))
    owner.listener = await SipListener.start("127.0.0.1", 0, owner.agent, owner.on_event, more=six)
    yield owner
    await owner.listener.stop()


async def sipp(transport: Transport, *arguments: str, host: str = "127.0.0.1") -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *("sipp", "-i", host, "-t", SIPP_TRANSPORT[transport], *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def finished(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    try:
        async with asyncio.timeout(30):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    return process.returncode, output.decode(errors="replace")[-2000:]


@needs_sipp
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_sipp_calls_in(owner: TinyOwner, transport: Transport, host: str) -> None:
    there = next(each for each in owner.listener.listeners if (each.transport, each.host) == (transport, host))
    process = await sipp(transport, "-sn", "uac", "-m", "50", "-r", "50", "-d", "100", there.sent_by, host=host)
    status, output = await finished(process)
    assert status == 0, output
    assert owner.events == {Invited.__name__: 50, Established.__name__: 50, Ended.__name__: 50}
    assert owner.agent.open_calls == 0


@needs_sipp
@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_sipp_is_called(owner: TinyOwner, transport: Transport, unused_tcp_port: int) -> None:
    process = await sipp(transport, "-sn", "uas", "-m", "10", "-p", str(unused_tcp_port), "-timeout", "20")
    there = Address(transport, "127.0.0.1", unused_tcp_port)
    await listening(there)
    for number in range(10):
        owner.dial(number, there)
    status, output = await finished(process)
    assert status == 0, output
    assert owner.events[Answered.__name__] == 10


@needs_baresip
@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_baresip_registers_and_calls_in_with_its_password(
    owner: TinyOwner, transport: Transport, tmp_path: Path
) -> None:
    agent, port = owner.agent, owner.listener.address[1]
    # No open door, and MD5 alone: Debian's baresip gives up when SHA-256 is offered beside it.
    agent.reconfigure(
        replace(agent.settings, users={"alice": "secret"}, open_to_loopback=False, digest_algorithms=("MD5",))
    )
    account = f"<sip:alice@127.0.0.1:{port};transport={transport}>;auth_pass=secret;regint=600\n"
    (tmp_path / "accounts").write_text(account)
    (tmp_path / "contacts").write_text("")
    (tmp_path / "config").write_text(BARESIP_CONFIG)
    number = f"/dial sip:+15005550006@127.0.0.1:{port};transport={transport}"
    process = await asyncio.create_subprocess_exec(
        *("baresip", "-f", str(tmp_path), "-t", "20", "-e", number),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    now = asyncio.get_running_loop().time
    try:
        for _ in range(1000):
            if owner.events[Established.__name__] and agent.contacts("alice", now()):
                break
            await asyncio.sleep(0.01)  # another program's time, not ours
    finally:
        process.kill()
        await process.wait()
    [binding] = agent.contacts("alice", now())
    assert binding.source.transport is transport
    assert owner.callers == ["alice"]


async def listening(there: Address) -> None:
    """Wait until SIPp has bound its port: over UDP our own repetitions would do, TCP needs somebody there."""
    if there.transport is Transport.UDP:
        return
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection(there.host, there.port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return
