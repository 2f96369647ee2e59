"""What was live when the node stopped is closed when it starts again."""

import wave
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mixminus.base.types import Sid
from mixminus.calls.records import (
    FINAL_CALL_STATUSES,
    CallRecord,
    CallStatus,
    ConferenceRecord,
    ConferenceStatus,
    EventRecord,
    ParticipantRecord,
    ParticipantStatus,
    RecordingRecord,
    RecordingSource,
    RecordingStatus,
)
from mixminus.store.contract import Is, Where
from mixminus.store.history import CALL_REASON, CONFERENCE_REASON, Orphans, close_orphans
from mixminus.store.runner import InlineRunner
from mixminus.store.sql import SqlStore
from mixminus.store.suite import ACCOUNT, NOON, call

RESTART = datetime(2026, 1, 3, tzinfo=UTC)


@pytest.fixture
def store() -> SqlStore:
    return SqlStore("sqlite://", run=InlineRunner())


def conference(status: ConferenceStatus) -> ConferenceRecord:
    return ConferenceRecord(Sid("CF" + "1" * 32), ACCOUNT, "Support", status, NOON, NOON)


def participant(status: ParticipantStatus) -> ParticipantRecord:
    return ParticipantRecord(
        Sid("CP" + "1" * 32), ACCOUNT, conference(ConferenceStatus.INIT).sid, call(1).sid, status, NOON, NOON
    )


def recording(status: RecordingStatus) -> RecordingRecord:
    return RecordingRecord(
        Sid("RE" + "1" * 32), ACCOUNT, RecordingSource.CONFERENCE, status, 1, NOON, NOON, NOON, file_name="RE1.wav"
    )


async def test_how_things_ended_is_told_to_those_who_follow(store: SqlStore) -> None:
    await store.save(call(1), conference(ConferenceStatus.IN_PROGRESS))
    numbers = iter((7, 8))
    await close_orphans(store, RESTART, lambda recording: Path(), lambda event: replace(event, number=next(numbers)))
    told = await store.following(EventRecord, "number", 6, 10)
    assert [(event.number, event.name) for event in told] == [(7, "failed"), (8, "conference-end")]


async def restart(store: SqlStore, folder: Path = Path("/nowhere")) -> Orphans:
    return await close_orphans(store, RESTART, lambda recording: folder / recording.file_name)


@pytest.mark.parametrize("status", sorted(set(CallStatus) - FINAL_CALL_STATUSES))
async def test_a_live_call_has_failed_for_a_reason(store: SqlStore, status: CallStatus) -> None:
    await store.save(call(1, status=status))
    (closed,) = (await restart(store)).calls
    assert (closed.status, closed.end_time, closed.end_reason) == (CallStatus.FAILED, RESTART, CALL_REASON)
    assert await store.fetch(CallRecord, closed.sid) == closed


async def test_what_had_ended_stays_as_it_was(store: SqlStore) -> None:
    ended = [call(number, status=status) for number, status in enumerate(sorted(FINAL_CALL_STATUSES))]
    await store.save(*ended, conference(ConferenceStatus.COMPLETED), participant(ParticipantStatus.FAILED))
    await store.save(recording(RecordingStatus.DELETED))
    assert await restart(store) == Orphans((), (), (), ())
    assert await store.query(CallRecord) == tuple(ended)


async def test_a_second_start_finds_nothing_left(store: SqlStore) -> None:
    await store.save(call(1), conference(ConferenceStatus.INIT), participant(ParticipantStatus.QUEUED))
    await restart(store)
    assert await restart(store) == Orphans((), (), (), ())


async def test_a_live_conference_is_completed_and_says_why(store: SqlStore) -> None:
    await store.save(conference(ConferenceStatus.IN_PROGRESS))
    (closed,) = (await restart(store)).conferences
    assert (closed.status, closed.end_detail) == (ConferenceStatus.COMPLETED, CONFERENCE_REASON)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (ParticipantStatus.CONNECTED, ParticipantStatus.COMPLETE),
        (ParticipantStatus.RINGING, ParticipantStatus.FAILED),
        (ParticipantStatus.QUEUED, ParticipantStatus.FAILED),
    ],
)
async def test_a_participant_is_history(store: SqlStore, was: ParticipantStatus, becomes: ParticipantStatus) -> None:
    await store.save(participant(was))
    (closed,) = (await restart(store)).participants
    assert (closed.status, closed.leave_time, closed.live) == (becomes, RESTART, False)


def write_wav(path: Path, *, seconds: float, unfinished: bool) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(round(16_000 * seconds)))
    if unfinished:  # the sizes in the header are as they were when the recorder began
        body = bytearray(path.read_bytes())
        body[4:8] = (36).to_bytes(4, "little")
        body[40:44] = (0).to_bytes(4, "little")
        path.write_bytes(body)


@pytest.mark.parametrize("unfinished", [True, False])
async def test_a_recording_keeps_what_is_on_disk(store: SqlStore, tmp_path: Path, unfinished: bool) -> None:
    write_wav(tmp_path / "RE1.wav", seconds=12.6, unfinished=unfinished)
    await store.save(recording(RecordingStatus.PAUSED))
    (closed,) = (await restart(store, tmp_path)).recordings
    assert (closed.status, closed.duration_s) == (RecordingStatus.COMPLETED, 13)
    assert closed.size_bytes == 44 + round(16_000 * 12.6)


@pytest.mark.parametrize("content", [None, b"", b"RIFF", b"nonsense" * 20])
async def test_a_recording_without_sound_is_absent_with_16101(
    store: SqlStore, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "RE1.wav").write_bytes(content)
    await store.save(recording(RecordingStatus.IN_PROGRESS))
    (closed,) = (await restart(store, tmp_path)).recordings
    assert closed == replace(
        recording(RecordingStatus.ABSENT), error_code=16101, date_updated=RESTART, status=RecordingStatus.ABSENT
    )


async def test_the_end_is_an_event_of_its_own_after_the_ones_there_were(store: SqlStore) -> None:
    await store.save(call(1), conference(ConferenceStatus.IN_PROGRESS))
    await store.save(EventRecord(call(1).sid, 0, "initiated", NOON), EventRecord(call(1).sid, 1, "ringing", NOON))
    await restart(store)
    await restart(store)
    told = await store.query(EventRecord, Where("subject_sid", Is.EQUAL, call(1).sid))
    numbered = [(event.sequence_number, event.name) for event in told]
    assert numbered == [(0, "initiated"), (1, "ringing"), (2, "failed")]
    assert (told[-1].timestamp, told[-1].details) == (RESTART, {"Reason": CALL_REASON})
    (ended,) = await store.query(EventRecord, Where("name", Is.EQUAL, "conference-end"))
    assert (ended.subject_sid, ended.sequence_number) == (conference(ConferenceStatus.INIT).sid, 0)
    assert ended.details == {"Reason": CONFERENCE_REASON}
