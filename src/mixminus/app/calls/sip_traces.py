"""What went over the wire for a call: its messages, as a ladder, as a picture and as a capture file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from mixminus.base.clock import Clock
from mixminus.base.types import Sid
from mixminus.sip.messages.uri import bracketed
from mixminus.sip.tracing.capture import capture
from mixminus.sip.tracing.ladder import drawn, ladder
from mixminus.sip.tracing.picture import picture
from mixminus.sip.tracing.trace import SipTrace, Traced

MOST_REMEMBERED: Final = 10_000
"""Calls whose Call-IDs are known; then the oldest is forgotten. The ring of messages is shorter than that."""


@dataclass(frozen=True, slots=True)
class SipStory:
    """Some messages, in order. *now* of the agent's time was *utc*; *us* is where we take calls."""

    messages: Sequence[Traced]
    us: tuple[str, int]
    now: float
    utc: datetime

    def at(self, message: Traced) -> datetime:
        return self.utc + timedelta(seconds=message.at - self.now)

    def rows(self) -> list[dict[str, Any]]:
        """As JSON has them."""
        return [
            {
                "number": message.number,
                "at": self.at(message).isoformat().replace("+00:00", "Z"),
                "way": message.way,
                "transport": message.far.transport,
                "far": f"{bracketed(message.far.host)}:{message.far.port}",
                "call_id": message.call_id or None,
                "start_line": message.start_line,
                "text": message.text,
            }
            for message in self.messages
        ]

    def ladder(self) -> str:
        return drawn(ladder(self.messages)) if self.messages else ""

    def picture(self) -> str:
        return picture(self.messages)

    def capture(self) -> bytes:
        return capture(self.messages, self.us, self.utc, self.now)


class SipTraces:
    """One per node."""

    def __init__(self, trace: SipTrace, clock: Clock) -> None:
        self.us = ("127.0.0.1", 5060)
        """Known when the agent is on the network."""
        self._trace = trace
        self._clock = clock
        self._call_ids: dict[Sid, tuple[str, ...]] = {}

    def remember(self, call_sid: Sid, call_ids: tuple[str, ...]) -> None:
        """The call is over, and nobody else knows any more what it was called in SIP."""
        if not call_ids:
            return
        if len(self._call_ids) >= MOST_REMEMBERED:
            del self._call_ids[next(iter(self._call_ids))]
        self._call_ids[call_sid] = call_ids

    def of_ended(self, call_sid: Sid) -> tuple[str, ...]:
        return self._call_ids.get(call_sid, ())

    def of_calls(self, call_ids: tuple[str, ...]) -> SipStory:
        return self._story(self._trace.of_calls(call_ids))

    def since(self, number: int, most: int) -> SipStory:
        """Everybody's messages after *number*; the last ones, when there are more than *most*."""
        return self._story(tuple(self._trace.since(number))[-most:])

    def _story(self, messages: tuple[Traced, ...]) -> SipStory:
        return SipStory(messages, self.us, self._clock.now(), self._clock.utc())
