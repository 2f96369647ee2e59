"""The far end of a call, whatever it is: a phone over SIP, or a TwiML application."""

import math
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, Protocol

from mixminus.calls.prices import Tariff
from mixminus.calls.records import CallStatus
from mixminus.streams.contract import Fault


@dataclass(frozen=True, slots=True)
class Unreached:
    """Why a far end was not reached, in Twilio's words."""

    status: CallStatus
    """`busy`, `no-answer`, `failed` or `canceled`."""
    sip_code: int | None
    reason: str
    error_code: int | None = None
    """Twilio's number, where it has one."""


class LineOwner(Protocol):
    """What a line tells its call. All of these return at once."""

    def line_ringing(self) -> None: ...

    def line_early_media(self) -> None:
        """The far end sends sound before it answers."""

    def line_answered(self) -> None: ...

    def line_unreached(self, unreached: Unreached) -> None: ...

    def line_gone(self, reason: str) -> None:
        """An answered far end hung up or vanished."""


class Unlimited:
    """A line, or a way to phones, that no trunk carries: any number of calls, as long as they like, for nothing."""

    longest_s: Final = math.inf
    tariff: Final = None

    def turn(self) -> None:
        """There is nothing to wait for."""


class Line(Protocol):
    """One far end. Its legs exist from `dial` or `answer` until `release`."""

    @property
    def leg(self) -> int | None:
        """The media leg that stands for the far end; None until media is up."""

    @property
    def sip_call_ids(self) -> tuple[str, ...]:
        """What the call is called in SIP: one Call-ID for each phone that was rung."""

    @property
    def longest_s(self) -> float:
        """How long a call over it may last, in seconds; infinity: as long as it likes."""

    @property
    def tariff(self) -> Tariff | None:
        """Which trunk carries it, and for what price; None: none does."""

    def turn(self) -> Awaitable[None] | None:
        """Await it before `dial`: the way to the far end is full. None: it may be dialled now. Raises `Refusal`."""

    async def dial(self, owner: LineOwner) -> None:
        """Start to reach the far end (outgoing calls)."""

    async def answer(self) -> None:
        """Pick up (incoming calls)."""

    def refuse(self, reason: str) -> None:
        """Decline an incoming call: `busy`, `rejected`, `failed`."""

    def hang_up(self) -> None:
        """End it, in whatever state it is; harmless when it has ended."""

    def take_leave(self) -> None:
        """A conference lets the leg go for good: what is to be ended before anybody is told, ends now."""

    def size_jitter_buffer(self, size: str) -> None:
        """How much delay the leg's jitter buffer may add: `off`, `small`, `medium`, `large`."""

    def release(self) -> None:
        """Give the media legs back."""


def parting(fault: Fault | None) -> str:
    """Why a call ends that was an agent's alone."""
    return "The agent closed its WebSocket." if fault is None else f"{fault.code}: {fault.message}"
