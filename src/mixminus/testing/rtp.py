"""RTP packets and telephone events of the phones' own (RFC 3550 section 5.1, RFC 4733 section 2.3)."""

import struct
from dataclasses import dataclass
from typing import Final

_HEADER: Final = struct.Struct("!BBHII")
_EVENT: Final = struct.Struct("!BBH")
_KEYS: Final = "0123456789*#ABCD"


@dataclass(slots=True)
class Packet:
    """One RTP packet; slotted and mutable because thousands are made a second."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def __bytes__(self) -> bytes:
        second = self.payload_type | (0x80 if self.marker else 0)
        return _HEADER.pack(0x80, second, self.sequence, self.timestamp, self.ssrc) + self.payload


def parse_packet(data: bytes) -> Packet | None:
    """Return the packet, or None when *data* is not RTP version 2; contributing sources and extensions are cut."""
    if len(data) < _HEADER.size or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    start = _HEADER.size + 4 * (first & 0x0F)
    if first & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
    end = len(data)
    if first & 0x20:
        end -= data[-1]
    if end < start:
        return None
    return Packet(second & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(second & 0x80))


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """The payload of one RFC 4733 packet; `duration` in samples."""

    key: str
    end: bool
    duration: int

    def __bytes__(self) -> bytes:
        volume = 10  # -10 dBm0, as most phones send (RFC 4733 2.3.4)
        return _EVENT.pack(_KEYS.index(self.key), (0x80 if self.end else 0) | volume, self.duration)


def parse_event(payload: bytes) -> TelephoneEvent | None:
    """Return the key event, or None for events that are no keys and for payloads that are too short."""
    if len(payload) < _EVENT.size:
        return None
    event, flags, duration = _EVENT.unpack_from(payload)
    if event >= len(_KEYS):
        return None
    return TelephoneEvent(_KEYS[event], bool(flags & 0x80), duration)


def check_keys(keys: str) -> str:
    """Return *keys* in upper case; raises `ValueError` on anything that no keypad has."""
    if strange := set(keys.upper()) - set(_KEYS):
        raise ValueError(f"no such key: {''.join(sorted(strange))}; a keypad has 0-9 * # A-D")
    return keys.upper()
