"""Media over IPv6: numbers for addresses, the engine, real sockets of both families."""

import random
import socket
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.media.studio import FRAME, Phone, Studio, hum, notes

from mixminus.audio.g711 import encode_ulaw
from mixminus.media.address_state import FAR_HOSTS, SIX
from mixminus.media.addresses import Addresses
from mixminus.media.bundles import zeroed
from mixminus.media.contract import CloseLeg, LegOpened, OpenLeg, SetLegMedia
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.state import Line
from mixminus.media.udp_ports import UdpPorts
from mixminus.media.worker import ControlLink, Worker
from mixminus.rtp.packet import RtpPacket

HERE, THERE = ("2001:db8::7", 4000), ("2001:db8::8", 4000)


def addresses() -> tuple[Addresses, Line]:
    return Addresses(2, random.Random(3).randbytes), zeroed(Line, 2)


@given(st.ip_addresses(v=6), st.integers(1, 65_535))
def test_an_address_is_found_again_by_its_number(address: object, port: int) -> None:
    known, line = addresses()
    number = known.number(line, 1, str(address), port)
    mapped = getattr(address, "ipv4_mapped", None)
    if str(address) == "::" or (mapped is not None and int(mapped) == 0):
        assert number == 0
    elif mapped is not None:
        assert known.address(1, number) == (str(mapped), port)
    else:
        assert number >= SIX
        assert number & 0xFFFF == port
        found = known.address(1, number)
        assert found is not None
        assert socket.inet_pton(socket.AF_INET6, found[0].partition("%")[0]) == address.packed  # type: ignore[attr-defined]
        assert found[1] == port


@given(st.lists(st.ip_addresses(v=6), min_size=2, max_size=2, unique=True))
def test_two_addresses_have_two_numbers(pair: list[object]) -> None:
    known, line = addresses()
    one, other = (known.number(line, 0, str(address), 5) for address in pair)
    assert one != other or one == 0


def test_a_mapped_address_is_the_ipv4_one() -> None:
    known, line = addresses()
    assert known.number(line, 0, "::ffff:192.0.2.9", 5) == known.number(line, 0, "192.0.2.9", 5)
    assert known.address(0, known.number(line, 0, "192.0.2.9", 5)) == ("192.0.2.9", 5)


def test_scopes_are_told_apart() -> None:
    known, line = addresses()
    one, other = known.number(line, 0, "fe80::1%1", 5), known.number(line, 0, "fe80::1%2", 5)
    assert one != other
    assert known.address(0, other) == ("fe80::1%2", 5)


def test_a_flood_of_addresses_does_not_wash_away_those_in_use() -> None:
    known, line = addresses()
    line.announced[0] = known.number(line, 0, *HERE)
    line.remote[0] = known.number(line, 0, *THERE)
    for n in range(10 * FAR_HOSTS):
        last = known.number(line, 0, f"2001:db8:1::{n:x}", 9)
        assert known.address(0, last) is not None
    assert known.address(0, int(line.announced[0])) == HERE
    assert known.address(0, int(line.remote[0])) == THERE


def test_a_leg_talks_to_an_ipv6_phone_and_follows_it(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.address = HERE
    studio.negotiate(1)
    other = studio.phone(2, hums=700)
    studio.room(1, 1, 2)
    phone.hums = 400
    studio.tick(10)
    assert phone.hears() == {700}
    assert other.hears() == {400}
    phone.address = ("2001:db8::7", 5000)
    studio.tick(20)
    assert phone.hears() == {700}, "the same host, another port: a NAT's doing"
    assert phone.count("stray") == 9, "until its first port had been silent for 200 ms"


def test_a_stranger_over_ipv6_is_one(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.address = HERE
    studio.negotiate(1)
    phone.hums = 400
    studio.tick(5)
    thief = Phone(studio, 77, phone.port, THERE)
    for _ in range(10):
        thief.say(hum(900))
        studio.tick()
        assert notes(phone.said()) == {400}


def test_a_row_that_is_used_again_knows_nobody(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.address = HERE
    studio.negotiate(1)
    number = int(studio.engine.legs.line.announced[0])
    studio.apply(CloseLeg(1))
    assert studio.engine.legs.addresses.address(0, number) is None


class Far:
    """A far end on a socket of its own."""

    def __init__(self, host: str) -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.setblocking(False)
        self.host, self.port = host, int(self.socket.getsockname()[1])
        self.sequence = 0

    def say(self, to: tuple[str, int]) -> None:
        self.sequence += 1
        packet = RtpPacket(0, self.sequence, self.sequence * FRAME, 7, encode_ulaw(hum(400)))
        self.socket.sendto(bytes(packet), to)

    def heard(self) -> int:
        count = 0
        while True:
            try:
                self.socket.recv(2048)
            except BlockingIOError:
                return count
            count += 1


class Shell:
    """A worker whose ticks are the test's."""

    def __init__(self, host: str) -> None:
        self.ports = UdpPorts(host, 0, 0)
        settings = EngineSettings(legs=4, rooms=1, players=1, recorders=1)
        self.engine = Engine(settings, random.Random(7).randbytes, self.ports)
        self._ends = socket.socketpair()
        self.worker = Worker(self.engine, self.ports, ControlLink(self._ends[0]), time.monotonic, time.time)

    def open(self, leg: int, far: Far) -> int:
        self.engine.apply([OpenLeg(leg), SetLegMedia(leg, far.host, far.port, "PCMU", 101, True, True)])
        (opened,) = self.engine.take_events()
        assert isinstance(opened, LegOpened)
        return opened.port

    def tick(self) -> None:
        for _ in range(self.engine.seats.beats):
            self.worker.beat(time.time())

    def close(self) -> None:
        self.engine.close()
        for end in self._ends:
            end.close()


@pytest.fixture
def shell() -> Iterator[Shell]:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    try:
        shell = Shell("::")
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")
    yield shell
    shell.close()


@pytest.mark.network
def test_one_socket_serves_both_families(shell: Shell) -> None:
    six, four = Far("::1"), Far("127.0.0.1")
    ports = shell.open(1, six), shell.open(2, four)
    peers = []
    for n in range(40):
        six.say(("::1", ports[0]))
        four.say(("127.0.0.1", ports[1]))
        shell.tick()
        if n == 20:
            peers = shell.ports.sockets.peer[:2].tolist()
            assert peers[0] >= SIX > peers[1] > 0, "both are connected"
    for far, leg in ((six, 1), (four, 2)):
        assert far.heard() == 40
        counts = shell.engine.legs.statistics(leg)
        assert counts is not None
        assert (counts.received, counts.stray, counts.malformed) == (40, 0, 0)
    for _ in range(15):
        shell.tick()
    assert not shell.ports.sockets.peer[:2].any(), "nobody is, when both are silent"
    six.say(("::1", ports[0]))
    four.say(("127.0.0.1", ports[1]))
    shell.tick()
    assert six.heard() == four.heard() == 16
    assert sum(lane.refused for lane in shell.engine.lanes) == 0
    for far in (six, four):
        far.socket.close()


@pytest.mark.network
def test_a_socket_of_ipv4_does_not_send_to_ipv6() -> None:
    shell, far = Shell("127.0.0.1"), Far("::1")
    shell.open(1, far)
    for _ in range(3):
        shell.tick()
    assert far.heard() == 0
    assert sum(lane.refused for lane in shell.engine.lanes) == 3
    far.socket.close()
    shell.close()
    assert np.all(shell.ports.sockets.peer == 0)
