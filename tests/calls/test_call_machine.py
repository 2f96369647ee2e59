"""The life of a call (reference, sections 4.5, 5.2, 5.3)."""

from datetime import UTC, datetime, timedelta

import pytest

from mixminus.base.types import Sid
from mixminus.calls.call import Call, CallHappened
from mixminus.calls.records import FINAL_CALL_STATUSES, CallRecord, CallStatus, Direction
from mixminus.calls.states import IllegalStep

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def a_call(status: CallStatus = CallStatus.QUEUED) -> Call:
    direction = Direction.INBOUND if status is CallStatus.RINGING else Direction.OUTBOUND_API
    sid, account = Sid("CA" + "0" * 32), Sid("AC" + "0" * 32)
    return Call(
        CallRecord(sid, account, "sip:bob@example.com", "sip:alice@example.com", direction, status, START, START)
    )


def an_answered_call() -> Call:
    call = a_call(CallStatus.RINGING)
    call.answered(at(10))
    call.drain()
    return call


def test_section_4_5_the_four_events_in_order_from_0() -> None:
    call = a_call()
    call.dialling(at(1))
    call.ringing(at(2))
    call.answered(at(3))
    call.ended(CallStatus.COMPLETED, at(65), "Bob hung up.")
    told = [(event.sequence_number, event.token, event.status.value, event.timestamp) for event in call.drain()]
    assert told == [
        (0, "initiated", "initiated", at(1)),
        (1, "ringing", "ringing", at(2)),
        (2, "answered", "in-progress", at(3)),
        (3, "completed", "completed", at(65)),
    ]


@pytest.mark.parametrize("status", sorted(FINAL_CALL_STATUSES))
def test_section_4_5_any_end_is_told_as_completed(status: CallStatus) -> None:
    call = a_call()
    call.dialling(at(1))
    call.drain()
    call.ended(status, at(2))
    assert [(event.token, event.status) for event in call.drain()] == [("completed", status)]


def test_section_4_5_duration_counts_from_the_answer_and_minutes_are_rounded_up() -> None:
    call = an_answered_call()
    call.ended(CallStatus.COMPLETED, at(71.9))
    assert _last(call).details == {"CallDuration": "61", "Duration": "2"}
    assert call.record().duration_s == 61


@pytest.mark.parametrize(("seconds", "minutes"), [(0, "1"), (59, "1"), (60, "1"), (61, "2"), (3600, "60")])
def test_section_4_5_duration_in_minutes(seconds: float, minutes: str) -> None:
    call = an_answered_call()
    call.ended(CallStatus.COMPLETED, at(10 + seconds))
    assert _last(call).details["Duration"] == minutes


@pytest.mark.parametrize(("status", "sip_code"), [(CallStatus.BUSY, 486), (CallStatus.NO_ANSWER, 487)])
def test_section_4_5_an_unanswered_call_has_no_minutes_and_a_sip_code(status: CallStatus, sip_code: int) -> None:
    call = a_call()
    call.dialling(at(1))
    call.ended(status, at(30), sip_code=sip_code)
    assert _last(call).details == {"CallDuration": "0", "SipResponseCode": str(sip_code)}


def test_section_5_2_times_of_an_answered_call() -> None:
    call = an_answered_call()
    call.ended(CallStatus.COMPLETED, at(20), "Bob hung up.")
    record = call.record()
    assert (record.start_time, record.end_time, record.date_updated) == (at(10), at(20), at(20))
    assert record.end_reason == "Bob hung up."


def test_section_5_2_times_of_a_call_that_nobody_answered() -> None:
    call = a_call(CallStatus.RINGING)
    call.ended(CallStatus.NO_ANSWER, at(20))
    record = call.record()
    assert (record.start_time, record.end_time, record.duration_s) == (START, at(20), 0)


def test_section_5_2_a_call_that_never_left_the_queue_never_started() -> None:
    call = a_call()
    call.ended(CallStatus.CANCELED, at(20))
    assert call.record().start_time is None


def test_a_clock_that_was_set_back_gives_no_negative_duration() -> None:
    call = an_answered_call()
    call.ended(CallStatus.COMPLETED, at(3))
    assert call.record().duration_s == 0


def test_queue_time_is_kept() -> None:
    call = a_call()
    call.dialling(at(1), queue_time_ms=1000)
    assert call.record().queue_time_ms == 1000


def test_phones_may_say_twice_that_they_ring() -> None:
    call = a_call()
    call.dialling(at(1))
    call.ringing(at(2))
    call.ringing(at(3))
    assert [event.token for event in call.drain()] == ["initiated", "ringing"]


def test_an_inbound_call_is_answered_first_thing() -> None:
    call = a_call(CallStatus.RINGING)
    call.answered(at(1))
    assert [(event.sequence_number, event.token) for event in call.drain()] == [(0, "answered")]


def test_a_call_ends_once() -> None:
    call = an_answered_call()
    call.ended(CallStatus.COMPLETED, at(20))
    record, _ = call.record(), call.drain()
    assert call.over
    with pytest.raises(IllegalStep):
        call.ended(CallStatus.FAILED, at(21))
    assert (call.record(), call.drain()) == (record, ())


@pytest.mark.parametrize("status", sorted(set(CallStatus) - FINAL_CALL_STATUSES))
def test_a_call_does_not_end_as_something_that_is_no_end(status: CallStatus) -> None:
    call = an_answered_call()
    with pytest.raises(IllegalStep):
        call.ended(status, at(20))
    assert call.record().end_time is None
    assert not call.over


def test_what_was_never_dialled_does_not_ring_or_answer() -> None:
    call = a_call()
    for command in (call.ringing, call.answered):
        with pytest.raises(IllegalStep):
            command(at(1))
    assert (call.record().status, call.drain()) == (CallStatus.QUEUED, ())


def _last(call: Call) -> CallHappened:
    return call.drain()[-1]
