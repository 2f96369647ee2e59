"""One line of the page: a name of Twilio's, whether it works here, and a word why."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent


class Status(StrEnum):
    YES = "yes"
    PARTLY = "partly"
    NOT_YET = "not yet"


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    status: Status
    why: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its table; `level` 2 begins a group, and has no rows of its own."""

    level: int
    title: str
    text: str = ""
    rows: tuple[Row, ...] = ()


class Notes:
    """The hand-kept part. A note that names nothing on the page is a mistake: see `unused`."""

    def __init__(self, notes: Mapping[str, Mapping[str, str]]) -> None:
        self._notes = notes
        self._used: set[str] = set()

    def on(self, key: str, row: Row) -> Row:
        """The row, with what is noted under *key*."""
        note = self._notes.get(key)
        if note is None:
            return row
        self._used.add(key)
        return replace(row, status=Status(note.get("status", row.status)), why=note.get("why", row.why))

    @property
    def unused(self) -> frozenset[str]:
        return frozenset(self._notes) - self._used


def facts(name: str) -> dict[str, Any]:
    """A file of names."""
    return tomllib.loads((HERE / f"{name}.toml").read_text())


def count(rows: Iterable[Row]) -> dict[Status, int]:
    statuses = [row.status for row in rows]
    return {status: statuses.count(status) for status in Status}
