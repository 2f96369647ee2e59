"""Answers to requests that carried an idempotency key, for as long as somebody may ask again."""

from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text

from mixminus.calls.records import AnswerRecord
from mixminus.store.rows.columns import Kind, Row, metadata, moment

answers = Table(
    "answers",
    metadata,
    Column("key", Text, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    moment("date_created", nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index("answers_by_date", "date_created"),
)


def to_row(answer: AnswerRecord) -> dict[str, Any]:
    return {
        "key": answer.key,
        "fingerprint": answer.fingerprint,
        "date_created": answer.date_created,
        "status": answer.status,
        "body": answer.body,
    }


def from_row(row: Row) -> AnswerRecord:
    return AnswerRecord(
        key=row["key"],
        fingerprint=row["fingerprint"],
        date_created=row["date_created"],
        status=row["status"],
        body=row["body"],
    )


ANSWERS = Kind(AnswerRecord, answers, "", ("date_created", "key"), to_row, from_row)
