"""What every table is made of: the metadata, two column types, and the pairing of a record type with its table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic

from sqlalchemy import Column, DateTime, Dialect, MetaData, String, Table
from sqlalchemy.types import TypeDecorator

from mixminus.store.contract import R

Row = Mapping[Any, Any]
"""Column name to value, as the database gives and takes it."""

metadata = MetaData()

SID_CHARACTERS = 34


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment. SQLite keeps text, PostgreSQL a `timestamptz`: both sort, both keep microseconds."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def sid(name: str = "sid", **options: Any) -> Column[str]:
    return Column(name, String(SID_CHARACTERS), **options)


def moment(name: str, *, nullable: bool = True) -> Column[datetime]:
    return Column(name, UtcDateTime, nullable=nullable)


def identity() -> tuple[Column[Any], ...]:
    """What every REST resource begins with."""
    return (
        sid(primary_key=True),
        sid("account_sid", nullable=False),
        moment("date_created", nullable=False),
        moment("date_updated", nullable=False),
    )


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """A record type, its table, and the way between them."""

    record: type[R]
    table: Table
    prefix: str
    """Of its SIDs; empty for a record without one."""
    order: tuple[str, str]
    """Oldest first. Together the two columns are unique, so that a page can begin after any record."""
    to_row: Callable[[R], dict[str, Any]]
    from_row: Callable[[Row], R]
    key: tuple[str, ...] = field(init=False)
    """The columns of the primary key."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", tuple(column.name for column in self.table.primary_key))
