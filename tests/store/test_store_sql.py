"""What is particular to the SQL store: failures, crashes, versions, speed."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from mixminus.calls.records import CallRecord
from mixminus.store.jobs import Job, Save
from mixminus.store.migrations.upgrade import DatabaseTooNew
from mixminus.store.rows.columns import metadata
from mixminus.store.runner import CarryOut, InlineRunner, StoreClosed, ThreadRunner
from mixminus.store.sql import DatabaseUnusable, SqlStore
from mixminus.store.suite import call, numbers

UNSAVABLE = replace(call(9), queue_time_ms=object())  # type: ignore[arg-type]
"""A record that no database takes."""


class Gathering:
    """A runner that holds everything back until it is told to carry it out as one batch."""

    def __init__(self) -> None:
        self.held: list[Job] = []

    def start(self, carry_out: CarryOut) -> None:
        self._carry_out = carry_out

    def submit(self, job: Job) -> None:
        self.held.append(job)

    def release(self) -> None:
        held: Sequence[Job] = self.held
        self.held = []
        self._carry_out(held)

    def stop(self) -> None: ...

    @property
    def backlog(self) -> int:
        return len(self.held)


async def test_a_save_that_fails_fails_alone() -> None:
    run = Gathering()
    store = SqlStore("sqlite://", run=run)
    good, bad, better = (asyncio.ensure_future(store.save(record)) for record in (call(1), UNSAVABLE, call(2)))
    await asyncio.sleep(0)
    assert store.backlog == 3
    run.release()
    await asyncio.gather(good, better)
    with pytest.raises(SQLAlchemyError):
        await bad
    found = asyncio.ensure_future(store.query(CallRecord))
    await asyncio.sleep(0)
    run.release()
    assert numbers(*await found) == [1, 2]


async def test_what_save_soon_could_not_do_is_told_by_flush_and_by_the_log(caplog: pytest.LogCaptureFixture) -> None:
    store = SqlStore("sqlite://", run=InlineRunner())
    store.save_soon(UNSAVABLE)
    with pytest.raises(SQLAlchemyError):
        await store.flush()
    await store.flush()
    assert "could not be saved" in caplog.text
    assert call(9).to not in caplog.text, "no number may reach the log"


class Disk:
    """SQLite's own bound stands in for a disk: it fails in the same way."""

    def __init__(self, store: SqlStore) -> None:
        self._connection = store._session._connection

    def fill(self) -> None:
        self._set(int(self._connection.scalar(text("PRAGMA page_count"))))
        self._connection.rollback()

    def make_room(self) -> None:
        self._set(1 << 30)

    def _set(self, pages: int) -> None:
        self._connection.execute(text(f"PRAGMA max_page_count={pages}"))
        self._connection.rollback()


LONG = "x" * 50_000
"""More than the pages that are there have room for."""


async def test_what_a_full_disk_did_not_take_is_written_when_there_is_room(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'mixminus.db'}", run=InlineRunner())
    await store.save(call(1))
    disk = Disk(store)
    disk.fill()
    for number in (2, 3):
        store.save_soon(replace(call(number), end_reason=LONG))
    store.save_soon(replace(call(3), end_reason=LONG + "newer"))
    with pytest.raises(SQLAlchemyError):
        await store.save(replace(call(4), end_reason=LONG))
    assert numbers(*await store.query(CallRecord)) == [1], "reading goes on"
    store.save_soon(replace(call(2), end_reason="newest"))
    disk.make_room()
    found = {one.sid: one.end_reason for one in await store.query(CallRecord)}
    assert found == {call(1).sid: None, call(2).sid: "newest", call(3).sid: LONG + "newer"}
    store.save_soon(replace(call(3), end_reason="last"))
    assert {one.end_reason for one in await store.query(CallRecord)} == {None, "newest", "last"}


async def test_a_store_that_is_closed_writes_what_it_owes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'mixminus.db'}"
    store = SqlStore(url, run=InlineRunner())
    disk = Disk(store)
    disk.fill()
    store.save_soon(replace(call(1), end_reason=LONG))
    disk.make_room()
    store.close()
    reopened = SqlStore(url, run=InlineRunner())
    assert numbers(*await reopened.query(CallRecord)) == [1]
    reopened.close()


async def test_a_save_whose_caller_is_cancelled_is_carried_out() -> None:
    run = Gathering()
    store = SqlStore("sqlite://", run=run)
    saving = asyncio.ensure_future(store.save(call(1)))
    await asyncio.sleep(0)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    run.release()
    found = asyncio.ensure_future(store.query(CallRecord))
    await asyncio.sleep(0)
    run.release()
    assert numbers(*await found) == [1]


async def test_what_is_asked_of_a_closed_store_is_refused(tmp_path: Path) -> None:
    for run in (InlineRunner(), ThreadRunner()):
        store = SqlStore(f"sqlite:///{tmp_path / 'mixminus.db'}", run=run)
        store.save_soon(call(1))
        store.close()
        store.close()
        with pytest.raises(StoreClosed):
            await store.save(call(2))


async def test_closing_finishes_what_was_asked_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'mixminus.db'}"
    store = SqlStore(url)
    for number in range(3_000):
        store.save_soon(call(number))
    store.close()
    reopened = SqlStore(url, run=InlineRunner())
    assert len(await reopened.query(CallRecord)) == 3_000
    reopened.close()


def test_the_migrations_make_the_tables_that_the_code_expects(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'mixminus.db'}"
    SqlStore(url, run=InlineRunner()).close()
    with create_engine(url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"


def test_a_database_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "mixminus.db"
    SqlStore(f"sqlite:///{file}", run=InlineRunner()).close()
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("UPDATE meta SET value = '7.1' WHERE name = 'mixminus_version'"))
    with pytest.raises(DatabaseTooNew, match=r"7\.1"):
        SqlStore(f"sqlite:///{file}", run=InlineRunner())
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    engine.dispose()


def test_a_database_that_cannot_be_used_is_named_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "mixminus.db"
    file.write_bytes(b"no database at all, " * 100)
    with pytest.raises(DatabaseUnusable, match=rf"^The database {file} cannot be used: file is not a database\. "):
        SqlStore(f"sqlite:///{file}", run=InlineRunner())
    with pytest.raises(DatabaseUnusable, match="unable to open database file"):
        SqlStore(f"sqlite:///{tmp_path}", run=InlineRunner())


async def test_writes_asked_for_together_are_committed_together(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'mixminus.db'}")
    transactions = 0

    def count(_connection: object) -> None:
        nonlocal transactions
        transactions += 1

    event.listen(Engine, "commit", count)
    try:
        for number in range(5_000):
            store.save_soon(call(number))
        await store.flush()
    finally:
        event.remove(Engine, "commit", count)
        store.close()
    assert transactions < 500


CHILD = """
import asyncio, itertools, sys
from mixminus.store.sql import DatabaseUnusable, SqlStore
from mixminus.store.suite import call

async def main() -> None:
    store = SqlStore(sys.argv[1])
    for number in itertools.count():
        await store.save(call(number))
        print(number, flush=True)

asyncio.run(main())
"""


async def every_call(store: SqlStore) -> list[int]:
    return numbers(*await store.query(CallRecord))


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'mixminus.db'}"
    with subprocess.Popen([sys.executable, "-c", CHILD, url], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        acknowledged = [int(child.stdout.readline()) for _ in range(200)]
        child.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in child.stdout.read().split("\n")[:-1]]
    store = SqlStore(url)
    found = asyncio.run(every_call(store))
    assert set(acknowledged) <= set(found)
    store.close()


def test_the_database_has_a_thread_of_its_own() -> None:
    used: list[str] = []
    run = ThreadRunner()
    run.start(lambda jobs: used.append(threading.current_thread().name))
    run.submit(Save(()))
    run.stop()
    assert used == ["mixminus-store"]
