"""Every kind of record comes back from the database as it went in."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from mixminus.base.types import Sid
from mixminus.calls.records import (
    AlertRecord,
    AnswerRecord,
    ApplicationRecord,
    CallRecord,
    ConferenceRecord,
    EventRecord,
    KeyRecord,
    LedgerEntry,
    NumberRecord,
    ParticipantRecord,
    Record,
    RecordingRecord,
    RegistrationRecord,
    WebhookRecord,
)
from mixminus.store.contract import Is, Where
from mixminus.store.paging import Place
from mixminus.store.runner import InlineRunner
from mixminus.store.sql import SqlStore

TEXT = st.text(max_size=40) | st.sampled_from(["☎️ Zürich 🎧", "a'b\"c", "x" * 10_000, " "])
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-8)), timezone(timedelta(hours=5, minutes=45))])
MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(2999, 1, 1), timezones=ZONES)
SIDS = st.uuids().map(lambda drawn: Sid("CA" + drawn.hex))

st.register_type_strategy(str, TEXT)
st.register_type_strategy(datetime, MOMENTS)
st.register_type_strategy(int, st.integers(0, 2**31 - 1))


SUBJECT: dict[type[Any], str] = {
    EventRecord: "subject_sid",
    LedgerEntry: "conference_sid",
    RegistrationRecord: "user",
    AnswerRecord: "key",
}
"""Records without a SID of their own are numbered per subject, or there is one for each."""


def records(kind: type[Any]) -> SearchStrategy[Any]:
    sids = {SUBJECT.get(kind, "sid"): SIDS}
    details: dict[str, Any] = {"details": st.dictionaries(TEXT, TEXT, max_size=3)} if kind is EventRecord else {}
    coachees = {"call_sids_to_coach": st.lists(SIDS, max_size=3).map(tuple)} if kind is ParticipantRecord else {}
    return st.builds(kind, **sids, **details, **coachees)


KINDS = (
    CallRecord,
    ConferenceRecord,
    ParticipantRecord,
    RecordingRecord,
    NumberRecord,
    ApplicationRecord,
    KeyRecord,
    EventRecord,
    LedgerEntry,
    RegistrationRecord,
    WebhookRecord,
    AlertRecord,
    AnswerRecord,
)

store = SqlStore("sqlite://", run=InlineRunner())


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KINDS).flatmap(records))
async def test_a_record_survives_the_way_to_the_database_and_back(record: Record) -> None:
    await store.save(record)
    if isinstance(record, RegistrationRecord):
        assert await store.query(RegistrationRecord, Where("user", Is.EQUAL, record.user)) == (record,)
    elif isinstance(record, AnswerRecord):
        assert await store.query(AnswerRecord, Where("key", Is.EQUAL, record.key)) == (record,)
    elif isinstance(record, EventRecord | LedgerEntry):
        names = (SUBJECT[type(record)], "sequence_number" if isinstance(record, EventRecord) else "number")
        keys = (Where(name, Is.EQUAL, getattr(record, name)) for name in names)
        assert await store.query(type(record), *keys) == (record,)
    else:
        assert await store.fetch(type(record), record.sid) == record


@given(SIDS, MOMENTS, st.booleans())
def test_a_page_token_reads_back_as_the_place_it_was_made_from(sid: Sid, moment: datetime, backward: bool) -> None:
    place = Place(sid, max(moment, datetime(1970, 1, 1, tzinfo=UTC)), backward)
    assert Place.parse(str(place), "CA") == place
