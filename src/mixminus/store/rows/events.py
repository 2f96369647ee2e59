"""Events of calls and conferences, numbered per subject."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table

from mixminus.calls.records import EventRecord
from mixminus.store.rows.columns import Kind, Row, metadata, moment, sid

events = Table(
    "events",
    metadata,
    sid("subject_sid", primary_key=True),
    Column("sequence_number", Integer, primary_key=True, autoincrement=False),
    Column("name", String(64), nullable=False),
    moment("timestamp", nullable=False),
    sid("call_sid"),
    Column("details", JSON, nullable=False),
    Column("number", BigInteger),
    Index("events_by_number", "number"),
)


def to_row(event: EventRecord) -> dict[str, Any]:
    return {
        "subject_sid": event.subject_sid,
        "sequence_number": event.sequence_number,
        "name": event.name,
        "timestamp": event.timestamp,
        "call_sid": event.call_sid,
        "details": dict(event.details),
        "number": event.number,
    }


def from_row(row: Row) -> EventRecord:
    return EventRecord(
        subject_sid=row["subject_sid"],
        sequence_number=row["sequence_number"],
        name=row["name"],
        timestamp=row["timestamp"],
        call_sid=row["call_sid"],
        details=row["details"],
        number=row["number"],
    )


EVENTS = Kind(EventRecord, events, "", ("subject_sid", "sequence_number"), to_row, from_row)
