"""Conferences, and everybody who was ever in one."""

from typing import Any

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table, Text

from mixminus.base import sids
from mixminus.calls.records import (
    ConferenceRecord,
    ConferenceStatus,
    ParticipantRecord,
    ParticipantStatus,
    ReasonConferenceEnded,
    ReasonParticipantLeft,
)
from mixminus.store.rows.columns import Kind, Row, identity, metadata, moment, sid

conferences = Table(
    "conferences",
    metadata,
    *identity(),
    Column("friendly_name", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("region", String(8), nullable=False),
    moment("start_time"),
    moment("end_time"),
    Column("reason_conference_ended", String(64)),
    sid("call_sid_ending_conference"),
    Column("end_detail", Text),
    Index("conferences_by_date", "date_created", "sid"),
    Index("conferences_by_name", "friendly_name", "status"),
    Index("conferences_by_status", "status"),
)

participants = Table(
    "participants",
    metadata,
    *identity(),
    sid("conference_sid", nullable=False),
    sid("call_sid", nullable=False),
    Column("status", String(16), nullable=False),
    Column("label", Text),
    Column("muted", Boolean, nullable=False),
    Column("hold", Boolean, nullable=False),
    Column("coaching", Boolean, nullable=False),
    Column("call_sids_to_coach", JSON, nullable=False),
    Column("moderator", Boolean, nullable=False),
    Column("start_conference_on_enter", Boolean, nullable=False),
    Column("end_conference_on_exit", Boolean, nullable=False),
    Column("queue_time_ms", Integer),
    moment("join_time"),
    moment("leave_time"),
    Column("reason_left", String(64)),
    Index("participants_by_date", "date_created", "sid"),
    Index("participants_by_conference", "conference_sid", "date_created", "sid"),
    Index("participants_by_call", "call_sid"),
    Index("participants_by_status", "status"),
)


def conference_to_row(conference: ConferenceRecord) -> dict[str, Any]:
    reason = conference.reason_conference_ended
    return {
        "sid": conference.sid,
        "account_sid": conference.account_sid,
        "date_created": conference.date_created,
        "date_updated": conference.date_updated,
        "friendly_name": conference.friendly_name,
        "status": conference.status.value,
        "region": conference.region,
        "start_time": conference.start_time,
        "end_time": conference.end_time,
        "reason_conference_ended": reason and reason.value,
        "call_sid_ending_conference": conference.call_sid_ending_conference,
        "end_detail": conference.end_detail,
    }


def conference_from_row(row: Row) -> ConferenceRecord:
    reason = row["reason_conference_ended"]
    return ConferenceRecord(
        sid=row["sid"],
        account_sid=row["account_sid"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
        friendly_name=row["friendly_name"],
        status=ConferenceStatus(row["status"]),
        region=row["region"],
        start_time=row["start_time"],
        end_time=row["end_time"],
        reason_conference_ended=None if reason is None else ReasonConferenceEnded(reason),
        call_sid_ending_conference=row["call_sid_ending_conference"],
        end_detail=row["end_detail"],
    )


def participant_to_row(participant: ParticipantRecord) -> dict[str, Any]:
    reason = participant.reason_left
    return {
        "sid": participant.sid,
        "account_sid": participant.account_sid,
        "date_created": participant.date_created,
        "date_updated": participant.date_updated,
        "conference_sid": participant.conference_sid,
        "call_sid": participant.call_sid,
        "status": participant.status.value,
        "label": participant.label,
        "muted": participant.muted,
        "hold": participant.hold,
        "coaching": participant.coaching,
        "call_sids_to_coach": list(participant.call_sids_to_coach),
        "moderator": participant.moderator,
        "start_conference_on_enter": participant.start_conference_on_enter,
        "end_conference_on_exit": participant.end_conference_on_exit,
        "queue_time_ms": participant.queue_time_ms,
        "join_time": participant.join_time,
        "leave_time": participant.leave_time,
        "reason_left": reason and reason.value,
    }


def participant_from_row(row: Row) -> ParticipantRecord:
    reason = row["reason_left"]
    return ParticipantRecord(
        sid=row["sid"],
        account_sid=row["account_sid"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
        conference_sid=row["conference_sid"],
        call_sid=row["call_sid"],
        status=ParticipantStatus(row["status"]),
        label=row["label"],
        muted=row["muted"],
        hold=row["hold"],
        coaching=row["coaching"],
        call_sids_to_coach=tuple(row["call_sids_to_coach"]),
        moderator=row["moderator"],
        start_conference_on_enter=row["start_conference_on_enter"],
        end_conference_on_exit=row["end_conference_on_exit"],
        queue_time_ms=row["queue_time_ms"],
        join_time=row["join_time"],
        leave_time=row["leave_time"],
        reason_left=None if reason is None else ReasonParticipantLeft(reason),
    )


CONFERENCES = Kind(
    ConferenceRecord,
    conferences,
    sids.CONFERENCE,
    ("date_created", "sid"),
    conference_to_row,
    conference_from_row,
)
PARTICIPANTS = Kind(
    ParticipantRecord,
    participants,
    sids.PARTICIPANT,
    ("date_created", "sid"),
    participant_to_row,
    participant_from_row,
)
