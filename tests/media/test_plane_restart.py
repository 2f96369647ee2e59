"""A worker that is lost: nobody waits for it, and another one takes its place."""

import asyncio
import contextlib
import os
import signal

import pytest
import uvloop

from mixminus.media.absence import answers_of_nobody
from mixminus.media.contract import (
    CloseLeg,
    DigitsSent,
    Event,
    LegOpened,
    LegRefused,
    OpenLeg,
    Play,
    PlayerFinished,
    RecordingStopped,
    SendDigits,
    SetLegMedia,
    SetRoom,
    StartRecording,
    StopPlayer,
    Tap,
    Tone,
    UseCertificate,
    WorkerLost,
)
from mixminus.media.plane import WorkerPlane
from mixminus.media.srtp_terms import DtlsTerms
from mixminus.webrtc.dtls import DtlsContext, Handshake
from mixminus.webrtc.io.certificates import make_certificate

NODE, BROWSER = make_certificate(), make_certificate()


def test_every_command_that_awaits_an_answer_gets_one_from_nobody() -> None:
    commands = (
        OpenLeg(1),
        Play(2, (Tone((400.0,), 40),), leg=1),
        SendDigits(1, "1"),
        StartRecording("RE1", "/nowhere", ((Tap("bus", 1),),)),
        SetRoom(3, ()),
        StopPlayer(2),
        CloseLeg(1),
    )
    assert answers_of_nobody(commands, "gone") == (
        LegRefused(1, "gone"),
        PlayerFinished(2, "gone"),
        DigitsSent(1),
        RecordingStopped("RE1", 0, 0, True, "gone"),
    )


@pytest.mark.network
async def test_a_lost_worker_refuses_legs_until_another_one_is_started() -> None:
    plane = WorkerPlane("127.0.0.1", 0, 0)
    events: asyncio.Queue[Event] = asyncio.Queue()
    plane.listen(events.put_nowait)
    await plane.start()
    first = plane.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(20):
        assert await events.get() == WorkerLost("killed by signal 9")
        plane.apply(OpenLeg(1))
        assert await events.get() == LegRefused(1, "the media worker is gone: killed by signal 9")
        await plane.start()
        assert plane.pid != first
        plane.apply(OpenLeg(2))
        assert isinstance(await events.get(), LegOpened)
    await plane.stop()
    assert events.empty()


@pytest.mark.network
def test_a_node_whose_worker_is_lost_may_stop() -> None:
    """On the loop that production has, too."""

    async def story() -> None:
        plane = WorkerPlane("127.0.0.1", 0, 0)
        events: asyncio.Queue[Event] = asyncio.Queue()
        plane.listen(events.put_nowait)
        await plane.start()
        assert plane.pid is not None
        os.kill(plane.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            assert isinstance(await events.get(), WorkerLost)
        await plane.stop()

    uvloop.run(story())


class Shaking(asyncio.DatagramProtocol):
    """A far end that begins a handshake, and keeps the answers."""

    def __init__(self) -> None:
        self.hands = Handshake(
            DtlsContext(BROWSER), is_client=True, hash_name="sha-256", fingerprint=NODE.fingerprint
        )
        self.done = asyncio.Event()
        self.to: tuple[str, int] = ("", 0)
        self.transport: asyncio.DatagramTransport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if 20 <= data[0] <= 63:
            self.hands.receive(data, 0.0)
            self.say()
        if self.hands.keys is not None:
            self.done.set()

    def say(self) -> None:
        for datagram in self.hands.take():
            self.transport.sendto(datagram, self.to)


async def shake_hands(plane: WorkerPlane, events: "asyncio.Queue[Event]", leg: int) -> None:
    """Open a leg and agree on keys with it, without checks."""
    plane.apply(OpenLeg(leg))
    opened = await events.get()
    assert isinstance(opened, LegOpened)
    transport, far = await asyncio.get_running_loop().create_datagram_endpoint(Shaking, local_addr=("127.0.0.1", 0))
    far.transport = transport
    dtls = DtlsTerms(is_client=False, hash_name="sha-256", fingerprint=BROWSER.fingerprint)
    host, port = transport.get_extra_info("sockname")
    plane.apply(SetLegMedia(leg, host, port, "PCMU", None, sends=True, receives=True, rtcp_mux=True, dtls=dtls))
    far.to = opened.host, opened.port
    far.hands.begin(0.0)
    async with asyncio.timeout(20):
        while not far.done.is_set():
            far.say()  # the leg may know nothing of its terms yet
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.1):
                    await far.done.wait()
            far.hands.handle_timer(2.0)
    transport.close()


@pytest.mark.network
async def test_a_new_worker_has_the_certificate_of_the_old_one() -> None:
    plane = WorkerPlane("127.0.0.1", 0, 0, introduction=(UseCertificate(NODE.der, NODE.key_der),))
    events: asyncio.Queue[Event] = asyncio.Queue()
    plane.listen(events.put_nowait)
    await plane.start()
    await shake_hands(plane, events, 1)
    assert plane.pid is not None
    os.kill(plane.pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        assert await events.get() == WorkerLost("killed by signal 9")
    await plane.start()
    await shake_hands(plane, events, 2)
    await plane.stop()
