"""Recordings: what is known about them. The audio itself is a file."""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from mixminus.base import sids
from mixminus.calls.records import RecordingRecord, RecordingSource, RecordingStatus
from mixminus.store.rows.columns import Kind, Row, identity, metadata, moment, sid

recordings = Table(
    "recordings",
    metadata,
    *identity(),
    Column("source", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("channels", Integer, nullable=False),
    moment("start_time", nullable=False),
    sid("call_sid"),
    sid("conference_sid"),
    Column("track", String(16)),
    Column("duration_s", Integer),
    Column("size_bytes", BigInteger),
    Column("error_code", Integer),
    Column("file_name", Text, nullable=False),
    sid("set_sid"),
    Index("recordings_by_date", "date_created", "sid"),
    Index("recordings_by_call", "call_sid"),
    Index("recordings_by_conference", "conference_sid"),
    Index("recordings_by_status", "status"),
    Index("recordings_by_set", "set_sid"),
)


def to_row(recording: RecordingRecord) -> dict[str, Any]:
    return {
        "sid": recording.sid,
        "account_sid": recording.account_sid,
        "date_created": recording.date_created,
        "date_updated": recording.date_updated,
        "source": recording.source.value,
        "status": recording.status.value,
        "channels": recording.channels,
        "start_time": recording.start_time,
        "call_sid": recording.call_sid,
        "conference_sid": recording.conference_sid,
        "track": recording.track,
        "duration_s": recording.duration_s,
        "size_bytes": recording.size_bytes,
        "error_code": recording.error_code,
        "file_name": recording.file_name,
        "set_sid": recording.set_sid,
    }


def from_row(row: Row) -> RecordingRecord:
    return RecordingRecord(
        sid=row["sid"],
        account_sid=row["account_sid"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
        source=RecordingSource(row["source"]),
        status=RecordingStatus(row["status"]),
        channels=row["channels"],
        start_time=row["start_time"],
        call_sid=row["call_sid"],
        conference_sid=row["conference_sid"],
        track=row["track"],
        duration_s=row["duration_s"],
        size_bytes=row["size_bytes"],
        error_code=row["error_code"],
        file_name=row["file_name"],
        set_sid=row["set_sid"],
    )


RECORDINGS = Kind(RecordingRecord, recordings, sids.RECORDING, ("date_created", "sid"), to_row, from_row)
