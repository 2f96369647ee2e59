"""Where users' phones are: one row a user, written with every REGISTER."""

from typing import Any

from sqlalchemy import Column, Table, Text

from mixminus.calls.records import RegistrationRecord
from mixminus.store.rows.columns import Kind, Row, metadata, moment

registrations = Table(
    "registrations",
    metadata,
    Column("user", Text, primary_key=True),
    moment("date_updated", nullable=False),
    Column("bindings", Text, nullable=False),
)


def to_row(registration: RegistrationRecord) -> dict[str, Any]:
    return {
        "user": registration.user,
        "date_updated": registration.date_updated,
        "bindings": registration.bindings,
    }


def from_row(row: Row) -> RegistrationRecord:
    return RegistrationRecord(user=row["user"], date_updated=row["date_updated"], bindings=row["bindings"])


REGISTRATIONS = Kind(RegistrationRecord, registrations, "", ("date_updated", "user"), to_row, from_row)
