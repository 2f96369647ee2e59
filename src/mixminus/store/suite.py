"""What every store must do: sentences that a test runs against each of them, on an empty store.

It ships, so that whoever writes another store can run it too.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mixminus.base.types import Sid
from mixminus.calls.records import CallRecord, CallStatus, Direction, EventRecord
from mixminus.store.contract import BadPageToken, Is, Store, Where, Window

Check = Callable[[Store], Awaitable[None]]

ACCOUNT = Sid("AC" + "0" * 32)
NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)


def call(number: int, *, status: CallStatus = CallStatus.QUEUED, created: datetime | None = None) -> CallRecord:
    """The call with that *number*: one second later than the one before it."""
    at = created or NOON + timedelta(seconds=number)
    return CallRecord(
        sid=Sid(f"CA{number:032x}"),
        account_sid=ACCOUNT,
        to="+15005550006",
        from_="client:alice",
        direction=Direction.OUTBOUND_API,
        status=status,
        date_created=at,
        date_updated=at,
    )


def numbers(*calls: CallRecord) -> list[int]:
    return [int(each.sid[2:], 16) for each in calls]


async def what_was_saved_can_be_fetched(store: Store) -> None:
    await store.save(call(1))
    assert await store.fetch(CallRecord, call(1).sid) == call(1)
    assert await store.fetch(CallRecord, call(2).sid) is None


async def saving_again_replaces(store: Store) -> None:
    await store.save(call(1))
    ringing = replace(call(1), status=CallStatus.RINGING)
    await store.save(ringing, call(2))
    assert await store.query(CallRecord) == (ringing, call(2))


async def saving_the_same_values_again_does_no_harm(store: Store) -> None:
    await store.save(call(1), call(1))
    await store.save(call(1))
    assert await store.query(CallRecord) == (call(1),)


async def a_read_sees_every_write_asked_for_before_it(store: Store) -> None:
    for status in CallStatus:
        store.save_soon(call(1, status=status))
        found = await store.fetch(CallRecord, call(1).sid)
        assert found is not None
        assert found.status is status


async def the_last_of_many_writes_wins(store: Store) -> None:
    for number in range(200):
        store.save_soon(replace(call(1), queue_time_ms=number))
    await store.flush()
    assert await store.query(CallRecord) == (replace(call(1), queue_time_ms=199),)


async def writes_of_many_tasks_all_arrive(store: Store) -> None:
    await asyncio.gather(*(store.save(call(number)) for number in range(50)))
    assert numbers(*await store.query(CallRecord)) == list(range(50))


async def what_was_deleted_is_gone(store: Store) -> None:
    await store.save(call(1), call(2))
    await store.delete(CallRecord, call(1).sid)
    await store.delete(CallRecord, call(1).sid)
    assert await store.query(CallRecord) == (call(2),)


async def a_delete_keeps_its_place_between_saves(store: Store) -> None:
    store.save_soon(call(1))
    await store.delete(CallRecord, call(1).sid)
    store.save_soon(replace(call(1), queue_time_ms=7))
    assert await store.fetch(CallRecord, call(1).sid) == replace(call(1), queue_time_ms=7)


async def conditions_are_joined_by_and(store: Store) -> None:
    await store.save(call(1), call(2, status=CallStatus.BUSY), call(3, status=CallStatus.BUSY))
    busy = Where("status", Is.EQUAL, "busy")
    later = Where("date_created", Is.AT_LEAST, call(3).date_created)
    assert numbers(*await store.query(CallRecord, busy)) == [2, 3]
    assert numbers(*await store.query(CallRecord, busy, later)) == [3]


async def every_comparison_compares(store: Store) -> None:
    await store.save(*(call(number) for number in (1, 2, 3)))
    middle = call(2).date_created
    expected = {Is.EQUAL: [2], Is.NOT: [1, 3], Is.BELOW: [1], Is.BELOW_OR_EQUAL: [1, 2], Is.AT_LEAST: [2, 3]}
    for is_, found in expected.items():
        assert numbers(*await store.query(CallRecord, Where("date_created", is_, middle))) == found


async def none_is_a_value_to_compare_with(store: Store) -> None:
    await store.save(call(1), replace(call(2), caller_name="Ada"))
    assert numbers(*await store.query(CallRecord, Where("caller_name", Is.EQUAL, None))) == [1]
    assert numbers(*await store.query(CallRecord, Where("caller_name", Is.NOT, None))) == [2]
    assert numbers(*await store.query(CallRecord, Where("caller_name", Is.NOT, "Ada"))) == [1]


async def pages_go_forward_newest_first_and_back_again(store: Store) -> None:
    await store.save(*(call(number) for number in range(7)))
    first = await store.page(CallRecord, Window(3))
    second = await store.page(CallRecord, Window(3, first.next_token))
    third = await store.page(CallRecord, Window(3, second.next_token))
    assert [numbers(*page.records) for page in (first, second, third)] == [[6, 5, 4], [3, 2, 1], [0]]
    assert first.previous_token is None
    assert third.next_token is None
    back = await store.page(CallRecord, Window(3, third.previous_token))
    assert back.records == second.records
    start = await store.page(CallRecord, Window(3, back.previous_token))
    assert start.records == first.records
    assert start.previous_token is None


async def a_last_page_that_is_exactly_full_has_no_next(store: Store) -> None:
    await store.save(*(call(number) for number in range(4)))
    first = await store.page(CallRecord, Window(2))
    second = await store.page(CallRecord, Window(2, first.next_token))
    assert second.next_token is None


async def records_of_one_moment_are_paged_by_sid(store: Store) -> None:
    await store.save(*(call(number, created=NOON) for number in range(5)))
    seen: list[int] = []
    token: str | None = None
    for _ in range(3):
        page = await store.page(CallRecord, Window(2, token))
        seen += numbers(*page.records)
        token = page.next_token
    assert seen == [4, 3, 2, 1, 0]


async def newer_records_do_not_shift_the_next_page(store: Store) -> None:
    await store.save(*(call(number) for number in range(4)))
    first = await store.page(CallRecord, Window(2))
    await store.save(call(9))
    assert numbers(*(await store.page(CallRecord, Window(2, first.next_token))).records) == [1, 0]


async def deleting_a_page_does_not_lose_the_next(store: Store) -> None:
    await store.save(*(call(number) for number in range(4)))
    first = await store.page(CallRecord, Window(2))
    for record in first.records:
        await store.delete(CallRecord, record.sid)
    assert numbers(*(await store.page(CallRecord, Window(2, first.next_token))).records) == [1, 0]


async def a_page_keeps_to_its_conditions(store: Store) -> None:
    statuses = (CallStatus.BUSY, CallStatus.QUEUED)
    await store.save(*(call(number, status=statuses[number % 2]) for number in range(6)))
    busy = Where("status", Is.EQUAL, CallStatus.BUSY)
    first = await store.page(CallRecord, Window(2), busy)
    second = await store.page(CallRecord, Window(2, first.next_token), busy)
    assert [numbers(*page.records) for page in (first, second)] == [[4, 2], [0]]


async def tokens_begin_as_twilios_do(store: Store) -> None:
    await store.save(*(call(number) for number in range(3)))
    first = await store.page(CallRecord, Window(1))
    second = await store.page(CallRecord, Window(1, first.next_token))
    assert (first.next_token or "").startswith("PA" + call(2).sid)
    assert (second.previous_token or "").startswith("PB" + call(1).sid)


async def a_token_from_elsewhere_is_refused_with_21481(store: Store) -> None:
    sid = call(1).sid
    for token in (
        "",
        "PA",
        "nonsense",
        f"PA{sid}",
        f"PC{sid}0",
        f"PA{sid}{'f' * 15}",
        "PAPN" + "0" * 32 + "0",
        "PA\0",
    ):
        assert await _refusal(store, token) == 21481, f"{token!r} was accepted"


async def _refusal(store: Store, token: str) -> int | None:
    try:
        await store.page(CallRecord, Window(2, token))
    except BadPageToken as refusal:
        return refusal.code
    return None


async def events_are_kept_per_subject_and_number(store: Store) -> None:
    conference, other = Sid("CF" + "1" * 32), Sid("CF" + "2" * 32)
    events = [
        EventRecord(conference, number, "participant-join", NOON, details={"Muted": "true"}) for number in (2, 1)
    ]
    await store.save(*events, EventRecord(other, 1, "conference-end", NOON))
    found = await store.query(EventRecord, Where("subject_sid", Is.EQUAL, conference))
    assert found == (events[1], events[0])


async def numbered_events_are_followed_in_order(store: Store) -> None:
    subject = Sid("CF" + "3" * 32)
    assert await store.highest(EventRecord, "number") is None
    events = [EventRecord(subject, 9 - number, "participant-join", NOON, number=number) for number in range(1, 6)]
    await store.save(*events[::-1], EventRecord(subject, 10, "old", NOON))
    assert await store.highest(EventRecord, "number") == 5
    assert await store.following(EventRecord, "number", 1, 3) == tuple(events[1:4])
    assert await store.following(EventRecord, "number", 5, 3) == ()


async def what_was_to_be_forgotten_is_gone_for_the_next_read(store: Store) -> None:
    await store.save(call(1), call(2), call(3))
    store.save_soon(call(4))
    store.forget_soon(CallRecord, Where("sid", Is.BELOW, call(3).sid))
    assert await store.query(CallRecord) == (call(3), call(4))


async def what_matches_is_forgotten_and_the_rest_stays(store: Store) -> None:
    await store.save(*(call(minute) for minute in range(4)))
    await store.forget(CallRecord, Where("date_created", Is.BELOW, call(2).date_created))
    assert [kept.sid for kept in await store.query(CallRecord)] == [call(2).sid, call(3).sid]


CHECKS: tuple[Check, ...] = (
    what_was_saved_can_be_fetched,
    saving_again_replaces,
    saving_the_same_values_again_does_no_harm,
    a_read_sees_every_write_asked_for_before_it,
    the_last_of_many_writes_wins,
    writes_of_many_tasks_all_arrive,
    what_was_deleted_is_gone,
    a_delete_keeps_its_place_between_saves,
    what_matches_is_forgotten_and_the_rest_stays,
    conditions_are_joined_by_and,
    every_comparison_compares,
    none_is_a_value_to_compare_with,
    pages_go_forward_newest_first_and_back_again,
    a_last_page_that_is_exactly_full_has_no_next,
    records_of_one_moment_are_paged_by_sid,
    newer_records_do_not_shift_the_next_page,
    deleting_a_page_does_not_lose_the_next,
    a_page_keeps_to_its_conditions,
    tokens_begin_as_twilios_do,
    a_token_from_elsewhere_is_refused_with_21481,
    events_are_kept_per_subject_and_number,
    numbered_events_are_followed_in_order,
    what_was_to_be_forgotten_is_gone_for_the_next_read,
)
