"""RTCP of all legs: when each one reports, what it says, and what its far end said (RFC 3550 section 6).

It is done between the ticks, a few legs at a time; the audio of a tick has left before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mixminus.audio.frames import FRAMES_PER_SECOND
from mixminus.base.types import RandomBytes
from mixminus.media.addresses import Address
from mixminus.media.contract import SetLegMedia
from mixminus.media.legs import Legs
from mixminus.media.ports import HIGHEST_PORT
from mixminus.media.sealing import Sealing
from mixminus.media.state import LOST, RECEIVED, SENT, SENT_OCTETS
from mixminus.rtp.rtcp import (
    INTERVAL_S,
    Compound,
    Report,
    ReportBlock,
    RtcpParseError,
    Sending,
    compound,
    middle_of,
    ntp_time,
    round_trip_s,
)

INTERVAL_TICKS: Final = int(INTERVAL_S * FRAMES_PER_SECOND)

_PORT_BITS: Final = 16


@dataclass(frozen=True, slots=True)
class ControlPacket:
    """A compound packet of the leg in that row, and where to."""

    row: int
    muxed: bool
    """It leaves from the port of RTP."""
    destination: Address
    data: bytes


@dataclass(slots=True)
class Conversation:
    """What one leg and its far end have told each other."""

    cname: str
    muxed: bool
    announced: Address
    """Where SDP says that RTCP goes."""
    source: int = 0
    """Where the far end's RTCP comes from."""
    their_report: int = 0
    """The middle of the NTP time of their last sender report."""
    their_report_s: float = 0.0
    """When it came, by our clock."""
    expected: int = 0
    lost: int = 0
    """Both as of our last report."""
    sent: int = 0
    told: ReportBlock | None = None
    """What they say of our stream."""
    round_trip_s: float | None = None


class Reports:
    """Every leg with a socket and media has its turn every 5 s, give or take half (RFC 3550 section 6.2)."""

    def __init__(self, legs: Legs, sealing: Sealing, random_bytes: RandomBytes) -> None:
        self._legs = legs
        self._sealing = sealing
        self._random_bytes = random_bytes
        self._of: dict[int, Conversation] = {}
        self._due: dict[int, list[int]] = {}
        self._tick = 0
        self._arrived: list[tuple[int, bytes, int]] = []

    def enrol(self, media: SetLegMedia) -> None:
        """Begin to report on a leg, or do so elsewhere."""
        port = media.rtcp_port if media.rtcp_port is not None else media.remote_port + 1
        announced = media.remote_host, port
        if (known := self._of.get(media.leg)) is not None:
            known.muxed = media.rtcp_mux
            if announced != known.announced:
                known.announced, known.source = announced, 0
            return
        # 96 random bits, as RFC 7022 section 4.2 wants it for a name of a single session.
        self._of[media.leg] = Conversation(self._random_bytes(12).hex(), media.rtcp_mux, announced)
        self._schedule(media.leg, INTERVAL_TICKS // 2)

    def drop(self, leg: int) -> None:
        """Forget a leg that is gone."""
        self._of.pop(leg, None)

    def told(self, leg: int) -> Conversation | None:
        """What the far end has said."""
        return self._of.get(leg)

    def arrived(self, leg: int, data: bytes, source: int) -> None:
        """A packet came on the leg's port of RTP in this tick, and was opened there."""
        self._arrived.append((leg, data, source))

    def receive(self, leg: int, data: bytes, source: Address, unix_s: float) -> None:
        """Learn from one datagram that came on the leg's port of RTCP."""
        if (row := self._legs.slots.row(leg)) is None:
            return
        if (opened := self._sealing.open_control(row, data)) is not None:
            self._learn(leg, opened, self._number(row, source), unix_s)

    def _learn(self, leg: int, data: bytes, source: int, unix_s: float) -> None:
        """What is no RTCP, or of another host than the audio, is dropped."""
        known, row = self._of.get(leg), self._legs.slots.row(leg)
        if known is None or row is None:
            return
        if source >> _PORT_BITS != int(self._legs.line.remote[row]) >> _PORT_BITS:
            return
        try:
            packet = Compound.parse(data)
        except RtcpParseError:
            return
        known.source = source
        ours = int(self._legs.transmission.ssrc[row])
        for report in packet.reports:
            if report.sending is not None:
                known.their_report, known.their_report_s = middle_of(report.sending.ntp_time), unix_s
            for block in report.blocks:
                if block.ssrc == ours:
                    known.told = block
                    known.round_trip_s = round_trip_s(block, ntp_time(unix_s)) or known.round_trip_s

    def exchange(self, tick: int, unix_s: float) -> Iterator[ControlPacket]:
        """Take in what arrived, and say what is due until *tick*."""
        arrived, self._arrived = self._arrived, []
        for leg, data, source in arrived:
            self._learn(leg, data, source, unix_s)
        while self._tick < tick:
            self._tick += 1
            for leg in self._due.pop(self._tick, ()):
                row = self._legs.slots.row(leg)
                if (known := self._of.get(leg)) is None or row is None:
                    continue
                self._schedule(leg, INTERVAL_TICKS)
                destination = self._legs.addresses.address(row, self._destination(known, row))
                if destination is not None:
                    report = self._sealing.seal_control(row, self._report(known, row, unix_s))
                    if report is not None:
                        yield ControlPacket(row, known.muxed, destination, report)

    def _schedule(self, leg: int, ticks: int) -> None:
        later = max(1, ticks * (128 + self._random_bytes(1)[0]) // 256)
        self._due.setdefault(self._tick + later, []).append(leg)

    def _destination(self, known: Conversation, row: int) -> int:
        """Where they send from, else what SDP says, else next to where their audio comes from."""
        line = self._legs.line
        remote = int(line.remote[row])
        if known.muxed or remote == 0:
            return remote
        if known.source >> _PORT_BITS == remote >> _PORT_BITS:
            return known.source
        if remote == int(line.announced[row]):
            return self._number(row, known.announced)
        return remote + 1 if remote & HIGHEST_PORT < HIGHEST_PORT else 0

    def _number(self, row: int, address: Address) -> int:
        return self._legs.addresses.number(self._legs.line, row, *address)

    def _report(self, known: Conversation, row: int, unix_s: float) -> bytes:
        line, transmission = self._legs.line, self._legs.transmission
        packets = int(line.counters[row, SENT])
        sending = None
        if packets != known.sent:
            known.sent = packets
            timestamp, octets = int(transmission.timestamp[row]), int(line.counters[row, SENT_OCTETS])
            sending = Sending(ntp_time(unix_s), timestamp, packets, octets)
        blocks = (self._block(known, row, unix_s),) if self._legs.reception.known[row] else ()
        return compound(Report(int(transmission.ssrc[row]), sending, blocks), known.cname)

    def _block(self, known: Conversation, row: int, unix_s: float) -> ReportBlock:
        reception, counters = self._legs.reception, self._legs.line.counters[row]
        lost = int(counters[LOST])
        expected = int(counters[RECEIVED]) + lost
        new, new_lost = expected - known.expected, lost - known.lost
        known.expected, known.lost = expected, lost
        delay_s = unix_s - known.their_report_s if known.their_report else 0.0
        return ReportBlock(
            ssrc=int(reception.ssrc[row]),
            fraction_lost=min(255, 256 * new_lost // new) if new_lost > 0 and new > 0 else 0,
            lost=lost,
            highest_sequence=int(reception.wraps[row]) << 16 | int(reception.sequence[row]),
            jitter=(int(reception.jitter[row]) >> 4) * self._legs.clock_ratio(row),
            last_sender_report=known.their_report,
            delay_since_sender_report=max(0, int(delay_s * 65536)),
        )
