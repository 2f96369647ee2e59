"""What a full disk did not take: nobody waits for it, so nobody would ask again, and it must not be lost (law 6)."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from mixminus.calls.records import Record
from mixminus.store.rows.kinds import kind_of

MOST_OWED: Final = 100_000
"""Some hundred megabytes, and hours of calls. Beyond it the oldest are given up."""
DISK_TROUBLES: Final = ("SQLITE_FULL", "SQLITE_IOERR")
"""https://sqlite.org/rescode.html: the disk's fault and not the record's. It may be over soon."""


class Owed:
    """The newest version of each record that is still to be written."""

    def __init__(self) -> None:
        self._records: OrderedDict[tuple[Any, ...], Record] = OrderedDict()

    def __len__(self) -> int:
        return len(self._records)

    def all(self) -> tuple[Record, ...]:
        return tuple(self._records.values())

    def add(self, records: Iterable[Record]) -> None:
        for record in records:
            self._records[_key(record)] = record
        while len(self._records) > MOST_OWED:
            self._records.popitem(last=False)

    def forget(self, records: Iterable[Record]) -> None:
        """They were written, as they are now."""
        for record in records:
            self._records.pop(_key(record), None)

    def clear(self) -> None:
        self._records.clear()


def is_disk_trouble(error: Exception) -> bool:
    """Whether the same could be written when there is room."""
    name = getattr(error.orig, "sqlite_errorname", None) if isinstance(error, DBAPIError) else None
    return name is not None and name.startswith(DISK_TROUBLES)


def _key(record: Record) -> tuple[Any, ...]:
    kind = kind_of(type(record))
    row = kind.to_row(record)
    return (kind.table.name, *(row[name] for name in kind.key))
