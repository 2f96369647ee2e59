"""RTCP as values: sender and receiver reports, CNAME, BYE (RFC 3550 section 6)."""

import struct
from dataclasses import dataclass
from typing import Final, Self

from mixminus.base.errors import MixminusError

SENDER_REPORT: Final = 200
RECEIVER_REPORT: Final = 201
SOURCE_DESCRIPTION: Final = 202
GOODBYE: Final = 203

INTERVAL_S: Final = 5.0
"""Between two reports, on average (RFC 3550 section 6.2: the recommended minimum)."""

NTP_EPOCH_S: Final = 2_208_988_800
"""From 1900, when NTP begins, to 1970, when Unix does."""

MOST_LOST: Final = 0x7FFFFF
"""Cumulative loss is a signed number of 24 bits and stays at its end (RFC 3550 section 6.4.1)."""

_VERSION: Final = 2
_COMMON: Final = struct.Struct("!BBH")
_SENDER: Final = struct.Struct("!IIIII")
_BLOCK: Final = struct.Struct("!IIIIII")
_CNAME_ITEM: Final = 1
_LONGEST_ITEM: Final = 255


class RtcpParseError(MixminusError):
    """These bytes are not a compound RTCP packet."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What somebody received of one stream. Times are in units of 1/65536 s, jitter is in timestamp units."""

    ssrc: int
    fraction_lost: int
    """Since the last report, in 256ths."""
    lost: int
    highest_sequence: int
    jitter: int
    last_sender_report: int
    """The middle 32 bits of that report's NTP time; 0: there was none."""
    delay_since_sender_report: int

    def __bytes__(self) -> bytes:
        lost = max(-MOST_LOST - 1, min(MOST_LOST, self.lost)) & 0xFFFFFF
        return _BLOCK.pack(
            self.ssrc,
            self.fraction_lost << 24 | lost,
            self.highest_sequence & 0xFFFFFFFF,
            self.jitter & 0xFFFFFFFF,
            self.last_sender_report,
            self.delay_since_sender_report & 0xFFFFFFFF,
        )


@dataclass(frozen=True, slots=True)
class Sending:
    """The sender's half of a sender report: `rtp_timestamp` and `ntp_time` are the same moment."""

    ntp_time: int
    """64 bits: seconds since 1900, and their fraction."""
    rtp_timestamp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class Report:
    """A sender report, or a receiver report if nothing was sent."""

    ssrc: int
    sending: Sending | None
    blocks: tuple[ReportBlock, ...]

    def __bytes__(self) -> bytes:
        body = struct.pack("!I", self.ssrc)
        if self.sending is not None:
            sent = self.sending
            body += _SENDER.pack(
                sent.ntp_time >> 32,
                sent.ntp_time & 0xFFFFFFFF,
                sent.rtp_timestamp,
                sent.packets & 0xFFFFFFFF,
                sent.octets & 0xFFFFFFFF,
            )
        body += b"".join(bytes(block) for block in self.blocks)
        return _framed(RECEIVER_REPORT if self.sending is None else SENDER_REPORT, len(self.blocks), body)


@dataclass(frozen=True, slots=True)
class Compound:
    """One datagram: the reports in it, and who says good-bye. Other packets are skipped."""

    reports: tuple[Report, ...] = ()
    goodbyes: tuple[int, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a datagram. Raises `RtcpParseError` (RFC 3550 appendix A.2; reduced-size packets of RFC 5506 pass)."""
        reports: list[Report] = []
        goodbyes: list[int] = []
        at = 0
        while at < len(data):
            count, kind, body, at = _packet_at(data, at)
            if kind in (SENDER_REPORT, RECEIVER_REPORT):
                reports.append(_report(kind, count, body))
            elif kind == GOODBYE:
                if len(body) < 4 * count:
                    raise RtcpParseError("a BYE is cut off")
                goodbyes.extend(struct.unpack_from(f"!{count}I", body))
        if at == 0:
            raise RtcpParseError("an empty datagram")
        return cls(tuple(reports), tuple(goodbyes))


def compound(report: Report, cname: str) -> bytes:
    """A report as it has to travel: with the sender's canonical name (RFC 3550 section 6.1)."""
    name = cname.encode()[:_LONGEST_ITEM]
    chunk = struct.pack("!IBB", report.ssrc, _CNAME_ITEM, len(name)) + name
    chunk += bytes(4 - len(chunk) % 4)  # at least one zero octet ends the list of items
    return bytes(report) + _framed(SOURCE_DESCRIPTION, 1, chunk)


def ntp_time(unix_s: float) -> int:
    """A moment as RTCP tells it."""
    return int((unix_s + NTP_EPOCH_S) * 0x1_0000_0000) & 0xFFFF_FFFF_FFFF_FFFF


def middle_of(ntp: int) -> int:
    """The 32 bits in the middle: 1/65536 s, wrapping every 18 hours."""
    return ntp >> 16 & 0xFFFFFFFF


def round_trip_s(block: ReportBlock, arrived_ntp: int) -> float | None:
    """How long a report of ours and the answer to it travelled; None when the answer does not tell.

    RFC 3550 section 6.4.1. A negative one, from clocks that were moved, is none either.
    """
    if block.last_sender_report == 0:
        return None
    elapsed = (middle_of(arrived_ntp) - block.last_sender_report - block.delay_since_sender_report) & 0xFFFFFFFF
    return None if elapsed >= 0x80000000 else elapsed / 65536


def _framed(kind: int, count: int, body: bytes) -> bytes:
    return _COMMON.pack(_VERSION << 6 | count, kind, len(body) // 4) + body


def _packet_at(data: bytes, at: int) -> tuple[int, int, bytes, int]:
    """Count, type and body of the packet that begins there, and where the next one does."""
    if len(data) - at < _COMMON.size:
        raise RtcpParseError("a header is cut off")
    first, kind, words = _COMMON.unpack_from(data, at)
    if first >> 6 != _VERSION:
        raise RtcpParseError(f"version {first >> 6}")
    start, end = at + _COMMON.size, at + _COMMON.size + 4 * words
    if end > len(data):
        raise RtcpParseError("a packet is longer than its datagram")
    return first & 0x1F, kind, data[start:end], end


def _report(kind: int, count: int, body: bytes) -> Report:
    start = 4 + (_SENDER.size if kind == SENDER_REPORT else 0)
    if len(body) < start + _BLOCK.size * count:
        raise RtcpParseError("a report is shorter than its blocks")
    (ssrc,) = struct.unpack_from("!I", body)
    sending = None
    if kind == SENDER_REPORT:
        seconds, fraction, timestamp, packets, octets = _SENDER.unpack_from(body, 4)
        sending = Sending(seconds << 32 | fraction, timestamp, packets, octets)
    return Report(ssrc, sending, tuple(_block(body, start + _BLOCK.size * n) for n in range(count)))


def _block(body: bytes, at: int) -> ReportBlock:
    ssrc, losses, highest, jitter, last, delay = _BLOCK.unpack_from(body, at)
    lost = losses & 0xFFFFFF
    return ReportBlock(ssrc, losses >> 24, lost - (lost >> 23 << 24), highest, jitter, last, delay)
