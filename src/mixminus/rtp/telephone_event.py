"""Keys pressed, as named events (RFC 4733)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from mixminus.base.errors import MixminusError

DIGITS: Final = "0123456789*#ABCD"
"""Event codes 0 to 15 (RFC 4733 section 3.2)."""

PAUSES: Final = {"w": 25, "W": 50}
"""Ticks of 20 ms: half a second and a second (Twilio Docs, `SendDigits`)."""

TONE_TICKS: Final = 5
GAP_TICKS: Final = 5
"""100 ms on, 100 ms off: above the 40 ms that Q.24 demands of either, and what people's thumbs do."""

FINAL_PACKETS: Final = 3
"""RFC 4733 section 2.5.1.4: the final packet is sent three times in all."""

_PAYLOAD: Final = struct.Struct("!BBH")
_END: Final = 0x80
_VOLUME: Final = 10
"""-10 dBm0, the usual level of a telephone's keys."""

_TICK_SAMPLES: Final = 160


class TelephoneEventParseError(MixminusError):
    """This payload is not a telephone event."""


@dataclass(frozen=True, slots=True)
class TelephoneEvent:
    """One payload. `duration` is in samples since the event's timestamp."""

    code: int
    duration: int
    end: bool = False
    volume: int = _VOLUME

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the first event of a payload. Raises `TelephoneEventParseError`."""
        if len(payload) < _PAYLOAD.size:
            raise TelephoneEventParseError(f"{len(payload)} bytes are fewer than an event")
        code, flags, duration = _PAYLOAD.unpack_from(payload)
        return cls(code, duration, bool(flags & _END), flags & 0x3F)

    def __bytes__(self) -> bytes:
        return _PAYLOAD.pack(self.code, (_END if self.end else 0) | self.volume, self.duration)


@dataclass(frozen=True, slots=True)
class KeyPacket:
    """What to send this tick instead of audio; the timestamp is that of the tick in which `starts` was set."""

    event: TelephoneEvent
    starts: bool

    @property
    def digit(self) -> str:
        return DIGITS[self.event.code]


def is_dialable(digits: str) -> bool:
    """Whether every character is a key or a pause."""
    return all(character in PAUSES or character.upper() in DIGITS for character in digits)


def key_packets(digits: str) -> Iterator[KeyPacket | None]:
    """One item a tick: what to send, or None for audio as usual. Characters that are no key are skipped."""
    for character in digits:
        if character in PAUSES:
            yield from (None for _ in range(PAUSES[character]))
        elif character.upper() in DIGITS:
            yield from _key(DIGITS.index(character.upper()))


def _key(code: int) -> Iterator[KeyPacket | None]:
    for tick in range(1, TONE_TICKS):
        yield KeyPacket(TelephoneEvent(code, tick * _TICK_SAMPLES), starts=tick == 1)
    final = KeyPacket(TelephoneEvent(code, TONE_TICKS * _TICK_SAMPLES, end=True), starts=False)
    yield from (final for _ in range(FINAL_PACKETS))
    yield from (None for _ in range(GAP_TICKS - FINAL_PACKETS + 1))
