"""Statements that read: conditions, pages, single records."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, asc, desc, func, or_, select

from mixminus.calls.records import Record
from mixminus.store.contract import Is, Page, R, Where, Window
from mixminus.store.paging import Place
from mixminus.store.rows.columns import Kind
from mixminus.store.rows.kinds import kind_of

_COMPARE: Final[Mapping[Is, Callable[[Any, Any], ColumnElement[bool]]]] = {
    # `IS [NOT] DISTINCT FROM`: None is a value like any other, as it is in Python.
    Is.EQUAL: lambda column, value: column.is_not_distinct_from(value),
    Is.NOT: lambda column, value: column.is_distinct_from(value),
    Is.BELOW: lambda column, value: column < value,
    Is.BELOW_OR_EQUAL: lambda column, value: column <= value,
    Is.AT_LEAST: lambda column, value: column >= value,
}
assert _COMPARE.keys() == set(Is), "a comparison has no statement"


def condition(kind: Kind[Any], where: Where) -> ColumnElement[bool]:
    """A `Where` in the database's words. An unknown field is our mistake: `KeyError`."""
    value = where.value.value if isinstance(where.value, Enum) else where.value
    return _COMPARE[where.is_](kind.table.columns[where.field], value)


def matching(kind: Kind[Any], conditions: Sequence[Where]) -> Select[Any]:
    return select(kind.table).where(*(condition(kind, where) for where in conditions))


def fetch(record: type[R], sid: str) -> Callable[[Connection], R | None]:
    """The record with that SID, or None."""
    kind = kind_of(record)

    def ask(connection: Connection) -> R | None:
        row = connection.execute(select(kind.table).where(kind.table.columns.sid == sid)).mappings().first()
        return None if row is None else kind.from_row(row)

    return ask


def delete(record: type[Record], sid: str) -> Callable[[Connection], None]:
    """Forget the record with that SID."""
    table = kind_of(record).table

    def ask(connection: Connection) -> None:
        connection.execute(table.delete().where(table.columns.sid == sid))

    return ask


def forget(record: type[Record], conditions: Sequence[Where]) -> Callable[[Connection], None]:
    """Delete all that match."""
    kind = kind_of(record)
    statement = kind.table.delete().where(*(condition(kind, where) for where in conditions))

    def ask(connection: Connection) -> None:
        connection.execute(statement)

    return ask


def query(record: type[R], conditions: Sequence[Where]) -> Callable[[Connection], tuple[R, ...]]:
    """All records that match, oldest first."""
    kind = kind_of(record)
    statement = matching(kind, conditions).order_by(*(kind.table.columns[name] for name in kind.order))

    def ask(connection: Connection) -> tuple[R, ...]:
        return tuple(kind.from_row(row) for row in connection.execute(statement).mappings())

    return ask


def following(record: type[R], field: str, after: int, most: int) -> Callable[[Connection], tuple[R, ...]]:
    """The next *most* records in the order of *field*."""
    kind = kind_of(record)
    column = kind.table.columns[field]
    statement = select(kind.table).where(column > after).order_by(column).limit(most)

    def ask(connection: Connection) -> tuple[R, ...]:
        return tuple(kind.from_row(row) for row in connection.execute(statement).mappings())

    return ask


def highest(record: type[Record], field: str) -> Callable[[Connection], Any]:
    """The highest value of *field*."""
    statement = select(func.max(kind_of(record).table.columns[field]))
    return lambda connection: connection.scalar(statement)


def page(record: type[R], window: Window, conditions: Sequence[Where]) -> Callable[[Connection], Page[R]]:
    """One page of those that match, newest first. Raises `BadPageToken` at once."""
    kind = kind_of(record)
    place = None if window.token is None else Place.parse(window.token, kind.prefix)
    backward = place is not None and place.backward
    direction = asc if backward else desc
    statement = matching(kind, conditions).order_by(*(direction(kind.table.columns[name]) for name in kind.order))
    if place is not None:
        statement = statement.where(_beyond(kind, place))
    statement = statement.limit(window.size + 1)  # one more, to know whether there is another page

    def ask(connection: Connection) -> Page[R]:
        rows = connection.execute(statement).mappings().all()
        more = len(rows) > window.size
        rows = rows[: window.size]
        if backward:
            rows = rows[::-1]
        if not rows:
            return Page((), None, None)
        newest, oldest = rows[0], rows[-1]
        return Page(
            tuple(kind.from_row(row) for row in rows),
            next_token=str(Place(oldest["sid"], oldest["date_created"])) if more or backward else None,
            previous_token=(
                str(Place(newest["sid"], newest["date_created"], backward=True))
                if (more if backward else place is not None)
                else None
            ),
        )

    return ask


def _beyond(kind: Kind[Any], place: Place) -> ColumnElement[bool]:
    """Strictly past *place* in the order of the list. Spelled out, because not every database compares rows."""
    date, sid = (kind.table.columns[name] for name in kind.order)
    if place.backward:
        return or_(date > place.date_created, and_(date == place.date_created, sid > place.sid))
    return or_(date < place.date_created, and_(date == place.date_created, sid < place.sid))
