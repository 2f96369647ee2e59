"""One connection and what is done on it: batches of jobs, each a transaction."""

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Insert, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.pool import StaticPool

from mixminus.store.jobs import Job, Save
from mixminus.store.owed import Owed, is_disk_trouble
from mixminus.store.rows.kinds import kind_of

log = logging.getLogger(__name__)

_INSERT: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""Both dialects spell ON CONFLICT alike, but SQLAlchemy keeps it out of the common insert."""

_SQLITE_PRAGMAS = (
    # Readers do not block the writer. In WAL, NORMAL survives a crash of the process; only a loss of power can undo
    # the last commits (https://sqlite.org/pragma.html#pragma_synchronous).
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=OFF",
    # Somebody may look at the file with the sqlite3 shell, or back it up, while we write.
    "PRAGMA busy_timeout=5000",
)


def connect(url: str) -> Connection:
    """Open the one connection of a store. It may be used by any thread, one at a time."""
    # Parameters are numbers and names of people: they stay out of error messages and logs.
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, hide_parameters=True).connect()
    engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        for pragma in _SQLITE_PRAGMAS:
            connection.execute(pragma)

    return engine.connect()


def upsert(table: Table, dialect: str) -> Insert:
    """Insert a row, or replace the one with the same primary key."""
    statement = _INSERT[dialect](table)
    key = [column.name for column in table.primary_key]
    rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in key}
    upserting: Insert = statement.on_conflict_do_update(index_elements=key, set_=rest)
    return upserting


class Session:
    """Carries out jobs on a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._upserts: dict[Table, Insert] = {}
        self._owed = Owed()

    def carry_out(self, jobs: Sequence[Job]) -> None:
        """Carry out *jobs* in one transaction, then settle their outcomes: nobody learns of what is not committed.

        When one fails, each is carried out again in a transaction of its own, so that a failure is its owner's alone.
        What a full disk did not take is tried again before anything else.
        """
        if self._owed:
            self._pay()
        self._carry_out(jobs)

    def _carry_out(self, jobs: Sequence[Job]) -> None:
        try:
            with self._connection.begin():
                answers = list(self._answers(jobs))
        except Exception as error:  # the top of the database's thread: whatever it is, its owner must learn of it
            if len(jobs) > 1:
                for job in jobs:
                    self._carry_out([job])
                return
            [job] = jobs
            if isinstance(job, Save) and job.can_wait and is_disk_trouble(error):
                self._owed.add(job.records)
            job.outcome.set_exception(error)
            return
        if self._owed:
            self._owed.forget(record for job in jobs if isinstance(job, Save) for record in job.records)
        for job, answer in zip(jobs, answers, strict=True):
            job.outcome.set_result(answer)

    def _pay(self) -> None:
        owed = self._owed.all()
        try:
            with self._connection.begin():
                self._save([Save(owed)])
        except Exception as error:
            if not is_disk_trouble(error):
                self._owed.clear()
                log.exception("%d records that a full disk did not take are lost", len(owed))
            return
        self._owed.clear()
        log.warning("%d records that a full disk did not take are saved now", len(owed))

    def _answers(self, jobs: Sequence[Job]) -> Iterable[Any]:
        for kind, neighbours in groupby(jobs, key=type):
            if kind is Save:
                saves = [job for job in neighbours if isinstance(job, Save)]
                self._save(saves)
                yield from (None for _ in saves)
            else:
                yield from (job.question(self._connection) for job in neighbours if not isinstance(job, Save))

    def _save(self, saves: Sequence[Save]) -> None:
        """Write neighbouring saves table by table; of one record only the newest version is written."""
        tables: dict[Table, dict[tuple[Any, ...], dict[str, Any]]] = {}
        for save in saves:
            for record in save.records:
                kind = kind_of(type(record))
                row = kind.to_row(record)
                key = tuple(row[name] for name in kind.key)
                tables.setdefault(kind.table, {})[key] = row
        for table, rows in tables.items():
            self._connection.execute(self._upsert(table), list(rows.values()))

    def _upsert(self, table: Table) -> Insert:
        if table not in self._upserts:
            self._upserts[table] = upsert(table, self._connection.dialect.name)
        return self._upserts[table]

    def close(self) -> None:
        if self._owed:
            self._pay()
        self._connection.close()
        self._connection.engine.dispose()
