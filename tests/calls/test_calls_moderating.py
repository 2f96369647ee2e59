"""What a moderator may ask of a conference, put to the machine."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mixminus.base.errors import Refusal
from mixminus.base.sids import CALL, Sids
from mixminus.base.types import Sid
from mixminus.calls.commands import UpdateParticipant
from mixminus.calls.conference import Conference
from mixminus.calls.endings import Departure
from mixminus.calls.moderating import ADDED_WITHIN, MOST_ADDED, check_addition, is_moderator
from mixminus.calls.options import AudioDocument, ConferenceOptions, DialOptions, NoSound, ParticipantOptions
from mixminus.calls.outputs import ConferenceHappened
from mixminus.calls.records import CallStatus

AT = datetime(2026, 3, 1, tzinfo=UTC)
CHAIR, CALLER, GUEST = (Sid(CALL + digit * 32) for digit in "abc")


@pytest.fixture
def conference() -> Conference:
    numbers = iter(range(1, 10_000))
    sids = Sids(lambda size: next(numbers).to_bytes(size, "big"))
    made = Conference(Sid("CF"), Sid("AC"), "room", ConferenceOptions(), sids, AT)
    made.join(CALLER, ParticipantOptions(), AT)
    made.join(CHAIR, ParticipantOptions(moderator=True), AT)
    made.drain()
    return made


def wish(who: Sid, by: Sid | None = CHAIR, **changes: object) -> UpdateParticipant:
    return UpdateParticipant(Sid("CF"), who, by=by, **changes)  # type: ignore[arg-type]


def events(conference: Conference) -> list[tuple[str, Sid | None, str | None]]:
    told = [output for output in conference.drain() if isinstance(output, ConferenceHappened)]
    return [(one.name, one.call_sid, one.details.get("By")) for one in told if one.token == "moderator"]


def test_the_account_and_its_keys_are_no_moderators() -> None:
    assert [is_moderator(by) for by in (None, Sid("AC" + "0" * 32), Sid("SK" + "0" * 32), CHAIR)] == [
        False, False, False, True,
    ]  # fmt: skip


def test_who_is_none_or_not_any_more_is_refused_and_nothing_changes(conference: Conference) -> None:
    before = conference.participants()
    for act in (
        lambda: conference.update(wish(CALLER, CALLER, muted=True), AT),
        lambda: conference.update(wish(CALLER, GUEST, muted=True), AT),
        lambda: conference.leave(CALLER, Departure.REMOVED, AT, CallStatus.IN_PROGRESS, by=GUEST),
        lambda: conference.invite(GUEST, ParticipantOptions(), AT, by=CALLER),
    ):
        with pytest.raises(Refusal) as refusal:
            act()
        assert (refusal.value.code, refusal.value.http_status) == (20003, 403)
    assert conference.participants() == before
    assert conference.drain() == ()
    conference.update(wish(CHAIR, Sid("AC"), moderator=False), AT)
    with pytest.raises(Refusal):
        conference.update(wish(CALLER, muted=True), AT)


def test_its_deeds_are_in_the_log_with_its_name(conference: Conference) -> None:
    conference.update(wish(CALLER, muted=True, hold=True), AT)
    conference.invite(GUEST, ParticipantOptions(), AT, by=CHAIR)
    conference.leave(GUEST, Departure.REMOVED, AT, CallStatus.RINGING, by=CHAIR)
    conference.update(wish(CALLER, Sid("AC"), muted=False), AT)
    assert events(conference) == [("moderator-act", who, CHAIR) for who in (CALLER, GUEST, GUEST)]


def test_promotions_are_in_the_log_with_who_did_it(conference: Conference) -> None:
    conference.update(wish(CALLER, Sid("SK"), moderator=True), AT)
    conference.update(wish(CALLER, Sid("SK"), moderator=True), AT)
    conference.update(wish(CALLER, Sid("AC"), moderator=False), AT)
    conference.invite(GUEST, ParticipantOptions(moderator=True), AT, by=Sid("AC"))
    assert events(conference) == [
        ("moderator-start", CALLER, "SK"),
        ("moderator-end", CALLER, "AC"),
        ("moderator-start", GUEST, "AC"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"moderator": True},
        {"moderator": False},
        {"end_conference_on_exit": True},
        {"beep_on_exit": True},
        {"wait": NoSound()},
        {"hold": True, "hold_sound": AudioDocument("http://inside.example.com/")},
        {"coaching": True, "call_sids_to_coach": (CHAIR,)},
        {"coaching": False},
    ],
    ids=str,
)
def test_what_is_not_its_business(conference: Conference, changes: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refusal:
        conference.update(wish(CALLER, **changes), AT)
    assert refusal.value.code == 20003


def test_hold_may_be_silence_or_a_file_of_the_node(conference: Conference) -> None:
    for sound in (NoSound(), AudioDocument("media:jazz.wav"), None):
        assert conference.update(wish(CALLER, hold=True, hold_sound=sound), AT).hold


def test_it_may_make_itself_a_coach_and_nothing_more(conference: Conference) -> None:
    assert conference.update(wish(CHAIR, coaching=True, call_sids_to_coach=(CALLER,)), AT).coaching
    again: tuple[dict[str, Any], ...] = ({"coaching": False}, {"call_sids_to_coach": (CALLER,)})
    for changes in again:
        with pytest.raises(Refusal):
            conference.update(wish(CHAIR, **changes), AT)


def test_it_adds_ten_a_minute_and_refused_ones_do_not_count(conference: Conference) -> None:
    conference.join(GUEST, ParticipantOptions(label="taken"), AT)
    for number in range(MOST_ADDED):
        with pytest.raises(Refusal):
            conference.invite(Sid(f"{CALL}{number:032x}"), ParticipantOptions(label="taken"), AT, by=CHAIR)
        conference.invite(Sid(f"{CALL}{number:032x}"), ParticipantOptions(), AT, by=CHAIR)
    with pytest.raises(Refusal) as refusal:
        conference.invite(Sid(CALL + "d" * 32), ParticipantOptions(), AT, by=CHAIR)
    assert (refusal.value.code, refusal.value.http_status) == (20429, 429)
    conference.invite(Sid(CALL + "e" * 32), ParticipantOptions(), AT, by=Sid("AC"))
    conference.invite(Sid(CALL + "d" * 32), ParticipantOptions(), AT + ADDED_WITHIN + timedelta(seconds=1), by=CHAIR)


def test_a_plain_addition_is_fine() -> None:
    check_addition(DialOptions("+15550001000", "+15550001001"), ParticipantOptions(label="guest", muted=True))
