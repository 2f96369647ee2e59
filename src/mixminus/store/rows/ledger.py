"""The entries of ledgers, numbered per conference. Bytes, so that what was damaged can still be read and told of."""

from typing import Any

from sqlalchemy import Column, Integer, LargeBinary, Table

from mixminus.calls.records import LedgerEntry
from mixminus.store.rows.columns import Kind, Row, metadata, sid

ledger = Table(
    "ledger",
    metadata,
    sid("conference_sid", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)


def to_row(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "conference_sid": entry.conference_sid,
        "number": entry.number,
        "content": entry.content,
        "hash": entry.hash,
    }


def from_row(row: Row) -> LedgerEntry:
    return LedgerEntry(row["conference_sid"], row["number"], row["content"], row["hash"])


LEDGER = Kind(LedgerEntry, ledger, "", ("conference_sid", "number"), to_row, from_row)
