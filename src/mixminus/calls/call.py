"""One call from the queue to its end: what its phone does goes in, numbered events come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from mixminus.base.types import Sid
from mixminus.calls.prices import Tariff
from mixminus.calls.records import FINAL_CALL_STATUSES, CallRecord, CallStatus
from mixminus.calls.states import CALL, IllegalStep, step

_SECONDS_PER_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class CallHappened:
    """A numbered event of a call, for the log and the status callback (reference, section 4.5).

    `token` is the subscription word (`answered`), `status` what is sent (`in-progress`).
    """

    token: str
    status: CallStatus
    sequence_number: int
    timestamp: datetime
    call_sid: Sid
    details: Mapping[str, str] = field(default_factory=dict)
    """Webhook parameters beyond the common ones: `CallDuration`, `Duration`, `SipResponseCode`."""


class Call:
    """A machine without I/O. Its owner calls a method, then saves `record()` and takes `drain()`.

    *record* says how far the call is when we meet it: an outbound one is `queued`, an inbound one `ringing`. A method
    that raises `IllegalStep` has changed nothing.
    """

    def __init__(self, record: CallRecord) -> None:
        self._record = record
        self._next_number = 0
        self._tariff: Tariff | None = None
        self._outputs: list[CallHappened] = []

    @property
    def over(self) -> bool:
        return self._record.status in FINAL_CALL_STATUSES

    def record(self) -> CallRecord:
        return self._record

    def drain(self) -> tuple[CallHappened, ...]:
        """Take what has happened, in order. The event of the end is the last one."""
        outputs = tuple(self._outputs)
        self._outputs.clear()
        return outputs

    def dialling(self, at: datetime, queue_time_ms: int = 0) -> None:
        """It has left the queue."""
        self._step(CallStatus.INITIATED, at)
        self._record = replace(self._record, queue_time_ms=queue_time_ms)
        self._tell("initiated", at)

    def ringing(self, at: datetime) -> None:
        """Its phone rings. Phones say so more than once; only the first time counts."""
        if self._record.status is not CallStatus.RINGING:
            self._step(CallStatus.RINGING, at)
            self._tell("ringing", at)

    def carried(self, tariff: Tariff | None) -> None:
        """It goes over a trunk, which has a price."""
        self._tariff = tariff
        self._record = replace(self._record, trunk=tariff.trunk if tariff is not None else None)

    def answered(self, at: datetime) -> None:
        self._step(CallStatus.IN_PROGRESS, at)
        self._record = replace(self._record, start_time=at)
        self._tell("answered", at)

    def ended(
        self,
        status: CallStatus,
        at: datetime,
        reason: str | None = None,
        sip_code: int | None = None,
        error_code: int | None = None,
    ) -> None:
        """It is over, as *status* says. *reason* is for people; *sip_code* the answer that refused it, if one did."""
        if status not in FINAL_CALL_STATUSES:
            raise IllegalStep(self._record.status, status)
        before = self._record
        self._step(status, at)
        talked_s = _talked_s(before, at)
        self._record = replace(
            self._record,
            # A call that never left the queue never began (reference, section 5.2: null if not yet dialled).
            start_time=before.start_time or (None if before.status is CallStatus.QUEUED else before.date_created),
            end_time=at,
            duration_s=talked_s or 0,
            end_reason=reason,
            error_code=error_code,
            price_micros=self._tariff.price_micros(talked_s) if self._tariff is not None else None,
        )
        self._tell("completed", at, _ending(status, talked_s, sip_code) | _error(error_code, reason))

    def _step(self, status: CallStatus, at: datetime) -> None:
        status = step(CALL, self._record.status, status)
        self._record = replace(self._record, status=status, date_updated=at)

    def _tell(self, token: str, at: datetime, details: Mapping[str, str] | None = None) -> None:
        record = self._record
        self._outputs.append(CallHappened(token, record.status, self._next_number, at, record.sid, details or {}))
        self._next_number += 1


def _talked_s(record: CallRecord, end: datetime) -> int | None:
    """Whole seconds since the answer; None without one. The wall clock may be set back while people talk."""
    if record.status is not CallStatus.IN_PROGRESS or record.start_time is None:
        return None
    return max(0, int((end - record.start_time).total_seconds()))


def _error(code: int | None, reason: str | None) -> dict[str, str]:
    """Twilio's number of what went wrong, where there is one."""
    return {} if code is None else {"ErrorCode": str(code), "ErrorMessage": reason or ""}


def _ending(status: CallStatus, talked_s: int | None, sip_code: int | None) -> dict[str, str]:
    details = {"CallDuration": str(talked_s or 0)}
    if status is CallStatus.COMPLETED and talked_s is not None:
        # Minutes as they would be billed: rounded up, and a call that was answered has begun its first one.
        details["Duration"] = str(max(1, -(-talked_s // _SECONDS_PER_MINUTE)))
    if sip_code is not None:
        details["SipResponseCode"] = str(sip_code)
    return details
