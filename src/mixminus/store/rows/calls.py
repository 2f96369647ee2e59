"""Calls."""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from mixminus.base import sids
from mixminus.calls.records import CallRecord, CallStatus, Direction
from mixminus.store.rows.columns import Kind, Row, identity, metadata, moment, sid

calls = Table(
    "calls",
    metadata,
    *identity(),
    Column("to", Text, nullable=False),
    Column("from_", Text, nullable=False),
    Column("direction", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    sid("parent_call_sid"),
    sid("phone_number_sid"),
    Column("caller_name", Text),
    Column("forwarded_from", Text),
    Column("answered_by", Text),
    moment("start_time"),
    moment("end_time"),
    Column("duration_s", Integer),
    Column("queue_time_ms", Integer),
    Column("error_code", Integer),
    Column("end_reason", Text),
    Column("trunk", Text),
    Column("price_micros", BigInteger),
    Index("calls_by_date", "date_created", "sid"),
    Index("calls_by_parent", "parent_call_sid"),
    Index("calls_by_status", "status"),
    Index("calls_by_start", "start_time"),
)


def to_row(call: CallRecord) -> dict[str, Any]:
    return {
        "sid": call.sid,
        "account_sid": call.account_sid,
        "date_created": call.date_created,
        "date_updated": call.date_updated,
        "to": call.to,
        "from_": call.from_,
        "direction": call.direction.value,
        "status": call.status.value,
        "parent_call_sid": call.parent_call_sid,
        "phone_number_sid": call.phone_number_sid,
        "caller_name": call.caller_name,
        "forwarded_from": call.forwarded_from,
        "answered_by": call.answered_by,
        "start_time": call.start_time,
        "end_time": call.end_time,
        "duration_s": call.duration_s,
        "queue_time_ms": call.queue_time_ms,
        "error_code": call.error_code,
        "end_reason": call.end_reason,
        "trunk": call.trunk,
        "price_micros": call.price_micros,
    }


def from_row(row: Row) -> CallRecord:
    return CallRecord(
        sid=row["sid"],
        account_sid=row["account_sid"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
        to=row["to"],
        from_=row["from_"],
        direction=Direction(row["direction"]),
        status=CallStatus(row["status"]),
        parent_call_sid=row["parent_call_sid"],
        phone_number_sid=row["phone_number_sid"],
        caller_name=row["caller_name"],
        forwarded_from=row["forwarded_from"],
        answered_by=row["answered_by"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        duration_s=row["duration_s"],
        queue_time_ms=row["queue_time_ms"],
        error_code=row["error_code"],
        end_reason=row["end_reason"],
        trunk=row["trunk"],
        price_micros=row["price_micros"],
    )


CALLS = Kind(CallRecord, calls, sids.CALL, ("date_created", "sid"), to_row, from_row)
