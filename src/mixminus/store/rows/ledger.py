"""The entries of ledgers, numbered per conference. Bytes, so that what was damaged can still be read and told of."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, Dialect, Integer, LargeBinary, Table
from sqlalchemy.types import TypeDecorator

from mixminus.calls.records import LedgerEntry
from mixminus.store.rows.columns import Kind, Row, metadata, sid


class AnyBytes(TypeDecorator[bytes]):
    """Bytes. SQLite gives back text where somebody has put text; that is for the reader of the chain to tell."""

    impl = LargeBinary
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], bytes]:
        return lambda value: value.encode() if isinstance(value, str) else bytes(value)


ledger = Table(
    "ledger",
    metadata,
    sid("conference_sid", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", AnyBytes, nullable=False),
    Column("hash", AnyBytes, nullable=False),
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
