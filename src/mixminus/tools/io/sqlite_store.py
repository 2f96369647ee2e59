"""The tool store in one SQLite file: survives hand-overs, reconnects, restarts; several processes may share it."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self, TypeVar

import msgspec

from mixminus.base.clock import Clock
from mixminus.base.errors import MixminusError
from mixminus.tools.audit import Entry, Head, Kind, Row, append
from mixminus.tools.claims import Run, Stored, TakeOver, Turn, verdict
from mixminus.tools.contract import Claim
from mixminus.tools.invocation import Answer, Json, ToolCall, canonical
from mixminus.tools.io.lives import Lives

Value = TypeVar("Value")

BUSY_S: Final = 5.0
"""How long a writer waits for another process's transaction. Ours take about a millisecond."""

COLUMNS: Final = "number, at, session, key, kind, body, previous, hash"
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS audit (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, session TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL,
    body TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS audit_of_session ON audit (session, number);
CREATE TRIGGER IF NOT EXISTS audit_rows_stay BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_rows_are_kept BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TABLE IF NOT EXISTS head (one INTEGER PRIMARY KEY CHECK (one = 1), rows INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS call (
    session TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, owner TEXT NOT NULL, lease_until_s REAL NOT NULL,
    answer TEXT, PRIMARY KEY (session, key));
CREATE TABLE IF NOT EXISTS turn (
    session TEXT PRIMARY KEY, owner TEXT NOT NULL, key TEXT NOT NULL, lease_until_s REAL NOT NULL);
CREATE TABLE IF NOT EXISTS state (
    session TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (session, name));
"""


class StoreBroken(MixminusError):
    """The file cannot be opened, read or written."""


class SqliteToolStore:
    """`async with SqliteToolStore(path, clock) as store`. One thread, one connection, WAL, full sync."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "tool-store")
        self._open: sqlite3.Connection | None = None
        self._lives: Lives | None = None

    async def __aenter__(self) -> Self:
        await self._in_thread(self._start)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._in_thread(self._stop)
        self._thread.shutdown()

    async def claim(self, call: ToolCall, owner: str, lease_s: float, *, sees_state: bool = True) -> Claim:
        return await self._in_thread(lambda: self._claim(call, owner, lease_s, sees_state))

    async def finish(self, call: ToolCall, answer: Answer, changes: Mapping[str, Json]) -> Answer:
        return await self._in_thread(lambda: self._finish(call, answer, changes))

    async def refuse(self, call: ToolCall, answer: Answer) -> None:
        def write() -> None:
            with self._transaction() as database:
                self._append(database, call, Kind.ENDED, {**_asked(call), **_told(answer)})

        await self._in_thread(write)

    async def state(self, session: str) -> Mapping[str, Json]:
        return await self._in_thread(lambda: _state(self._database, session))

    async def rows(self, session: str | None = None) -> Sequence[Row]:
        return await self._in_thread(lambda: _rows(self._database, session))

    async def head(self) -> Head:
        return await self._in_thread(lambda: _head(self._database))

    # In the thread.

    def _start(self) -> None:
        self._open = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None)
        self._open.execute("PRAGMA journal_mode = WAL")
        self._open.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives the machine's power
        self._open.executescript(SCHEMA)
        self._lives = Lives(self._path)

    def _stop(self) -> None:
        self._database.close()
        if self._lives is not None:
            self._lives.end()

    def _claim(self, call: ToolCall, owner: str, lease_s: float, sees_state: bool) -> Claim:
        now_s = self._clock.utc().timestamp()
        assert self._lives is not None
        lives, owner = self._lives, f"{self._lives.name}/{owner}"
        with self._transaction() as database:
            found = verdict(
                call,
                _stored(database, call),
                owner,
                now_s,
                turn=_turn(database, call.session) if sees_state else None,
                is_gone=lambda other: lives.is_over(other.partition("/")[0]),
            )
            if isinstance(found, Run | TakeOver):
                if sees_state:
                    turn = (call.session, owner, call.key, now_s + lease_s)
                    database.execute("INSERT OR REPLACE INTO turn VALUES (?, ?, ?, ?)", turn)
                database.execute(
                    "INSERT INTO call (session, key, digest, owner, lease_until_s) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET owner = excluded.owner, lease_until_s = excluded.lease_until_s",
                    (call.session, call.key, call.digest, owner, now_s + lease_s),
                )
                kind = Kind.BEGAN if isinstance(found, Run) else Kind.RESUMED
                self._append(database, call, kind, {**_asked(call), "owner": owner})
            return Claim(found, _state(database, call.session))

    def _finish(self, call: ToolCall, answer: Answer, changes: Mapping[str, Json]) -> Answer:
        with self._transaction() as database:
            stored = _stored(database, call)
            if stored is not None and stored.answer is not None:
                return stored.answer
            database.execute(
                "UPDATE call SET answer = ? WHERE session = ? AND key = ?",
                (msgspec.json.encode(answer).decode(), call.session, call.key),
            )
            for name, value in changes.items():
                _change(database, call.session, name, value)
            database.execute("DELETE FROM turn WHERE session = ? AND key = ?", (call.session, call.key))
            self._append(database, call, Kind.ENDED, {**_asked(call), **_told(answer), "state": dict(changes)})
            return answer

    def _append(self, database: sqlite3.Connection, call: ToolCall, kind: Kind, body: Mapping[str, Json]) -> None:
        at = self._clock.utc().isoformat(timespec="microseconds")
        row = append(_head(database), Entry(at, call.session, call.key, kind, body))
        database.execute(
            f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (row.number, row.at, row.session, row.key, row.kind, row.body, row.previous, row.hash),
        )
        database.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (row.number, row.hash))

    @property
    def _database(self) -> sqlite3.Connection:
        if self._open is None:
            raise StoreBroken(f"{self._path} is not open")
        return self._open

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One writer at a time, over all processes: the head is read and moved on under the same lock."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    async def _in_thread(self, do: Callable[[], Value]) -> Value:
        """A transaction that has begun is finished, also when whoever asked for it is cancelled."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, do)
        except sqlite3.Error as error:
            raise StoreBroken(f"{self._path}: {error}") from error


def _asked(call: ToolCall) -> dict[str, Json]:
    return {"tool": call.tool, "arguments": dict(call.arguments)}


def _told(answer: Answer) -> dict[str, Json]:
    told: dict[str, Json] = msgspec.to_builtins(answer)
    return {**told, "latency_ms": sum(attempt.latency_ms for attempt in answer.attempts)}


def _stored(database: sqlite3.Connection, call: ToolCall) -> Stored | None:
    found = database.execute(
        "SELECT digest, owner, lease_until_s, answer FROM call WHERE session = ? AND key = ?",
        (call.session, call.key),
    ).fetchone()
    if found is None:
        return None
    digest, owner, lease_until_s, answer = found
    return Stored(digest, owner, lease_until_s, msgspec.json.decode(answer, type=Answer) if answer else None)


def _turn(database: sqlite3.Connection, session: str) -> Turn | None:
    found = database.execute("SELECT owner, key, lease_until_s FROM turn WHERE session = ?", (session,)).fetchone()
    return Turn(*found) if found else None


def _state(database: sqlite3.Connection, session: str) -> dict[str, Json]:
    found = database.execute("SELECT name, value FROM state WHERE session = ?", (session,)).fetchall()
    return {name: json.loads(value) for name, value in found}


def _change(database: sqlite3.Connection, session: str, name: str, value: Json) -> None:
    if value is None:
        database.execute("DELETE FROM state WHERE session = ? AND name = ?", (session, name))
    else:
        database.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (session, name, canonical(value)))


def _rows(database: sqlite3.Connection, session: str | None) -> list[Row]:
    of_session = "" if session is None else "WHERE session = ?"
    found = database.execute(
        f"SELECT {COLUMNS} FROM audit {of_session} ORDER BY number", () if session is None else (session,)
    )
    return [Row(*each) for each in found]


def _head(database: sqlite3.Connection) -> Head:
    found = database.execute("SELECT rows, hash FROM head").fetchone()
    return Head(*found) if found else Head()
