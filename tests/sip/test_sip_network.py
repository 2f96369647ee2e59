"""The shells, on loopback sockets, and the pump on a loop that only knows timers."""

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Callable

import pytest
from tests.sip.owner import CALL, Owner

from mixminus.sip.agent import SipAgent
from mixminus.sip.contract import (
    Address,
    Answered,
    Ended,
    Established,
    Invitation,
    Invited,
    Refused,
    SipEvent,
    Transport,
)
from mixminus.sip.io.listener import SipListener
from mixminus.sip.io.pump import SipPump
from mixminus.sip.settings import SipSettings


@pytest.fixture
async def owners() -> AsyncIterator[tuple[Owner, Owner]]:
    pair = (Owner(), Owner())
    for owner in pair:
        await owner.start()
    yield pair
    for owner in pair:
        await owner.stop()


@pytest.mark.network
@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_a_call_over_real_sockets(owners: tuple[Owner, Owner], transport: Transport) -> None:
    caller, callee = owners
    caller.dial(Address(transport, "127.0.0.1", callee.listener.address[1]))
    assert await caller.told(Answered) == Answered(CALL, b"v=0 answer")
    established = await callee.told(Established)
    assert isinstance(established, Established)
    callee.command(lambda now: callee.agent.hang_up(established.dialog, now))
    assert isinstance(await caller.told(Ended), Ended)


@pytest.mark.network
async def test_nobody_listening_on_tcp_is_a_503_at_once(owners: tuple[Owner, Owner]) -> None:
    caller, callee = owners
    port = callee.listener.address[1]
    await callee.stop()
    caller.dial(Address(Transport.TCP, "127.0.0.1", port))
    assert await caller.told(Refused) == Refused(CALL, 503, "Service Unavailable")


@pytest.mark.network
async def test_garbage_on_a_connection_closes_that_connection_only(owners: tuple[Owner, Owner]) -> None:
    caller, callee = owners
    port = callee.listener.address[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\r\n\r\n")
    assert await reader.read(2) == b"\r\n"
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    caller.dial(Address(Transport.TCP, "127.0.0.1", port))
    assert isinstance(await caller.told(Answered), Answered)


@pytest.mark.network
async def test_a_taken_port_is_an_error(owners: tuple[Owner, Owner]) -> None:
    taken = owners[0].listener.address
    with pytest.raises(OSError):
        await SipListener.start(*taken, SipAgent(SipSettings(), os.urandom), lambda event: None)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that is never run: it keeps timers, and the test fires them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.timers: list[asyncio.TimerHandle] = []

    def time(self) -> float:
        return self.now

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, **_: object
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self)
        self.timers.append(timer)
        return timer

    def live(self) -> list[asyncio.TimerHandle]:
        return [timer for timer in self.timers if not timer.cancelled()]

    def fire_next(self) -> None:
        [timer] = self.live()
        self.timers.clear()
        self.now = timer.when()
        timer._run()


def test_the_pump_keeps_one_timer_and_repeats_what_is_not_answered() -> None:
    loop = VirtualLoop()
    sent_at: list[float] = []
    told: list[SipEvent] = []
    agent = SipAgent(SipSettings(), random.Random(1).randbytes)
    # The owner's clock began elsewhere than the loop's.
    pump = SipPump(agent, lambda: loop.now - 100, loop, lambda transmit: sent_at.append(loop.now), told.append)
    via = Address(Transport.UDP, "192.0.2.1", 5060)
    pump.command(lambda now: agent.invite(Invitation(CALL, "sip:a@192.0.2.1", via, "sip:b@h", "", b""), now))
    while loop.live():
        loop.fire_next()
    assert sent_at == [100.0, 100.5, 101.5, 103.5, 107.5, 115.5, 131.5]
    assert told == [Refused(CALL, 408, "Request Timeout")]
    assert loop.now == 132.0
    loop.close()


async def test_an_owner_may_command_from_inside_an_event() -> None:
    loop = asyncio.get_running_loop()
    sent: list[bytes] = []
    agent = SipAgent(SipSettings(open_to_loopback=True), random.Random(1).randbytes)

    def on_event(event: SipEvent) -> None:
        assert isinstance(event, Invited)
        pump.command(lambda now: agent.refuse(event.dialog, 486, now))
        assert not any(b" 486 " in data for data in sent)  # sent after this handler returned

    pump = SipPump(agent, loop.time, loop, lambda transmit: sent.append(transmit.data), on_event)
    invite = (
        b"INVITE sip:1@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:1@h>\r\n"
        b"Call-ID: 1\r\nCSeq: 1 INVITE\r\nContact: <sip:a@b>\r\n\r\n"
    )
    pump.receive(invite, Address(Transport.UDP, "127.0.0.1", 5070))
    assert [data.split(b" ")[1] for data in sent] == [b"100", b"486"]
    pump.close()
