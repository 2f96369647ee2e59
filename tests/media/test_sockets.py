"""The worker's socket loops over loopback: who is heard, who is sent to, and when packets came."""

import random
import socket
import time
from collections.abc import Iterator
from typing import Final

import numpy as np
import pytest
from tests.media.studio import FRAME, hum

from mixminus.audio.g711 import encode_ulaw
from mixminus.media.address_state import FarHosts
from mixminus.media.bundles import zeroed
from mixminus.media.contract import CloseLeg, LegOpened, OpenLeg, SetLegMedia
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.kernels.addresses import NOBODY
from mixminus.media.kernels.udp import SO_TIMESTAMPNS, receive, scratch, send
from mixminus.media.ports import address_key
from mixminus.media.state import Inbox, Line, Outbox, Reception
from mixminus.media.udp_ports import UdpPorts
from mixminus.media.worker import ControlLink, Worker
from mixminus.rtp.packet import RtpPacket

pytestmark = pytest.mark.network

SILENCE: Final = 12
"""Ticks after which others may take over."""


class Far:
    """A far end on a socket of its own."""

    def __init__(self, port: int = 0, ssrc: int = 7) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.port = int(self.socket.getsockname()[1])
        self.key = address_key("127.0.0.1", self.port)
        self.ssrc, self.sequence = ssrc, 0

    def say(self, port: int) -> None:
        self.sequence += 1
        packet = RtpPacket(0, self.sequence, self.sequence * FRAME, self.ssrc, encode_ulaw(hum(400)))
        self.socket.sendto(bytes(packet), ("127.0.0.1", port))

    def heard(self) -> int:
        """How many packets came since it was asked last."""
        count = 0
        try:
            while self.socket.recv(2048):
                count += 1
        except BlockingIOError:
            return count
        return count


class Shell:
    """A worker whose ticks are the test's."""

    def __init__(self) -> None:
        self.ports = UdpPorts("127.0.0.1", 0, 0)
        settings = EngineSettings(legs=4, rooms=1, players=1, recorders=1)
        self.engine = Engine(settings, random.Random(7).randbytes, self.ports)
        self._ends = socket.socketpair()
        self.worker = Worker(self.engine, self.ports, ControlLink(self._ends[0]), time.monotonic, time.time)
        self.port_of: dict[int, int] = {}

    def leg(self, leg: int, far: Far) -> int:
        """Open one that talks to that far end. Returns its port."""
        self.engine.apply([OpenLeg(leg)])
        (opened,) = self.engine.take_events()
        assert isinstance(opened, LegOpened)
        self.port_of[leg] = opened.port
        self.announce(leg, far)
        return opened.port

    def announce(self, leg: int, far: Far) -> None:
        self.engine.apply([SetLegMedia(leg, "127.0.0.1", far.port, "PCMU", 101, True, True, rtcp_mux=True)])

    def tick(self, ticks: int = 1) -> None:
        for _ in range(ticks * self.engine.seats.beats):
            self.worker.beat(time.time())

    def talk(self, leg: int, far: Far, ticks: int = 3) -> None:
        for _ in range(ticks):
            far.say(self.port_of[leg])
            self.tick()

    def row(self, leg: int) -> int:
        row = self.engine.legs.slots.row(leg)
        assert row is not None
        return row

    def peer(self, leg: int) -> int:
        return int(self.ports.sockets.peer[self.row(leg)])

    def count(self, leg: int, counter: str) -> int:
        return int(getattr(self.engine.legs.statistics(leg), counter))

    @property
    def refused(self) -> int:
        return sum(lane.refused for lane in self.engine.lanes)

    def close(self) -> None:
        for leg in list(self.port_of):
            self.engine.apply([CloseLeg(leg)])
        self.engine.close()
        for end in self._ends:
            end.close()


@pytest.fixture
def shell() -> Iterator[Shell]:
    shell = Shell()
    yield shell
    shell.close()


@pytest.fixture
def far() -> Iterator[Far]:
    with (far := Far()).socket:
        yield far


@pytest.fixture
def stranger() -> Iterator[Far]:
    with (stranger := Far(ssrc=99)).socket:
        yield stranger


def test_packets_are_carried_and_a_backlog_is_drained() -> None:
    ports = UdpPorts("127.0.0.1", 0, 0)
    (_, first), (_, second) = ports.open(0), ports.open(1)
    active, inbox, outbox = np.array([0, 1], np.int32), zeroed(Inbox, 16), zeroed(Outbox, 3)
    line, reception, far, calls = zeroed(Line, 2), zeroed(Reception, 2), zeroed(FarHosts, 2), scratch()
    for n in range(3):
        outbox.slot[n] = 0
        outbox.bytes[n] = 100 + n
        outbox.data[n] = n
        outbox.destination[n] = address_key("127.0.0.1", second)
    send(outbox, 3, ports.sockets, far, calls)
    assert calls.refused[0] == 0
    assert receive(active, 2, ports.sockets, line, reception, far, inbox, calls, 1, time.time_ns(), True) == 3
    assert inbox.slot[:3].tolist() == [1, 1, 1]
    assert inbox.bytes[:3].tolist() == [100, 101, 102]
    assert inbox.source[:3].tolist() == [address_key("127.0.0.1", first)] * 3
    assert [set(inbox.data[n, : 100 + n]) for n in range(3)] == [{0}, {1}, {2}]
    assert receive(active, 2, ports.sockets, line, reception, far, inbox, calls, 2, time.time_ns(), True) == 0
    for slot in range(2):
        ports.close(slot)


def ages(ports: UdpPorts, due_ns: int) -> int:
    inbox, active = zeroed(Inbox, 4), np.zeros(1, np.int32)
    inbox.age[:] = 12345
    rows = zeroed(Line, 1), zeroed(Reception, 1), zeroed(FarHosts, 1)
    assert receive(active, 1, ports.sockets, *rows, inbox, scratch(), 1, due_ns, True) == 1
    return int(inbox.age[0])


def test_a_packet_tells_how_long_before_its_tick_it_came_or_how_long_after(far: Far) -> None:
    ports = UdpPorts("127.0.0.1", 0, 0)
    _, port = ports.open(0)
    ms = 1_000_000
    for due_ms, least, most in ((10, 1, 81), (0, -10_000, 0), (-10, -10_000, -80)):
        before_ns = time.time_ns()
        far.say(port)
        slow = (time.time_ns() - before_ns) // 125_000
        assert least - slow - 1 <= ages(ports, before_ns + due_ms * ms) <= most
    for due_s in (-3600, -2, 2, 3600):
        far.say(port)
        assert ages(ports, time.time_ns() + due_s * 1000 * ms) == 0, "a clock that was set says nothing"
    ports.close(0)


def test_without_time_stamps_of_the_system_the_age_is_not_known(far: Far) -> None:
    ports = UdpPorts("127.0.0.1", 0, 0)
    _, port = ports.open(0)
    with socket.socket(fileno=int(ports.sockets.fd[0])) as ours:
        ours.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 0)
        ours.detach()
    far.say(port)
    assert ages(ports, time.time_ns() + 10_000_000) == 0
    ports.close(0)


def test_a_far_end_that_speaks_from_where_it_said_has_the_socket_for_itself(
    shell: Shell, far: Far, stranger: Far
) -> None:
    port = shell.leg(1, far)
    assert shell.peer(1) == NOBODY
    shell.talk(1, far)
    assert shell.peer(1) == far.key
    assert far.heard() == 3
    stranger.socket.connect(("127.0.0.1", port))
    stranger.say(port)
    shell.talk(1, far)
    assert (shell.count(1, "received"), shell.count(1, "stray")) == (6, 0)
    with pytest.raises(ConnectionRefusedError):
        stranger.socket.recv(100)


def test_a_far_end_behind_a_translator_keeps_the_socket_open_to_others(shell: Shell, far: Far, stranger: Far) -> None:
    port = shell.leg(1, far)
    shell.talk(1, stranger)
    assert shell.peer(1) == NOBODY
    assert stranger.heard() == 3
    far.say(port)  # the announced one may always take over
    shell.tick()
    assert far.heard() == 1
    far.say(port)
    shell.tick()
    assert shell.count(1, "received") == 4, "another stream needs two packets"
    assert shell.peer(1) == far.key


def test_when_it_falls_silent_others_may_take_over_and_it_may_come_back(
    shell: Shell, far: Far, stranger: Far
) -> None:
    port = shell.leg(1, far)
    shell.talk(1, far)
    shell.tick(SILENCE)
    assert shell.peer(1) == NOBODY
    shell.talk(1, stranger)
    assert stranger.heard() == 3
    assert shell.count(1, "received") == 6
    assert shell.peer(1) == NOBODY, "nobody announced that address"
    assert shell.ports.sockets.fd[shell.row(1)] >= 0
    shell.tick(SILENCE)
    shell.talk(1, far)
    assert shell.peer(1) == far.key
    assert shell.count(1, "received") == 9
    assert port == shell.port_of[1]


def test_a_call_that_moves_is_followed_at_once(shell: Shell, far: Far, stranger: Far) -> None:
    port = shell.leg(1, far)
    shell.talk(1, far)
    far.heard()
    shell.announce(1, stranger)
    shell.tick()
    assert (far.heard(), stranger.heard()) == (0, 1)
    assert shell.peer(1) == NOBODY
    stranger.say(port)
    shell.tick()
    shell.talk(1, stranger, 2)
    assert shell.peer(1) == stranger.key
    far.say(port)
    shell.talk(1, stranger)
    assert shell.count(1, "stray") <= 1
    assert (far.heard(), stranger.heard()) == (0, 6)


def test_a_port_that_nobody_listens_at_harms_nobody(shell: Shell, far: Far, stranger: Far) -> None:
    shell.leg(1, far)
    shell.leg(2, stranger)
    shell.talk(1, far)
    stranger.heard()
    far.socket.close()
    shell.talk(2, stranger, SILENCE)
    assert stranger.heard() == SILENCE
    assert shell.refused > 0
    assert shell.peer(1) == NOBODY
    refused = shell.refused
    shell.talk(2, stranger, SILENCE)
    assert shell.refused == refused, "without a connection the system does not say so"
    again = Far(far.port)
    with again.socket:
        again.sequence = far.sequence
        shell.talk(1, again)
        assert shell.peer(1) == again.key
        assert again.heard() == 3


def test_a_refusal_does_not_take_the_place_of_a_packet_that_came(shell: Shell, far: Far) -> None:
    port = shell.leg(1, far)
    shell.talk(1, far)
    far.socket.close()
    shell.tick()
    again = Far(far.port)
    with again.socket:
        again.sequence = far.sequence
        again.say(port)
        shell.tick()
        assert shell.refused == 1
        assert shell.count(1, "received") == 4
        assert again.heard() == 1


def test_a_row_that_is_used_again_begins_without_a_connection(shell: Shell, far: Far, stranger: Far) -> None:
    shell.leg(1, far)
    shell.talk(1, far)
    row = shell.row(1)
    shell.engine.apply([CloseLeg(1)])
    shell.leg(1, stranger)
    assert shell.row(1) == row
    assert shell.peer(1) == NOBODY
    shell.talk(1, stranger)
    assert stranger.heard() == 3
    assert shell.peer(1) == stranger.key


def test_control_packets_leave_through_a_connected_socket(shell: Shell, far: Far) -> None:
    shell.leg(1, far)
    shell.talk(1, far)
    assert shell.peer(1) == far.key
    far.heard()
    shell.engine.ticks += 500
    shell.worker.exchange_reports()
    assert far.heard() > 0


def test_a_socket_rests_when_its_far_end_is_silent_and_loses_no_packet_when_it_speaks(shell: Shell, far: Far) -> None:
    shell.leg(1, far)
    shell.talk(1, far)
    shell.tick(160)
    assert shell.ports.sockets.resting[shell.row(1)] == 1
    heard = shell.count(1, "received")
    shell.talk(1, far, ticks=5)
    assert shell.count(1, "received") == heard + 5
    assert shell.ports.sockets.resting[shell.row(1)] == 0
    shell.talk(1, far, ticks=5)
    assert shell.count(1, "received") == heard + 10


def test_a_leg_that_closes_while_it_rests_leaves_its_row_awake(shell: Shell, far: Far) -> None:
    shell.leg(1, far)
    shell.tick(160)
    assert shell.ports.sockets.resting[shell.row(1)] == 1
    shell.engine.apply([CloseLeg(1)])
    shell.leg(2, far)
    shell.talk(2, far)
    assert shell.count(2, "received") == 3


def test_a_far_end_that_sends_nothing_and_hears_nothing_is_sent_a_packet_a_second(shell: Shell, far: Far) -> None:
    shell.leg(1, far)
    shell.tick(100)
    sent = shell.count(1, "sent")
    shell.tick(500)
    assert 8 <= shell.count(1, "sent") - sent <= 12
    assert sent >= 50, "until it was silent for a second it was sent every packet"
    far.say(shell.port_of[1])
    sent = shell.count(1, "sent")
    shell.tick(20)
    assert shell.count(1, "sent") == sent + 20
