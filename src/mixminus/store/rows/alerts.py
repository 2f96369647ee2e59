"""Alerts: what applications got wrong."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text

from mixminus.calls.records import AlertRecord
from mixminus.store.rows.columns import Kind, Row, metadata, moment, sid

alerts = Table(
    "alerts",
    metadata,
    sid(primary_key=True),
    moment("date_created", nullable=False),
    Column("level", String(8), nullable=False),
    Column("code", Integer, nullable=False),
    Column("message", Text, nullable=False),
    sid("call_sid"),
    sid("conference_sid"),
    sid("webhook_sid"),
    Column("request_url", Text),
    Column("request_method", Text),
    Index("alerts_by_date", "date_created", "sid"),
    Index("alerts_by_call", "call_sid"),
)

_NAMES = tuple(field.name for field in fields(AlertRecord))


def to_row(alert: AlertRecord) -> dict[str, Any]:
    return {name: getattr(alert, name) for name in _NAMES}


def from_row(row: Row) -> AlertRecord:
    return AlertRecord(**{name: row[name] for name in _NAMES})


ALERTS = Kind(AlertRecord, alerts, "NO", ("date_created", "sid"), to_row, from_row)
