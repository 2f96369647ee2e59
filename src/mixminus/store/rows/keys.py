"""API keys: only a hash of the secret is kept."""

from typing import Any

from sqlalchemy import Column, Index, Table, Text

from mixminus.base import sids
from mixminus.calls.records import KeyRecord
from mixminus.store.rows.columns import Kind, Row, identity, metadata

keys = Table(
    "keys",
    metadata,
    *identity(),
    Column("friendly_name", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Index("keys_by_date", "date_created", "sid"),
)


def to_row(key: KeyRecord) -> dict[str, Any]:
    return {
        "sid": key.sid,
        "account_sid": key.account_sid,
        "date_created": key.date_created,
        "date_updated": key.date_updated,
        "friendly_name": key.friendly_name,
        "secret_hash": key.secret_hash,
    }


def from_row(row: Row) -> KeyRecord:
    return KeyRecord(
        sid=row["sid"],
        account_sid=row["account_sid"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
        friendly_name=row["friendly_name"],
        secret_hash=row["secret_hash"],
    )


KEYS = Kind(KeyRecord, keys, sids.API_KEY, ("date_created", "sid"), to_row, from_row)
