"""An RTP packet as a value (RFC 3550 section 5.1).

For control and tests; the engine reads and writes packets in its kernels.
"""

import struct
from dataclasses import dataclass
from typing import Final, Self

from mixminus.base.errors import MixminusError

VERSION: Final = 2
PCMU: Final = 0
PCMA: Final = 8
COMFORT_NOISE: Final = 13
"""Static payload types (RFC 3551 section 6)."""

FIRST_RTCP: Final = 64
LAST_RTCP: Final = 95
"""Payload types that are RTCP packet types when both share a port (RFC 5761 section 4)."""

FIXED_HEADER_BYTES: Final = 12
_FIXED_HEADER: Final = struct.Struct("!BBHII")
_PADDING, _EXTENSION, _CSRC_COUNT, _MARKER, _PAYLOAD_TYPE = 0x20, 0x10, 0x0F, 0x80, 0x7F


class RtpParseError(MixminusError):
    """These bytes are not an RTP packet."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """Everything that matters of one packet; CSRCs, header extension and padding are skipped."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a datagram. Raises `RtpParseError`."""
        if len(data) < FIXED_HEADER_BYTES:
            raise RtpParseError(f"{len(data)} bytes are fewer than a header")
        flags, marker_and_type, sequence, timestamp, ssrc = _FIXED_HEADER.unpack_from(data)
        if flags >> 6 != VERSION:
            raise RtpParseError(f"version {flags >> 6}")
        payload_type = marker_and_type & _PAYLOAD_TYPE
        if FIRST_RTCP <= payload_type <= LAST_RTCP:
            raise RtpParseError("this is RTCP")
        start = FIXED_HEADER_BYTES + 4 * (flags & _CSRC_COUNT)
        if flags & _EXTENSION:
            if len(data) < start + 4:
                raise RtpParseError("the header extension is cut off")
            start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
        end = len(data) - (_padding_bytes(data) if flags & _PADDING else 0)
        if start > end:
            raise RtpParseError("the header is longer than the packet")
        marker = bool(marker_and_type & _MARKER)
        return cls(payload_type, sequence, timestamp, ssrc, data[start:end], marker)

    def __bytes__(self) -> bytes:
        return (
            _FIXED_HEADER.pack(
                VERSION << 6,
                (_MARKER if self.marker else 0) | self.payload_type,
                self.sequence,
                self.timestamp,
                self.ssrc,
            )
            + self.payload
        )


def _padding_bytes(data: bytes) -> int:
    if data[-1] == 0:
        raise RtpParseError("padding of no bytes")
    return data[-1]
