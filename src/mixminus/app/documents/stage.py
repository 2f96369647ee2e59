"""Where a TwiML document is performed: a leg that hears it, and the call that it speaks for."""

import asyncio
from typing import Protocol

from mixminus.app.documents.collecting import Keys
from mixminus.app.services import Services
from mixminus.base.types import FormPairs, Sid
from mixminus.calls.endings import Departure
from mixminus.calls.records import CallRecord, CallStatus
from mixminus.streams.contract import Fault


class Stage(Protocol):
    """A call's own leg, or the inner leg of an application."""

    @property
    def services(self) -> Services: ...

    @property
    def record(self) -> CallRecord: ...

    @property
    def sid(self) -> Sid: ...

    @property
    def leg(self) -> int: ...

    @property
    def keys(self) -> Keys: ...

    @property
    def departure(self) -> Departure:
        """Why a conference loses this leg, should what it does be cancelled now."""

    @property
    def call_status(self) -> CallStatus:
        """How its call stands then: going on somewhere else, or over."""

    @property
    def live(self) -> bool:
        """The call is not about to end."""

    @property
    def why(self) -> str | None:
        """Why the call ends, for people, as far as that is known."""

    @property
    def is_answered(self) -> bool: ...

    async def open(self) -> None:
        """Have media: a phone that calls must be answered for that, an application must not."""

    async def answer(self) -> None:
        """Pick up, if that has not happened yet."""

    def agent_gone(self, fault: Fault | None) -> None:
        """The agent of `<Connect>` has closed, broke off, or was never reached."""

    def fails(self, code: int, message: str) -> bool:
        """Nothing mends this document. Returns whether the call has failed by that; else somebody is to be told."""

    def refuse(self, reason: str) -> None:
        """Decline a call that is not answered yet: `busy` or `rejected`."""

    def size_jitter_buffer(self, size: str) -> None:
        """`jitterBufferSize`: `off`, `small`, `medium` or `large`."""

    def listen_for_star(self) -> asyncio.Event:
        """An event that is set when `*` is pressed."""

    @property
    def about(self) -> FormPairs:
        """What every request about this call carries, as it stands now."""

    def warn(self, code: int, message: str) -> None:
        """Something was wrong with what the application said; the call goes on."""
