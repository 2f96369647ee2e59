"""The worker process, over real sockets."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from tests.media.studio import FRAME, hum, notes

from mixminus.media.contract import (
    AskStatistics,
    CloseLeg,
    Event,
    LegOpened,
    LegRefused,
    LegRow,
    OpenLeg,
    Play,
    RecordingStopped,
    SetLegMedia,
    SetRoom,
    StartRecording,
    Statistics,
    Tap,
    Tone,
    WorkerLost,
)
from mixminus.media.plane import WorkerPlane
from mixminus.media.ports import NoPortError
from mixminus.media.udp_ports import UdpPorts
from mixminus.rtp.packet import RtpPacket
from mixminus.rtp.rtcp import Compound, Report, ReportBlock, compound, middle_of

pytestmark = pytest.mark.network


class Worker:
    """A plane, and the events that it delivered."""

    def __init__(self) -> None:
        self.plane = WorkerPlane("127.0.0.1", 0, 0)
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.plane.listen(self.events.put_nowait)

    async def event(self, kind: type[Event]) -> Event:
        async with asyncio.timeout(20):
            event = await self.events.get()
        assert isinstance(event, kind)
        return event


class LoopbackPhone(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: asyncio.Queue[RtpPacket] = asyncio.Queue()

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.heard.put_nowait(RtpPacket.parse(data))

    async def join(self, worker: Worker, leg: int) -> None:
        worker.plane.apply(OpenLeg(leg))
        opened = await worker.event(LegOpened)
        assert isinstance(opened, LegOpened)
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        host, port = self.transport.get_extra_info("sockname")
        self.worker_address = opened.host, opened.port
        worker.plane.apply(SetLegMedia(leg, host, port, "PCMU", 101, sends=True, receives=True))

    async def packet_in_which(self, note: int | None) -> None:
        """Wait for a packet in which this note sounds, or nothing does."""
        from mixminus.audio.g711 import decode_ulaw

        async with asyncio.timeout(20):
            while notes(decode_ulaw((await self.heard.get()).payload)) != ({note} if note else set()):
                pass

    def hum(self, hz: int, number: int) -> None:
        from mixminus.audio.g711 import encode_ulaw

        packet = RtpPacket(0, number, number * FRAME, 77, encode_ulaw(hum(hz)))
        self.transport.sendto(bytes(packet), self.worker_address)


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker()
    await worker.plane.start()
    yield worker
    await worker.plane.stop()


async def test_two_phones_hear_each_other_and_a_player(worker: Worker) -> None:
    one, other = LoopbackPhone(), LoopbackPhone()
    await one.join(worker, 1)
    await other.join(worker, 2)
    worker.plane.apply(SetRoom(1, tuple(LegRow(leg, on_bus=True, hears_bus=True) for leg in (1, 2))))
    for number in range(3):
        one.hum(400, number)
    await other.packet_in_which(400)
    worker.plane.apply(Play(5, (Tone((700.0,), 40),), loops=0, leg=1))
    await one.packet_in_which(700)


async def test_a_worker_that_stops_completes_its_recordings(worker: Worker, tmp_path: Path) -> None:
    worker.plane.apply(
        StartRecording("RE1", str(tmp_path / "a.wav"), ((Tap("bus", 1),),)),
        Play(5, (Tone((400.0,), 40),), loops=0, room=1),
        Play(6, (Tone((700.0,), 60),), room=2),
    )
    await worker.events.get()
    await worker.plane.stop()
    stopped = await worker.event(RecordingStopped)
    assert isinstance(stopped, RecordingStopped)
    assert not stopped.silent
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getnframes() * 2 + 44 == stopped.size_bytes
        bus = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert notes(bus) == {400}


async def test_when_the_control_plane_dies_the_worker_completes_its_recordings_and_ends(
    worker: Worker, tmp_path: Path
) -> None:
    worker.plane.apply(
        OpenLeg(1),
        StartRecording("RE1", str(tmp_path / "a.wav"), ((Tap("bus", 1),),)),
        Play(5, (Tone((400.0,), 60),), room=1),
    )
    opened = await worker.event(LegOpened)
    assert isinstance(opened, LegOpened)
    await worker.events.get()
    assert worker.plane._writer is not None
    assert worker.plane._process is not None
    worker.plane._writer.transport.abort()
    async with asyncio.timeout(20):
        await worker.plane._process.wait()
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getnframes() >= 3 * FRAME
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((opened.host, opened.port))


async def test_a_killed_worker_is_reported_and_loses_at_most_a_second(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    worker.plane.apply(
        StartRecording("RE1", str(path), ((Tap("bus", 1),),)), Play(5, (Tone((400.0,), 1100),), room=1)
    )
    await worker.events.get()
    assert worker.plane.pid is not None
    os.kill(worker.plane.pid, signal.SIGKILL)
    assert await worker.event(WorkerLost) == WorkerLost("killed by signal 9")
    with wave.open(str(path)) as file:
        assert file.getnframes() >= 1100 * 8 - 8000
        assert file.getnframes() == (path.stat().st_size - 44) // 2
    worker.plane.apply(CloseLeg(1))


async def test_ports_that_are_all_taken_refuse_a_leg() -> None:
    ports = UdpPorts("127.0.0.1", 0, 0)
    _, taken = ports.open(0)
    narrow = UdpPorts("127.0.0.1", taken, taken)
    with pytest.raises(NoPortError):
        narrow.open(0)
    worker = Worker()
    worker.plane = WorkerPlane("127.0.0.1", taken, taken)
    worker.plane.listen(worker.events.put_nowait)
    await worker.plane.start()
    worker.plane.apply(OpenLeg(1))
    assert isinstance(await worker.event(LegRefused), LegRefused)
    await worker.plane.stop()
    ports.close(0)


def free_range(legs: int) -> tuple[int, int]:
    """The ends of a range for so many legs that nobody uses, as far as one can know."""
    for low in random.sample(range(10_000, 30_000, 2), 100):
        with contextlib.ExitStack() as bound:
            try:
                for port in range(low, low + 2 * legs):
                    bound.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind(("127.0.0.1", port))
            except OSError:
                continue
            return low, low + 2 * legs - 1
    raise AssertionError("no free ports anywhere")


async def test_who_gets_no_port_does_not_trouble_those_who_have_one_and_ports_come_back() -> None:
    worker = Worker()
    worker.plane = WorkerPlane("127.0.0.1", *free_range(2))
    worker.plane.listen(worker.events.put_nowait)
    await worker.plane.start()
    one, other, third = LoopbackPhone(), LoopbackPhone(), LoopbackPhone()
    await one.join(worker, 1)
    await other.join(worker, 2)
    worker.plane.apply(SetRoom(1, tuple(LegRow(leg, on_bus=True, hears_bus=True) for leg in (1, 2))))
    for leg in range(3, 30):
        worker.plane.apply(OpenLeg(leg))
        assert await worker.event(LegRefused) == LegRefused(leg, "all media ports are taken")
    for number in range(3):
        one.hum(400, number)
    await other.packet_in_which(400)
    worker.plane.apply(CloseLeg(1))
    await third.join(worker, 30)
    assert third.worker_address == one.worker_address
    await worker.plane.stop()


def test_a_freed_port_is_the_last_one_to_be_used_again() -> None:
    ports = UdpPorts("127.0.0.1", *free_range(5))
    _, first = ports.open(0)
    ports.close(0)
    later = [ports.open(slot)[1] for slot in range(3)]
    assert first not in later
    assert all(port % 2 == 0 for port in later)
    for slot in range(3):
        ports.close(slot)


async def test_a_worker_reports_by_rtcp_and_tells_its_round_trip(worker: Worker) -> None:
    phone = LoopbackPhone()
    await phone.join(worker, 1)
    phone.hum(400, 1)
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    class Control(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
            arrived.put_nowait(data)

    control, _ = await loop.create_datagram_endpoint(Control, local_addr=("127.0.0.1", 0))
    worker_control = phone.worker_address[0], phone.worker_address[1] + 1
    async with asyncio.timeout(20):
        while arrived.empty():
            control.sendto(compound(Report(9, None, ()), "far"), worker_control)  # so reports come back here
            await asyncio.sleep(0.1)
        report = Compound.parse(await arrived.get()).reports[0]
    assert report.sending is not None
    assert report.blocks[0].ssrc == 77
    held = ReportBlock(report.ssrc, 0, 3, 0, 0, middle_of(report.sending.ntp_time), 0)
    control.sendto(compound(Report(9, None, (held,)), "far"), worker_control)
    await asyncio.sleep(0.1)
    worker.plane.apply(AskStatistics(4, (1,)))
    told = await worker.event(Statistics)
    assert isinstance(told, Statistics)
    (leg,) = told.legs
    assert leg.far_lost == 3
    assert leg.round_trip_ms is not None
    assert 0 <= leg.round_trip_ms < 1000, "with the 100 ms for which we held it, at most"
    assert told.worker.ticks > 50
    control.close()
