"""What a node does with the past when it starts: whatever was live when it stopped is closed, with a reason."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

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
    ReasonConferenceEnded,
    ReasonParticipantLeft,
    RecordingRecord,
    RecordingStatus,
)
from mixminus.store.contract import Is, Store, Where
from mixminus.store.wav import mended_wav

CALL_REASON: Final = "The node stopped while this call was live."
CONFERENCE_REASON: Final = "The node stopped while this conference was live."

CONFERENCE_END: Final = "conference-end"

TOO_SHORT: Final = 16101

FileOf = Callable[[RecordingRecord], Path]
"""Where a recording's WAV is."""

Numbered = Callable[[EventRecord], EventRecord]
"""Gives an event its place among all of the account."""


@dataclass(frozen=True, slots=True)
class Orphans:
    """What was live, as it stands now: its owners are owed callbacks."""

    calls: tuple[CallRecord, ...]
    conferences: tuple[ConferenceRecord, ...]
    participants: tuple[ParticipantRecord, ...]
    recordings: tuple[RecordingRecord, ...]


async def close_orphans(
    store: Store, at: datetime, file_of: FileOf, numbered: Numbered = lambda event: event
) -> Orphans:
    """Close what the last run left open, in one transaction. *at* is now. Run it before anything new is live."""
    calls = await store.query(CallRecord, *(Where("status", Is.NOT, status) for status in FINAL_CALL_STATUSES))
    conferences = await store.query(ConferenceRecord, Where("status", Is.NOT, ConferenceStatus.COMPLETED))
    participants = await store.query(
        ParticipantRecord,
        Where("status", Is.NOT, ParticipantStatus.COMPLETE),
        Where("status", Is.NOT, ParticipantStatus.FAILED),
    )
    recordings = await store.query(
        RecordingRecord,
        Where("status", Is.NOT, RecordingStatus.COMPLETED),
        Where("status", Is.NOT, RecordingStatus.ABSENT),
        Where("status", Is.NOT, RecordingStatus.DELETED),
    )
    orphans = Orphans(
        calls=tuple(closed_call(call, at) for call in calls),
        conferences=tuple(closed_conference(conference, at) for conference in conferences),
        participants=tuple(closed_participant(participant, at) for participant in participants),
        recordings=tuple(closed_recording(recording, at, file_of(recording)) for recording in recordings),
    )
    events = [
        *[await _last_event(store, call.sid, CallStatus.FAILED.value, CALL_REASON, at) for call in calls],
        *[await _last_event(store, room.sid, CONFERENCE_END, CONFERENCE_REASON, at) for room in conferences],
    ]
    await store.save(
        *orphans.calls, *orphans.conferences, *orphans.participants, *orphans.recordings, *map(numbered, events)
    )
    return orphans


async def _last_event(store: Store, subject: Sid, name: str, reason: str, at: datetime) -> EventRecord:
    """The end, numbered after everything that happened before (law 6: a failure reaches the event log)."""
    known = await store.query(EventRecord, Where("subject_sid", Is.EQUAL, subject))
    number = max((event.sequence_number + 1 for event in known), default=0)
    return EventRecord(subject, number, name, at, details={"Reason": reason})


def closed_call(call: CallRecord, at: datetime) -> CallRecord:
    """Failed. Nobody knows how long it lasted, so `duration_s` stays unsaid."""
    return replace(call, status=CallStatus.FAILED, end_time=at, date_updated=at, end_reason=CALL_REASON)


def closed_conference(conference: ConferenceRecord, at: datetime) -> ConferenceRecord:
    """Completed: everybody left. Twilio has no reason for a server that stopped; the detail says it."""
    return replace(
        conference,
        status=ConferenceStatus.COMPLETED,
        end_time=at,
        date_updated=at,
        reason_conference_ended=ReasonConferenceEnded.LAST_LEFT,
        end_detail=CONFERENCE_REASON,
    )


def closed_participant(participant: ParticipantRecord, at: datetime) -> ParticipantRecord:
    """Complete when it had been in the room, failed when it was still being dialled."""
    was_in = participant.status is ParticipantStatus.CONNECTED
    return replace(
        participant,
        status=ParticipantStatus.COMPLETE if was_in else ParticipantStatus.FAILED,
        reason_left=ReasonParticipantLeft.HUNG_UP if was_in else ReasonParticipantLeft.ADD_FAILED,
        leave_time=at,
        date_updated=at,
    )


def closed_recording(recording: RecordingRecord, at: datetime, file: Path) -> RecordingRecord:
    """Completed with what is on disk; absent (16101) when that is nothing."""
    measured = mended_wav(file)
    if measured is None:
        return replace(recording, status=RecordingStatus.ABSENT, error_code=TOO_SHORT, date_updated=at)
    return replace(
        recording,
        status=RecordingStatus.COMPLETED,
        duration_s=measured.duration_s,
        size_bytes=measured.size_bytes,
        date_updated=at,
    )
