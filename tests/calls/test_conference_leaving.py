"""Leaving and ending (reference, sections 1.2, 1.3, 2.6, 3.2, 4.2, 13)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.endings import Departure
from mixminus.calls.options import Beep
from mixminus.calls.outputs import ConferenceHappened, ConferenceOver, Dismiss, PlayBeep, Rewire
from mixminus.calls.records import (
    CallStatus,
    ConferenceStatus,
    ParticipantStatus,
    ReasonConferenceEnded,
    ReasonParticipantLeft,
)
from mixminus.calls.states import IllegalStep

if TYPE_CHECKING:
    from tests.calls.conftest import Room

AGENT, CALLER, EXPERT = Sid("agent"), Sid("caller"), Sid("expert")
URL = "https://example.com/news.mp3"


# --- section 1.3 ------------------------------------------------------------------------------------------------


def test_section_1_3_conference_ended_via_api(call: "Room") -> None:
    call.end()
    assert _end(call) == ("conference-ended-via-api", None)
    assert {record.reason_left for record in call.conference.participants()} == {ReasonParticipantLeft.ENDED_VIA_API}


def test_section_1_3_participant_with_end_conference_on_exit_left(call: "Room") -> None:
    call.update("agent", end_conference_on_exit=True)
    call.leave("agent")
    assert _end(call) == ("participant-with-end-conference-on-exit-left", AGENT)
    assert call.record_of("caller").reason_left is ReasonParticipantLeft.MODERATOR_ENDED


def test_section_1_3_participant_with_end_conference_on_exit_kicked(call: "Room") -> None:
    call.update("agent", end_conference_on_exit=True)
    call.leave("agent", Departure.REMOVED, CallStatus.IN_PROGRESS)
    assert _end(call) == ("participant-with-end-conference-on-exit-kicked", AGENT)


def test_section_1_3_last_participant_kicked(call: "Room") -> None:
    call.leave("agent")
    call.leave("caller", Departure.REMOVED, CallStatus.IN_PROGRESS)
    assert _end(call) == ("last-participant-kicked", CALLER)


@pytest.mark.parametrize("how", [Departure.HUNG_UP, Departure.STAR, Departure.TIME_LIMIT, Departure.REDIRECTED])
def test_section_1_3_last_participant_left(call: "Room", how: Departure) -> None:
    call.leave("agent")
    call.leave("caller", how)
    assert _end(call) == ("last-participant-left", CALLER)


def test_a_conference_that_never_started_ends_too(room: "Room") -> None:
    room.join("caller")
    room.leave("caller")
    assert _end(room) == ("last-participant-left", CALLER)
    assert room.conference.record().start_time is None


def test_a_moderator_ends_the_waiting_of_all(room: "Room") -> None:
    room.join("a", start_conference_on_enter=False)
    room.join("moderator", start_conference_on_enter=False, end_conference_on_exit=True)
    room.leave("moderator")
    assert _end(room) == ("participant-with-end-conference-on-exit-left", "moderator")


# --- who still rings --------------------------------------------------------------------------------------------


def test_complaint_2_an_agent_may_leave_while_the_transfer_target_rings(call: "Room") -> None:
    call.invite("expert")
    call.ring("expert")
    call.leave("agent")
    assert call.events == ["participant-leave"]
    call.answer("expert")
    assert call.hears("caller") == {EXPERT}


def test_the_conference_goes_on_while_somebody_is_dialled(call: "Room") -> None:
    call.invite("expert")
    call.leave("agent")
    call.leave("caller")
    assert call.conference.record().status is ConferenceStatus.IN_PROGRESS
    call.leave("expert", Departure.DIAL_FAILED, CallStatus.BUSY)
    assert _end(call) == ("last-participant-left", EXPERT)


def test_the_end_flag_of_a_leg_that_never_got_in_ends_nothing(call: "Room") -> None:
    call.invite("expert", end_conference_on_exit=True)
    call.leave("expert", Departure.DIAL_FAILED, CallStatus.NO_ANSWER)
    assert call.conference.record().status is ConferenceStatus.IN_PROGRESS
    call.invite("expert", end_conference_on_exit=True)
    call.leave("expert", Departure.REMOVED, CallStatus.CANCELED)
    assert call.conference.record().status is ConferenceStatus.IN_PROGRESS


def test_a_moderator_who_leaves_takes_the_ringing_legs_along(call: "Room") -> None:
    call.update("agent", end_conference_on_exit=True)
    call.invite("expert")
    call.leave("agent")
    assert Dismiss(EXPERT, ReasonParticipantLeft.MODERATOR_ENDED) in call.latest
    left = next(event for event in call.happened if event.call_sid == EXPERT)
    assert left.details["ParticipantCallStatus"] == "canceled"
    assert call.record_of("expert").status is ParticipantStatus.FAILED


def test_a_sole_invited_leg_that_is_busy_ends_the_conference(room: "Room") -> None:
    room.invite("agent")
    room.leave("agent", Departure.DIAL_FAILED, CallStatus.BUSY)
    assert room.events == ["participant-leave", "conference-end"]
    assert _end(room) == ("last-participant-left", AGENT)


def test_complaint_8_a_conference_can_be_ended_while_its_legs_are_dialled(room: "Room") -> None:
    room.invite("agent")
    room.end()
    assert room.events == ["participant-leave", "conference-end"]
    assert Dismiss(AGENT, ReasonParticipantLeft.ENDED_VIA_API) in room.latest


# --- section 2.6 and the reasons of 4.2 -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (Departure.HUNG_UP, "participant_hung_up"),
        (Departure.STAR, "participant_hung_up"),
        (Departure.TIME_LIMIT, "participant_hung_up"),
        (Departure.WAIT_FAILED, "participant_hung_up"),
        (Departure.REDIRECTED, "participant_updated_via_api"),
        (Departure.REMOVED, "participant_updated_via_api"),
    ],
)
def test_section_4_2_reason_participant_left(call: "Room", how: Departure, reason: str) -> None:
    call.leave("agent", how, CallStatus.IN_PROGRESS)
    (left,) = call.happened
    assert left.details["ReasonParticipantLeft"] == reason
    assert left.details["ParticipantCallStatus"] == "in-progress"
    assert call.record_of("agent").reason_left == reason
    assert call.record_of("agent").status is ParticipantStatus.COMPLETE


@pytest.mark.parametrize("status", [CallStatus.NO_ANSWER, CallStatus.BUSY, CallStatus.FAILED, CallStatus.CANCELED])
def test_section_4_2_participant_add_failed_leaves_without_having_joined(call: "Room", status: CallStatus) -> None:
    call.invite("expert", label="expert")
    call.leave("expert", Departure.DIAL_FAILED, status)
    (left,) = call.happened
    assert left.details["ReasonParticipantLeft"] == "participant_add_failed"
    assert left.details["ParticipantCallStatus"] == status.value
    assert left.details["ParticipantLabel"] == "expert"
    assert call.record_of("expert").status is ParticipantStatus.FAILED
    assert call.record_of("expert").join_time is None


@pytest.mark.parametrize("status", [CallStatus.QUEUED, CallStatus.INITIATED, CallStatus.RINGING])
def test_section_4_2_a_leg_that_is_removed_while_it_is_dialled_is_told_as_canceled(
    call: "Room", status: CallStatus
) -> None:
    call.invite("expert")
    call.leave("expert", Departure.REMOVED, status)
    assert call.happened[0].details["ParticipantCallStatus"] == "canceled"


def test_who_got_in_cannot_fail_to_be_reached(call: "Room") -> None:
    with pytest.raises(IllegalStep):
        call.leave("agent", Departure.DIAL_FAILED, CallStatus.BUSY)
    assert call.conference.drain() == ()
    assert call.conference.participant("agent").live


def test_section_2_6_the_removed_leg_is_told_and_the_others_go_on(call: "Room") -> None:
    call.join("expert")
    call.leave("agent", Departure.REMOVED, CallStatus.IN_PROGRESS)
    assert Dismiss(AGENT, ReasonParticipantLeft.UPDATED_VIA_API) in call.latest
    assert call.matrix == {CALLER: {EXPERT}, EXPERT: {CALLER}}


@pytest.mark.parametrize("how", [Departure.HUNG_UP, Departure.STAR, Departure.TIME_LIMIT, Departure.REDIRECTED])
def test_who_leaves_by_itself_need_not_be_told(call: "Room", how: Departure) -> None:
    call.leave("agent", how)
    assert not [output for output in call.latest if isinstance(output, Dismiss)]


def test_section_3_2_a_wait_url_that_fails_puts_the_leg_out(room: "Room") -> None:
    room.join("caller")
    room.leave("caller", Departure.WAIT_FAILED, CallStatus.IN_PROGRESS)
    assert Dismiss(CALLER, ReasonParticipantLeft.HUNG_UP) in room.latest


def test_complaint_4_a_ringing_leg_can_be_removed_by_its_label(call: "Room") -> None:
    call.invite("expert", label="consult")
    call.ring("expert")
    call.leave("consult", Departure.REMOVED, CallStatus.CANCELED)
    assert call.record_of("expert").status is ParticipantStatus.FAILED
    assert Dismiss(EXPERT, ReasonParticipantLeft.UPDATED_VIA_API) in call.latest


@pytest.mark.parametrize(("beep", "beeps"), [("true", 1), ("onExit", 1), ("onEnter", 0), ("false", 0)])
def test_section_3_1_beep_on_exit(call: "Room", beep: str, beeps: int) -> None:
    call.join("expert", beep=Beep(beep))
    call.leave("expert")
    assert call.latest.count(PlayBeep(entering=False)) == beeps


def test_no_beep_for_a_leg_that_never_got_in(call: "Room") -> None:
    call.invite("expert")
    call.leave("expert", Departure.DIAL_FAILED, CallStatus.BUSY)
    assert not [output for output in call.latest if isinstance(output, PlayBeep)]


def test_no_beep_before_the_start(room: "Room") -> None:
    room.join("a", start_conference_on_enter=False)
    room.join("b", start_conference_on_enter=False)
    room.leave("a")
    assert not [output for output in room.outputs if isinstance(output, PlayBeep)]


def test_who_comes_back_is_a_new_participant_and_the_first_visit_stays_on_record(call: "Room") -> None:
    call.leave("agent")
    call.join("agent")
    first, second = (record for record in call.conference.participants() if record.call_sid == AGENT)
    assert (first.live, second.live) == (False, True)
    assert first.sid != second.sid


# --- the end itself ---------------------------------------------------------------------------------------------


def test_the_order_of_the_end(call: "Room") -> None:
    call.join("expert")
    call.update("agent", end_conference_on_exit=True)
    call.leave("agent")
    told = [
        (output.name, output.call_sid) if isinstance(output, ConferenceHappened) else output for output in call.latest
    ]
    assert told == [
        Rewire(()),
        ("participant-leave", AGENT),
        ("participant-leave", CALLER),
        Dismiss(CALLER, ReasonParticipantLeft.MODERATOR_ENDED),
        ("participant-leave", EXPERT),
        Dismiss(EXPERT, ReasonParticipantLeft.MODERATOR_ENDED),
        ("conference-end", None),
        ConferenceOver(),
    ]


def test_the_end_is_written_down(call: "Room") -> None:
    call.end()
    record = call.conference.record()
    assert record.status is ConferenceStatus.COMPLETED
    assert record.end_time == record.date_updated == call.at
    assert record.end_detail == "The conference was ended through the API."
    assert not [record for record in call.conference.participants() if record.live]
    assert {record.leave_time for record in call.conference.participants()} == {call.at}


def test_nothing_can_be_asked_of_a_conference_that_is_over(call: "Room") -> None:
    call.end()
    commands: list[tuple[int, Callable[[], None]]] = [
        (16022, lambda: call.end()),
        (20404, lambda: call.leave("agent")),
        (20404, lambda: call.update("agent", muted=True)),
        (20404, lambda: call.answer("agent")),
        (20404, lambda: call.say(lambda conference, at: conference.speech(AGENT, True, at))),
        (16022, lambda: call.say(lambda conference, at: conference.announcement_ended(None, URL, at))),
        (16022, lambda: call.say(lambda conference, at: conference.require_bridged())),
    ]
    for code, command in commands:
        with pytest.raises(Refusal) as refused:
            command()
        assert refused.value.code == code
    assert call.conference.drain() == ()


def test_a_leg_that_has_gone_cannot_go_again(call: "Room") -> None:
    call.leave("agent")
    with pytest.raises(Refusal) as refused:
        call.leave("agent")
    assert refused.value.code == 20404


def _end(room: "Room") -> tuple[str, str | None]:
    """Why it ended and who ended it: the same in the record and in the event, which is the last one."""
    record = room.conference.record()
    assert isinstance(record.reason_conference_ended, ReasonConferenceEnded)
    assert room.latest[-1] == ConferenceOver()
    event = room.happened[-1]
    assert event.name == "conference-end"
    assert event.details["ReasonConferenceEnded"] == record.reason_conference_ended.value
    assert event.details["Reason"] == record.end_detail
    assert event.details.get("CallSidEndingConference") == record.call_sid_ending_conference
    return record.reason_conference_ended.value, record.call_sid_ending_conference
