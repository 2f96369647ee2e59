"""Queues of calls; who waits in them is not kept."""

from typing import Any

from sqlalchemy import Column, Index, Integer, Table, Text

from mixminus.base import sids
from mixminus.calls.records import QueueRecord
from mixminus.store.rows.columns import Kind, Row, identity, metadata

queues = Table(
    "queues",
    metadata,
    *identity(),
    Column("friendly_name", Text, nullable=False),
    Column("max_size", Integer, nullable=False),
    Index("queues_by_date", "date_created", "sid"),
)


def to_row(queue: QueueRecord) -> dict[str, Any]:
    return {
        "sid": queue.sid,
        "account_sid": queue.account_sid,
        "date_created": queue.date_created,
        "date_updated": queue.date_updated,
        "friendly_name": queue.friendly_name,
        "max_size": queue.max_size,
    }


def from_row(row: Row) -> QueueRecord:
    return QueueRecord(
        sid=row["sid"],
        account_sid=row["account_sid"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
        friendly_name=row["friendly_name"],
        max_size=row["max_size"],
    )


QUEUES = Kind(QueueRecord, queues, sids.QUEUE, ("date_created", "sid"), to_row, from_row)
