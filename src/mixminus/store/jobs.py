"""What is asked of the database: small values with an outcome, carried out in the order of asking."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection

from mixminus.calls.records import Record

T = TypeVar("T")


class Outcome(Protocol):
    """What is told, once, how a job went. A `Future` is one."""

    def set_result(self, result: Any, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Save:
    """Insert or replace records."""

    records: tuple[Record, ...]
    outcome: Outcome = field(default_factory=Future)
    can_wait: bool = False
    """Nobody waits for it: it may be gathered with others for a moment."""


@dataclass(frozen=True, slots=True, eq=False)
class Ask(Generic[T]):
    """Anything else: a statement or several, and what came of them."""

    question: Callable[[Connection], T]
    outcome: Outcome = field(default_factory=Future)
    can_wait: bool = False


Job = Save | Ask[Any]
