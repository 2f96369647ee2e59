"""Events and what they carry (reference, sections 4.1, 4.2), and what is to be written down."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.endings import Departure
from mixminus.calls.outputs import ConferenceHappened, Rewire
from mixminus.calls.records import CallStatus, ConferenceRecord

if TYPE_CHECKING:
    from tests.calls.conftest import Room

AGENT, CALLER = Sid("agent"), Sid("caller")
URL = "https://example.com/news.mp3"

# Section 4.1, row by row: what is subscribed to, what is sent.
ROWS = [
    ("start", "conference-start"),
    ("end", "conference-end"),
    ("join", "participant-join"),
    ("leave", "participant-leave"),
    ("mute", "participant-mute"),
    ("mute", "participant-unmute"),
    ("hold", "participant-hold"),
    ("hold", "participant-unhold"),
    ("modify", "participant-modify"),
    ("speaker", "participant-speech-start"),
    ("speaker", "participant-speech-stop"),
    ("announcement", "announcement-end"),
    ("announcement", "announcement-fail"),
]


@pytest.fixture
def story(call: "Room") -> "Room":
    """Everything that can happen, has."""
    call.update("agent", muted=True)
    call.update("agent", muted=False, hold=True)
    call.update("agent", hold=False, end_conference_on_exit=True)
    call.say(lambda conference, at: conference.speech(CALLER, True, at))
    call.say(lambda conference, at: conference.speech(CALLER, False, at))
    call.say(lambda conference, at: conference.announcement_ended(None, URL, at))
    call.say(lambda conference, at: conference.announcement_failed(CALLER, URL, "no such file", at))
    call.leave("agent")
    return call


@pytest.mark.parametrize(("token", "name"), ROWS)
def test_section_4_1_token_and_name(story: "Room", token: str, name: str) -> None:
    assert {event.token for event in _all(story) if event.name == name} == {token}


def test_section_4_2_sequence_number_counts_every_event_from_1(story: "Room") -> None:
    numbers = [event.sequence_number for event in _all(story)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_details_are_plain_enough_to_be_kept_as_json(story: "Room") -> None:
    for event in _all(story):
        assert json.loads(json.dumps(event.details)) == event.details


def test_section_4_2_timestamp_is_the_moment_it_happened(call: "Room") -> None:
    call.update("agent", muted=True)
    assert [event.timestamp for event in call.happened] == [call.at]


def test_section_4_2_every_participant_event_tells_how_that_participant_stands(room: "Room") -> None:
    room.join("caller", label="customer", start_conference_on_enter=False, end_conference_on_exit=True)
    (joined,) = room.happened
    assert joined.call_sid == CALLER
    assert joined.details == {
        "Muted": "false",
        "Hold": "false",
        "Coaching": "false",
        "StartConferenceOnEnter": "false",
        "EndConferenceOnExit": "true",
        "ParticipantLabel": "customer",
    }


def test_section_4_2_participant_label_is_absent_when_there_is_none(call: "Room") -> None:
    assert all("ParticipantLabel" not in event.details for event in _all(call))


def test_section_4_2_the_details_are_those_after_the_change(call: "Room") -> None:
    call.update("agent", muted=True, hold=True, coaching=True, call_sids_to_coach=(CALLER,))
    for event in call.happened:
        assert [event.details[name] for name in ("Muted", "Hold", "Coaching")] == ["true"] * 3


def test_section_4_2_conference_events_have_no_participant(story: "Room") -> None:
    started = next(event for event in _all(story) if event.name == "conference-start")
    assert (started.call_sid, started.details) == (None, {})


def test_section_4_2_conference_end_names_who_ended_it(call: "Room") -> None:
    call.join("boss", label="moderator", end_conference_on_exit=True)
    call.leave("boss", Departure.REMOVED, CallStatus.COMPLETED)
    ended = call.happened[-1]
    assert ended.call_sid is None
    assert ended.details == {
        "ReasonConferenceEnded": "participant-with-end-conference-on-exit-kicked",
        "Reason": "A participant with endConferenceOnExit was removed through the Participants API.",
        "CallSidEndingConference": "boss",
        "ParticipantLabelEndingConference": "moderator",
    }


def test_section_4_2_conference_end_through_the_api_names_nobody(call: "Room") -> None:
    call.end()
    assert set(call.happened[-1].details) == {"ReasonConferenceEnded", "Reason"}


def test_section_4_2_announcement_to_all(call: "Room") -> None:
    call.say(lambda conference, at: conference.announcement_ended(None, URL, at))
    (event,) = call.happened
    assert (event.name, event.call_sid, event.details) == ("announcement-end", None, {"AnnounceUrl": URL})


def test_section_4_2_announcement_to_one(call: "Room") -> None:
    call.say(lambda conference, at: conference.announcement_ended(CALLER, URL, at))
    (event,) = call.happened
    assert (event.call_sid, event.details["AnnounceUrl"], event.details["Muted"]) == (CALLER, URL, "false")


def test_section_4_2_announcement_fail_says_why(call: "Room") -> None:
    call.say(lambda conference, at: conference.announcement_failed(None, URL, "no such file", at))
    (event,) = call.happened
    assert event.name == "announcement-fail"
    assert event.details == {"AnnounceUrl": URL, "ReasonAnnouncementFailed": "no such file"}


def test_section_6_5_an_announcement_needs_a_conference_that_has_started(room: "Room") -> None:
    room.join("caller")
    with pytest.raises(Refusal) as refused:
        room.conference.require_bridged()
    assert (refused.value.code, refused.value.http_status) == (16001, 409)
    room.join("agent")
    room.conference.require_bridged()


def test_speech_that_goes_on_is_no_news(call: "Room") -> None:
    call.say(lambda conference, at: conference.speech(CALLER, False, at))
    assert call.latest == ()
    call.say(lambda conference, at: conference.speech(CALLER, True, at))
    assert call.events == ["participant-speech-start"]
    call.say(lambda conference, at: conference.speech(CALLER, True, at))
    assert call.latest == ()


def test_speech_and_announcements_of_one_who_is_not_there_are_20404(call: "Room") -> None:
    gone = Sid("gone")
    commands: list[Callable[[], None]] = [
        lambda: call.conference.speech(gone, True, call.at),
        lambda: call.conference.announcement_ended(gone, URL, call.at),
        lambda: call.conference.announcement_failed(gone, URL, "no such file", call.at),
        lambda: call.conference.ringing(gone, call.at),
        lambda: call.conference.early_media(gone, call.at),
    ]
    for command in commands:
        with pytest.raises(Refusal) as refused:
            command()
        assert refused.value.code == 20404
    assert call.conference.drain() == ()


# --- the owner's side -------------------------------------------------------------------------------------------


def test_outputs_are_handed_out_once(call: "Room") -> None:
    call.conference.speech(CALLER, True, call.at)
    assert len(call.conference.drain()) == 1
    assert call.conference.drain() == ()


def test_only_what_changed_is_written_down_again(call: "Room") -> None:
    call.conference.changed_records()
    call.update("agent", muted=True)
    assert call.conference.changed_records() == (call.record_of("agent"),)
    assert call.conference.changed_records() == ()
    call.join("expert")
    assert call.conference.changed_records() == (call.record_of("expert"),)


def test_a_new_conference_is_to_be_written_down(room: "Room") -> None:
    (record,) = room.conference.changed_records()
    assert record == room.conference.record()


def test_the_start_and_the_end_change_the_conferences_record(call: "Room") -> None:
    assert any(isinstance(record, ConferenceRecord) for record in call.conference.changed_records())
    call.end()
    changed = call.conference.changed_records()
    assert changed == (call.conference.record(), call.record_of("caller"), call.record_of("agent"))


def test_a_record_that_changed_twice_is_written_once(call: "Room") -> None:
    call.conference.changed_records()
    call.update("agent", muted=True)
    call.update("agent", hold=True)
    assert call.conference.changed_records() == (call.record_of("agent"),)


def test_nothing_is_rewired_that_no_ear_would_notice(call: "Room") -> None:
    call.say(lambda conference, at: conference.speech(CALLER, True, at))
    call.invite("expert")
    call.ring("expert")
    call.update("expert", muted=True)
    call.update("caller", end_conference_on_exit=True)
    rewired = [output for output in call.outputs if isinstance(output, Rewire)]
    assert len(rewired) == 2, "one for each of the two who joined"


def _all(room: "Room") -> list[ConferenceHappened]:
    return [output for output in room.outputs if isinstance(output, ConferenceHappened)]
