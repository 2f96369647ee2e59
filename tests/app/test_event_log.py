"""Events in one order, for those who follow them now and those who come back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from mixminus.app.eventlog import event_log
from mixminus.app.eventlog.event_log import EventLog, conference_of, type_of
from mixminus.base.types import Sid
from mixminus.calls.records import EventRecord
from mixminus.store.runner import InlineRunner
from mixminus.store.sql import SqlStore
from mixminus.testing.virtual_time import run_virtual

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ROOM, CALL, RECORDING = Sid("CF" + "1" * 32), Sid("CA" + "1" * 32), Sid("RE" + "1" * 32)


def event(number: int) -> EventRecord:
    return EventRecord(ROOM, number, "participant-join", NOON)


def story(tell: Callable[[EventLog, SqlStore], Awaitable[None]]) -> None:
    async def main() -> None:
        store = SqlStore("sqlite://", InlineRunner())
        await tell(EventLog(store), store)
        store.close()

    run_virtual(main())


async def heard(log: EventLog, after: int, most: int, silence_s: float = 10) -> list[int]:
    """The numbers of the first *most* events behind *after*."""
    numbers: list[int] = []
    async for events in log.follow(after, silence_s):
        numbers += [each.number or 0 for each in events]
        if len(numbers) >= most:
            break
    return numbers


def test_who_follows_hears_what_happens_in_order() -> None:
    async def tell(log: EventLog, store: SqlStore) -> None:
        listening = asyncio.create_task(heard(log, log.number, 3))
        await asyncio.sleep(1)
        for number in range(3):
            log.write(event(number))
            await asyncio.sleep(0.01 * number)
        assert await listening == [1, 2, 3]

    story(tell)


def test_who_comes_back_goes_on_where_it_was_though_the_node_was_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "BATCH", 2)

    async def tell(log: EventLog, store: SqlStore) -> None:
        for number in range(7):
            log.write(event(number))
        again = EventLog(store)
        await again.restore()
        again.write(event(7))
        assert await heard(again, 3, 5) == [4, 5, 6, 7, 8]

    story(tell)


def test_silence_is_told_and_the_end_ends() -> None:
    async def tell(log: EventLog, store: SqlStore) -> None:
        beats = []
        asyncio.get_running_loop().call_later(35, log.close)
        began = asyncio.get_running_loop().time()
        async for events in log.follow(0, 10):
            beats.append(tuple(events))
        assert beats == [(), (), ()]
        assert asyncio.get_running_loop().time() - began == pytest.approx(35)

    story(tell)


def test_who_leaves_is_forgotten() -> None:
    async def tell(log: EventLog, store: SqlStore) -> None:
        listening = asyncio.create_task(heard(log, 0, 1))
        await asyncio.sleep(1)
        assert len(log) == 1
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert len(log) == 0

    story(tell)


def test_a_burst_is_read_together() -> None:
    """However much happens, each follower asks the database twenty times a second at most."""

    async def tell(log: EventLog, store: SqlStore) -> None:
        readings = 0

        async def count() -> None:
            nonlocal readings
            async for events in log.follow(0, 10):
                readings += 1
                if events[-1].number == 1000:
                    return

        counting = asyncio.create_task(count())
        for number in range(1000):
            log.write(event(number))
            await asyncio.sleep(0.001)
        await counting
        assert readings <= 1 / event_log.PACE_S + 2

    story(tell)


def test_types_and_conferences_of_events() -> None:
    assert type_of(EventRecord(CALL, 0, "ringing", NOON, CALL)) == "call-ringing"
    assert type_of(event(0)) == "participant-join"
    recorded = EventRecord(RECORDING, 0, "recording-completed", NOON, None, {"ConferenceSid": ROOM})
    assert [conference_of(each) for each in (event(0), recorded)] == [ROOM, ROOM]
    assert conference_of(EventRecord(CALL, 0, "ringing", NOON, CALL, {"ConferenceSid": "forged"})) is None
