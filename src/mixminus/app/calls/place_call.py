"""Calling somebody: an address becomes a line, and a line a call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mixminus.app.calls.addresses import Address, parse_address
from mixminus.app.calls.call_session import TIME_LIMIT_S, CallSession, CallWishes, Errand, Verdict
from mixminus.app.calls.calls import Calls
from mixminus.app.calls.line import Line
from mixminus.app.services import Services
from mixminus.base.sids import CALL
from mixminus.base.types import Sid
from mixminus.calls.call import Call
from mixminus.calls.options import DialOptions
from mixminus.calls.records import CallRecord, CallStatus, Direction


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """Everything about a call to be placed."""

    dial: DialOptions
    errand: Errand
    wishes: CallWishes
    direction: Direction = Direction.OUTBOUND_API
    parent_call_sid: Sid | None = None
    sid: Sid | None = None
    """When somebody had to know it first."""


class Lines(Protocol):
    """Makes the line that an address needs. Raises `Refusal` when there is no way to it."""

    def to(self, address: Address, dial: DialOptions, record: Callable[[], CallRecord]) -> Line: ...


class Placing:
    """Places calls."""

    def __init__(self, services: Services, calls: Calls, lines: Lines) -> None:
        self._services = services
        self._calls = calls
        self._lines = lines

    def place(self, placed: PlacedCall) -> CallSession:
        """Start to call. The record exists at once. Raises `Refusal` when the address leads nowhere."""
        services, now = self._services, self._services.clock.utc()
        address = parse_address(placed.dial.to)
        record = CallRecord(
            sid=placed.sid or services.sids.new(CALL),
            account_sid=services.account_sid,
            to=placed.dial.to,
            from_=placed.dial.from_,
            direction=placed.direction,
            status=CallStatus.QUEUED,
            date_created=now,
            date_updated=now,
            parent_call_sid=placed.parent_call_sid,
            queue_time_ms=0,
        )
        call = Call(record)
        line = self._lines.to(address, placed.dial, call.record)
        session = CallSession(services, call, line, placed.errand, placed.wishes)
        self._calls.add(session)
        self._calls.hops.inherits(record.sid, placed.parent_call_sid)
        services.tasks.spawn(session.begin_outgoing(), f"dialling of {record.sid}")
        return session

    async def write_down(self, session: CallSession) -> None:
        """Return when the record is kept. Raises what the store raises, and then the call is none.

        Who asked for it is told that it failed, and may ask again: nobody must be rung for a call without an owner.
        """
        try:
            await self._services.store.save(session.record)
        except Exception:
            session.end(Verdict(CallStatus.FAILED, "The call could not be written down."))
            raise


def wishes_of(dial: DialOptions) -> CallWishes:
    """What was asked about a call with the request to dial it."""
    return CallWishes(
        callback=dial.callback,
        recording=dial.recording,
        timeout_s=dial.timeout_s,
        time_limit_s=dial.time_limit_s or TIME_LIMIT_S,
        send_digits=dial.send_digits,
    )
