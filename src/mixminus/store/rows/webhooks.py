"""Webhooks that were sent. What no list is filtered by is one column: they are written more often than read."""

import json
from dataclasses import astuple
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text

from mixminus.calls.records import WebhookAttempt, WebhookRecord
from mixminus.store.rows.columns import Kind, Row, metadata, moment, sid

webhooks = Table(
    "webhooks",
    metadata,
    sid(primary_key=True),
    moment("date_created", nullable=False),
    Column("purpose", String(16), nullable=False),
    sid("call_sid"),
    sid("conference_sid"),
    Column("error_code", Integer),
    Column("content", Text, nullable=False),
    Index("webhooks_by_date", "date_created", "sid"),
    Index("webhooks_by_call", "call_sid"),
)


def to_row(webhook: WebhookRecord) -> dict[str, Any]:
    content = (
        webhook.url,
        webhook.method,
        webhook.parameters,
        [astuple(attempt) for attempt in webhook.attempts],
        webhook.error,
        webhook.content_type,
        webhook.response_body,
        webhook.replay_of,
    )
    return {
        "sid": webhook.sid,
        "date_created": webhook.date_created,
        "purpose": webhook.purpose,
        "call_sid": webhook.call_sid,
        "conference_sid": webhook.conference_sid,
        "error_code": webhook.error_code,
        "content": json.dumps(content, separators=(",", ":")),
    }


def from_row(row: Row) -> WebhookRecord:
    url, method, parameters, attempts, error, content_type, body, replay_of = json.loads(row["content"])
    return WebhookRecord(
        sid=row["sid"],
        date_created=row["date_created"],
        purpose=row["purpose"],
        url=url,
        method=method,
        parameters=tuple((name, value) for name, value in parameters),
        call_sid=row["call_sid"],
        conference_sid=row["conference_sid"],
        error_code=row["error_code"],
        error=error,
        attempts=tuple(WebhookAttempt(*attempt) for attempt in attempts),
        content_type=content_type,
        response_body=body,
        replay_of=replay_of,
    )


WEBHOOKS = Kind(WebhookRecord, webhooks, "WH", ("date_created", "sid"), to_row, from_row)
