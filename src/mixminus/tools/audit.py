"""The audit log: rows chained by their hashes, and the check that finds what was changed. Pure.

A row's hash covers the row and the hash before it, so a changed, removed, inserted or reordered row breaks the chain
where it stands. Rows cut off at the end leave a chain that is whole; the head, kept apart, tells how long it was.
Whoever can write the whole file can also write a new chain and a new head: against that, keep a copy of the head
somewhere else (`Head` is one line) and verify against the copy.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from mixminus.tools.invocation import Json, canonical

FIRST: Final = "0" * 64
"""What stands before the first row."""

HEAD: Final = re.compile(r"(?P<rows>[0-9]{1,15}):(?P<hash>[0-9a-f]{64})")


class Kind(StrEnum):
    BEGAN = "began"
    """Written before the tool runs: what was asked. Durable before there is an effect."""
    RESUMED = "resumed"
    """Another process took over an invocation whose process had died."""
    ENDED = "ended"
    """Written with the changes of state, in one transaction: the answer and every attempt."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written down. `at` is UTC in ISO 8601."""

    at: str
    session: str
    key: str
    kind: Kind
    body: Mapping[str, Json] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Row:
    """An entry in its place; the first is number 1. `body` is the very text that was hashed."""

    number: int
    at: str
    session: str
    key: str
    kind: str
    body: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """How long the log is, and the hash of its last row."""

    rows: int = 0
    hash: str = FIRST

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` made of a head. Raises ValueError."""
        if (found := HEAD.fullmatch(text.strip())) is None:
            raise ValueError(f"not a head, ROWS:HASH: {text!r}")
        return cls(int(found["rows"]), found["hash"])

    def __str__(self) -> str:
        return f"{self.rows}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row that is not what was written."""

    number: int
    what: str

    def __str__(self) -> str:
        return f"row {self.number}: {self.what}"


def append(head: Head, entry: Entry) -> Row:
    """Put *entry* behind the log that *head* describes."""
    body = canonical(dict(entry.body))
    number = head.rows + 1
    hash_ = _hash(number, entry.at, entry.session, entry.key, entry.kind.value, body, head.hash)
    return Row(number, entry.at, entry.session, entry.key, entry.kind.value, body, head.hash, hash_)


def verify(rows: Iterable[Row], head: Head) -> Fault | None:
    """Find the first fault of a log, in the order of its numbers; None: it is what was written.

    To check against an older copy of the head, give the rows up to the one it names.
    """
    reached = Head()
    for row in rows:
        number = reached.rows + 1
        if row.number != number:
            return Fault(number, f"is missing; number {row.number} stands in its place")
        if row.previous != reached.hash:
            return Fault(number, "does not follow the row before it")
        if row.hash != _hash(row.number, row.at, row.session, row.key, row.kind, row.body, row.previous):
            return Fault(number, "is not what was written")
        if number > head.rows:
            return Fault(number, f"was added: the log had {head.rows} rows")
        reached = Head(number, row.hash)
    if reached.rows < head.rows:
        return Fault(reached.rows + 1, f"is missing: the log had {head.rows} rows")
    return None if reached == head else Fault(head.rows, "is not the row the head tells of")


def _hash(*fields: str | int) -> str:
    return hashlib.sha256(canonical(list(fields)).encode()).hexdigest()
