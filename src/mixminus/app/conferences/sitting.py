"""A call that sits in a conference, and goes along when it is moved to another one."""

import asyncio
from typing import Protocol

from mixminus.app.conferences.conference_seat import ConferenceSeat
from mixminus.base.types import Sid
from mixminus.calls.endings import Departure
from mixminus.calls.records import CallStatus


class Sitter(Protocol):
    """Who sits: a call, as a stage for documents or by itself."""

    @property
    def sid(self) -> Sid: ...

    @property
    def live(self) -> bool: ...

    @property
    def departure(self) -> Departure: ...

    @property
    def call_status(self) -> CallStatus: ...

    @property
    def why(self) -> str | None: ...


async def sit(sitter: Sitter, seat: ConferenceSeat) -> str:
    """Until the call is let go, by this conference or one that it was moved to from here; returns why, for people.

    Who is cancelled leaves.
    """
    try:
        await seat.dismissed()
    except asyncio.CancelledError:
        leave(sitter, seat)
        raise
    return seat.last.why


def leave(sitter: Sitter, seat: ConferenceSeat) -> None:
    """The call ends, or does something else: it goes, from wherever it was moved to."""
    if sitter.live:
        seat.last.take_leave = None  # it was redirected, and its far end is still wanted
    seat.last.room.leave(sitter.sid, sitter.departure, sitter.call_status, why=sitter.why)
