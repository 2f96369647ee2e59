"""The store as everybody else sees it: records in, records out, in order, durable when awaited."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from mixminus.base.errors import Refusal
from mixminus.calls.records import Record

R = TypeVar("R", bound=Record)


class Is(StrEnum):
    """How a filter compares. Text that names a status compares with the enum's value."""

    EQUAL = "="
    NOT = "!="
    BELOW = "<"
    BELOW_OR_EQUAL = "<="
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Where:
    """One condition on a record's field. Conditions of a query are joined by AND."""

    field: str
    is_: Is
    value: object


@dataclass(frozen=True, slots=True)
class Window:
    """A page of a list. `token` is what a `Page` gave out; it names a record, so inserts do not shift pages."""

    size: int = 50
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Records newest first, and the tokens of the pages beside it."""

    records: tuple[R, ...]
    next_token: str | None
    previous_token: str | None


class BadPageToken(Refusal):
    """21481: the token was not given out by this list."""

    def __init__(self) -> None:
        super().__init__(21481, 400, "Invalid PageToken: follow next_page_uri as it was given.")


class Store(Protocol):
    """Writes happen in the order in which they were asked for; a read sees every write asked for before it."""

    async def save(self, *records: Record) -> None:
        """Insert or replace, all in one transaction; returns when they survive a crash of the process."""

    def save_soon(self, *records: Record) -> None:
        """As `save`, without waiting for the disk."""

    async def flush(self) -> None:
        """Return when everything asked for so far is on disk."""

    async def delete(self, kind: type[Record], sid: str) -> None:
        """Forget a record. One that is not there is fine."""

    async def forget(self, kind: type[Record], *conditions: Where) -> None:
        """Delete all that match."""

    async def fetch(self, kind: type[R], sid: str) -> R | None:
        """The record with that SID. `EventRecord` has none: query it."""

    async def query(self, kind: type[R], *conditions: Where) -> Sequence[R]:
        """All that match, oldest first."""

    async def following(self, kind: type[R], field: str, after: int, most: int) -> Sequence[R]:
        """Those whose *field* is above *after*, in its order; at most *most*."""

    async def highest(self, kind: type[Record], field: str) -> Any:
        """The highest value of a field; None when there is none."""

    def forget_soon(self, kind: type[Record], *conditions: Where) -> None:
        """Delete all that match, without waiting for it."""

    async def page(self, kind: type[R], window: Window, *conditions: Where) -> Page[R]:
        """One page of those that match, newest first. Raises `BadPageToken`."""
