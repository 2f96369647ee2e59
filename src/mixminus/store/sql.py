"""The store on an SQL database: SQLite today, with nothing in the way of PostgreSQL."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError

from mixminus.base.errors import MixminusError
from mixminus.calls.records import Record
from mixminus.store import queries
from mixminus.store.contract import Page, R, Where, Window
from mixminus.store.jobs import Ask, Save
from mixminus.store.migrations.upgrade import upgrade
from mixminus.store.runner import Runner, ThreadRunner
from mixminus.store.session import Session, connect

T = TypeVar("T")

log = logging.getLogger(__name__)


class DatabaseUnusable(MixminusError):
    """It cannot be opened, read or written."""

    def __init__(self, url: str, error: DBAPIError) -> None:
        place = make_url(url)
        where = place.database if place.get_backend_name() == "sqlite" else place.render_as_string(hide_password=True)
        why = (str(error.orig).splitlines() or [""])[0]
        super().__init__(
            f"The database {where} cannot be used: {why}. Is there room on its disk, and may this user write there?"
        )


class SqlStore:
    """A `Store` (see store/contract.py). Opening it brings the tables up to date.

    *url* is SQLAlchemy's: `sqlite:////path/to/file.db`, `sqlite://` for one in memory. *run* says who carries the
    work to the database. Raises `DatabaseUnusable`, and `DatabaseTooNew` when a later version of Mixminus wrote it.
    """

    def __init__(self, url: str, run: Runner | None = None) -> None:
        self._run: Runner = ThreadRunner() if run is None else run
        self._unawaited = Unawaited()
        try:
            connection = connect(url)
        except DBAPIError as error:
            raise DatabaseUnusable(url, error) from error
        try:
            upgrade(connection)
        except DBAPIError as error:
            connection.close()
            raise DatabaseUnusable(url, error) from error
        except BaseException:
            connection.close()
            raise
        self._session = Session(connection)
        self._run.start(self._session.carry_out)

    @property
    def backlog(self) -> int:
        """Jobs that wait for the database: to be watched, see `ThreadRunner`."""
        return self._run.backlog

    async def save(self, *records: Record) -> None:
        outcome: Future[None] = Future()
        self._run.submit(Save(records, outcome))
        await _settled(outcome)

    def save_soon(self, *records: Record) -> None:
        self._run.submit(Save(records, self._unawaited, can_wait=True))

    async def flush(self) -> None:
        """Also raises the first thing that went wrong with a `save_soon` since the last `flush`."""
        await self._ask(lambda _connection: None)
        self._unawaited.raise_failure()

    async def delete(self, kind: type[Record], sid: str) -> None:
        await self._ask(queries.delete(kind, sid))

    async def forget(self, kind: type[Record], *conditions: Where) -> None:
        await self._ask(queries.forget(kind, conditions))

    async def fetch(self, kind: type[R], sid: str) -> R | None:
        return await self._ask(queries.fetch(kind, sid))

    async def query(self, kind: type[R], *conditions: Where) -> Sequence[R]:
        return await self._ask(queries.query(kind, conditions))

    async def following(self, kind: type[R], field: str, after: int, most: int) -> Sequence[R]:
        return await self._ask(queries.following(kind, field, after, most))

    async def highest(self, kind: type[Record], field: str) -> Any:
        return await self._ask(queries.highest(kind, field))

    def forget_soon(self, kind: type[Record], *conditions: Where) -> None:
        self._run.submit(Ask(queries.forget(kind, conditions), self._unawaited, can_wait=True))

    async def page(self, kind: type[R], window: Window, *conditions: Where) -> Page[R]:
        return await self._ask(queries.page(kind, window, conditions))

    def close(self) -> None:
        """Finish what was asked for, then close the database. A second time is fine."""
        self._run.stop()
        self._session.close()

    async def _ask(self, question: Callable[[Connection], T]) -> T:
        outcome: Future[T] = Future()
        self._run.submit(Ask(question, outcome))
        return await _settled(outcome)


class Unawaited:
    """The outcome of every `save_soon` together: what went wrong first is kept until somebody asks."""

    def __init__(self) -> None:
        self._failure: BaseException | None = None

    def set_result(self, result: None, /) -> None:
        """Nobody waits for it."""

    def set_exception(self, exception: BaseException, /) -> None:
        log.error("a record could not be saved: %s", exception)
        self._failure = self._failure or exception

    def raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure


async def _settled(outcome: "Future[T]") -> T:
    """Wait for *outcome*. One that is settled already costs no turn of the loop.

    Shielded: whoever asks may be cancelled, but what was asked for is carried out.
    """
    if outcome.done():
        return outcome.result()
    return await asyncio.shield(asyncio.wrap_future(outcome))
