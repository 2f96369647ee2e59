"""Every store passes the suite that ships with the contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mixminus.calls.records import CallRecord, EventRecord
from mixminus.store.contract import Store
from mixminus.store.remembering import RememberingStore
from mixminus.store.runner import InlineRunner, ThreadRunner
from mixminus.store.sql import SqlStore
from mixminus.store.suite import CHECKS, Check


@pytest.fixture(params=["inline, in memory", "inline, in a file", "thread, in memory", "thread, in a file"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    url = "sqlite://" if "memory" in request.param else f"sqlite:///{tmp_path / 'mixminus.db'}"
    opened = SqlStore(url, run=InlineRunner() if "inline" in request.param else ThreadRunner())
    yield opened
    opened.close()


@pytest.fixture
def remembering(store: SqlStore) -> Store:
    return RememberingStore(store, frozenset({CallRecord, EventRecord}))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_a_store_keeps_its_promise(store: SqlStore, check: Check) -> None:
    await check(store)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_a_store_that_remembers_keeps_it_too(remembering: Store, check: Check) -> None:
    await check(remembering)
