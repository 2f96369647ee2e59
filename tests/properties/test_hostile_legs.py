"""Whatever arrives at whatever port while the law is judged: no other leg hears any of it (laws 1 and 7)."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.properties.asking import Announce, End, Request, Step, Update, sequences
from tests.properties.hall import Hall, WrittenNotes
from tests.properties.judge import convict
from tests.properties.notes import VOICES

from mixminus.media.address_state import FarHosts
from mixminus.media.bundles import zeroed
from mixminus.media.kernels.udp import receive, scratch
from mixminus.media.state import Inbox, Line, Reception
from mixminus.media.udp_ports import UdpPorts
from mixminus.rtp.packet import PCMA, PCMU, RtpPacket, RtpParseError

ABUSED = VOICES[-1]
"""Whose leg gets everything, also from her own phone. She stays out of the room: her voice could be anything."""

STRANGER = ("203.0.113.9", 6666)
A_TICK = 6
"""Hostile datagrams."""


@dataclass(frozen=True)
class Datagram:
    to: str
    data: bytes

    def send(self, hall: Hall) -> None:
        """From the phone's own address when it is nothing that a phone could say, else from a stranger's."""
        victim = hall.people[self.to]
        if self.to == ABUSED or not _could_be_said(self.data):
            hall.plane.receive(victim.port, self.data, victim.address)
        elif victim.sent > 0:  # who speaks first is listened to (symmetric RTP): strangers come later
            hall.plane.receive(victim.port, self.data, STRANGER)


def _could_be_said(data: bytes) -> bool:
    try:
        return RtpPacket.parse(data).payload_type in (PCMU, PCMA, 13)
    except RtpParseError:
        return False


headers = st.builds(
    lambda first, second, rest: bytes([first, second]) + rest,
    st.sampled_from([0x80, 0x80, 0x8F, 0x90, 0xA0, 0xB3, 0x00, 0x40, 0xC0]),
    st.sampled_from([0, 0, 8, 13, 96, 101, 128, 200]),
    st.binary(max_size=40),
)
sixteen, thirty_two = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
lengths = st.sampled_from([0, 1, 160, 240, 1488, 1600])
packets = st.builds(
    lambda sequence, timestamp, ssrc, length: bytes(RtpPacket(0, sequence, timestamp, ssrc, bytes(length))),
    sixteen,
    thirty_two,
    thirty_two,
    lengths,
)
truncated = st.builds(lambda packet, length: packet[:length], packets, st.integers(0, 14))
datagrams = st.builds(
    Datagram,
    st.sampled_from([*VOICES, ABUSED, ABUSED]),
    st.one_of(st.binary(max_size=60), headers, packets, truncated),
)


def _without_the_abused(sequence: tuple[Step, ...]) -> tuple[Step, ...]:
    return tuple(replace(step, requests=tuple(r for r in step.requests if _whose(r) != ABUSED)) for step in sequence)


def _whose(request: Request) -> str | None:
    match request:
        case Announce() | End():
            return None
        case Update():
            return request.who
    return request.name


@settings(
    max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(sequence=sequences(), hostile=st.lists(datagrams, min_size=4, max_size=30))
def test_what_strangers_send_breaks_no_law(
    sequence: tuple[Step, ...], hostile: list[Datagram], folder: Path, prompts: WrittenNotes
) -> None:
    endless: Iterator[Datagram] = cycle(hostile)

    def intrude(hall: Hall) -> None:
        for datagram in islice(endless, A_TICK):
            datagram.send(hall)

    convict(_without_the_abused(sequence), folder, prompts, intrude)


@pytest.mark.network
def test_a_flood_at_some_ports_leaves_every_other_leg_its_packet() -> None:
    """The inbox has two rows a leg: who has a backlog may not take those of the legs that come after it."""
    legs, flooded = 12, 6
    ports = UdpPorts("127.0.0.1", 0, 0)
    addresses = [ports.open(slot) for slot in range(legs)]
    active, line, inbox = np.arange(legs, dtype=np.int32), zeroed(Line, legs), zeroed(Inbox, 2 * legs)
    reception, far = zeroed(Reception, legs), zeroed(FarHosts, legs)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for slot, address in enumerate(addresses):
            for _ in range(20 if slot < flooded else 1):
                sender.sendto(b"x", address)
        ports.sockets.hungry[:flooded] = 1
        arrived = receive(active, legs, ports.sockets, line, reception, far, inbox, scratch(), 1, 0, True)
    for slot in range(legs):
        ports.close(slot)
    assert set(inbox.slot[:arrived].tolist()) == set(range(legs))
