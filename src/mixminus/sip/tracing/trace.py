"""The last messages that were sent and received: a ring of so many bytes, found again by Call-ID.

Strangers' garbage is kept as well (it is often what one is looking for), under no Call-ID.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mixminus.sip.connections.stun_answers import looks_like_stun
from mixminus.sip.contract import Address, Transmit
from mixminus.sip.tracing.redaction import redacted

MOST_BYTES: Final = 16 << 20
"""About 20,000 messages, or 2,000 calls."""

OVERHEAD_BYTES: Final = 400
"""What keeping a message costs beside its text."""

_CALL_ID: Final = re.compile(rb"\n(?:call-id|i)[ \t]*:[ \t]*([^\s]+)", re.I)


_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")


class Way(StrEnum):
    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Traced:
    """One message on the wire, repetitions included. *at* is the agent's time, in seconds."""

    number: int
    at: float
    way: Way
    far: Address
    data: bytes
    call_id: str

    @property
    def start_line(self) -> str:
        return _printable(self.data.lstrip(b"\r\n").partition(b"\r\n")[0])

    @property
    def text(self) -> str:
        """Fit for a terminal and for XML, whatever a stranger sent."""
        return _printable(self.data.replace(b"\r\n", b"\n"))


class SipTrace:
    """A ring of messages; the oldest make room. With no room at all nothing is kept."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._ring: deque[Traced] = deque()
        self._bytes = 0
        self._by_call: dict[str, deque[Traced]] = {}
        self._last = 0

    def received(self, data: bytes, source: Address, now: float) -> None:
        self._keep(data, Way.IN, source, now)

    def sent(self, transmit: Transmit, now: float) -> None:
        self._keep(transmit.data, Way.OUT, transmit.to, now)

    def of_calls(self, call_ids: Iterable[str]) -> tuple[Traced, ...]:
        """What is left of these calls, in order."""
        found = (message for call_id in set(call_ids) for message in self._by_call.get(call_id, ()))
        return tuple(sorted(found, key=lambda message: message.number))

    def since(self, number: int) -> Iterator[Traced]:
        """Everything after message *number*, in order."""
        newer: list[Traced] = []
        for message in reversed(self._ring):
            if message.number <= number:
                break
            newer.append(message)
        return reversed(newer)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _keep(self, data: bytes, way: Way, far: Address, now: float) -> None:
        if not self._most_bytes or not data.strip() or looks_like_stun(data):
            return  # keep-alives (RFC 5626 3.5) are no messages
        self._last += 1
        message = Traced(self._last, now, way, far, redacted(data), _call_id(data))
        self._ring.append(message)
        self._bytes += _cost(message)
        if message.call_id:
            self._by_call.setdefault(message.call_id, deque()).append(message)
        while self._bytes > self._most_bytes:
            self._forget(self._ring.popleft())

    def _forget(self, message: Traced) -> None:
        self._bytes -= _cost(message)
        if message.call_id:
            of_call = self._by_call[message.call_id]
            of_call.popleft()
            if not of_call:
                del self._by_call[message.call_id]


def _printable(data: bytes) -> str:
    return _CONTROL.sub("\ufffd", data.decode("utf-8", "replace"))


def _cost(message: Traced) -> int:
    return len(message.data) + OVERHEAD_BYTES


def _call_id(data: bytes) -> str:
    """As it was written; empty when there is none in the header."""
    found = _CALL_ID.search(data, 0, data.find(b"\r\n\r\n") + 1 or len(data))
    return found[1].decode("utf-8", "replace") if found else ""
