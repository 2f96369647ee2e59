"""What is asked of the database: small values with an outcome, carried out in the order of asking."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from mixminus.calls.records import Record

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Save:
    """Insert or replace records."""

    records: tuple[Record, ...]
    outcome: Future[None] = field(default_factory=Future)


@dataclass(frozen=True, slots=True, eq=False)
class Ask(Generic[T]):
    """Anything else: a statement or several, and what came of them."""

    question: Callable[[Connection], T]
    outcome: Future[T] = field(default_factory=Future)


Job = Save | Ask[Any]
