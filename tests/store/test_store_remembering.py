"""What a store that remembers asks its database, and what it does not."""

import asyncio
from collections.abc import Sequence

import pytest

from mixminus.calls.records import CallRecord, EventRecord, Record
from mixminus.store.contract import Is, R, Where
from mixminus.store.remembering import MOST_ANSWERS, RememberingStore
from mixminus.store.runner import InlineRunner
from mixminus.store.sql import SqlStore
from mixminus.store.suite import call

TO = Where("to", Is.EQUAL, call(1).to)


class Counting(SqlStore):
    """A store that counts the questions it is asked, and answers them when it is let."""

    def __init__(self) -> None:
        super().__init__("sqlite://", run=InlineRunner())
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def fetch(self, kind: type[R], sid: str) -> R | None:
        self.asked += 1
        return await super().fetch(kind, sid)

    async def query(self, kind: type[R], *conditions: Where) -> Sequence[R]:
        self.asked += 1
        found = await super().query(kind, *conditions)
        await self.may_answer.wait()
        return found


@pytest.fixture
async def database() -> Counting:
    return Counting()


@pytest.fixture
def store(database: Counting) -> RememberingStore:
    return RememberingStore(database, frozenset[type[Record]]({CallRecord}))


async def test_a_question_is_asked_once(database: Counting, store: RememberingStore) -> None:
    await store.save(call(1))
    for _ in range(3):
        assert await store.query(CallRecord, TO) == (call(1),)
        assert await store.fetch(CallRecord, call(1).sid) == call(1)
    assert database.asked == 2


async def test_whatever_is_written_or_deleted_of_that_kind_is_seen_at_once(store: RememberingStore) -> None:
    await store.save(call(1))
    assert await store.query(CallRecord, TO) == (call(1),)
    store.save_soon(call(2))
    assert await store.query(CallRecord, TO) == (call(1), call(2))
    await store.delete(CallRecord, call(1).sid)
    assert await store.query(CallRecord, TO) == (call(2),)
    assert await store.fetch(CallRecord, call(1).sid) is None


async def test_an_answer_that_was_overtaken_by_a_write_is_not_kept(
    database: Counting, store: RememberingStore
) -> None:
    await store.save(call(1))
    database.may_answer.clear()
    slow = asyncio.create_task(store.query(CallRecord, TO))
    await asyncio.sleep(0)
    await store.save(call(2))
    database.may_answer.set()
    assert await slow == (call(1),), "what was true when it was asked"
    assert await store.query(CallRecord, TO) == (call(1), call(2))


async def test_what_is_not_there_is_asked_for_every_time(database: Counting, store: RememberingStore) -> None:
    for _ in range(2):
        assert await store.query(CallRecord, TO) == ()
    assert database.asked == 2


async def test_other_kinds_are_always_asked_for(database: Counting, store: RememberingStore) -> None:
    for _ in range(2):
        await store.query(EventRecord)
    assert database.asked == 2


async def test_there_is_an_end_to_what_is_kept(database: Counting, store: RememberingStore) -> None:
    await store.save(call(1))
    conditions = [Where("date_created", Is.BELOW, call(2 + number).date_created) for number in range(MOST_ANSWERS)]
    for condition in conditions:
        store._answers[CallRecord][condition,] = (call(1),)
    await store.query(CallRecord, TO)
    await store.query(CallRecord, TO)
    assert database.asked == 2
