"""Hold, mute, coach, modify (reference, sections 2.5, 2.8, 13)."""

from typing import TYPE_CHECKING, Any

import pytest

from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.options import AudioDocument, HouseMusic, NoSound
from mixminus.calls.outputs import Ear, PlayBeep, Rewire
from mixminus.calls.records import ReasonConferenceEnded

if TYPE_CHECKING:
    from tests.calls.conftest import Room

AGENT, CALLER, COACH = Sid("agent"), Sid("caller"), Sid("coach")


@pytest.fixture
def coached(call: "Room") -> "Room":
    """A caller, an agent, and a coach who whispers to the agent."""
    call.join("coach", coaching=True, call_sids_to_coach=(AGENT,))
    return call


def test_section_2_5_muted(call: "Room") -> None:
    call.update("caller", muted=True)
    assert call.events == ["participant-mute"]
    assert call.heard_by("caller") == set()
    assert call.hears("caller") == {AGENT}
    call.update("caller", muted=False)
    assert call.events == ["participant-unmute"]
    assert call.heard_by("caller") == {AGENT}


def test_section_2_5_hold(call: "Room") -> None:
    call.update("caller", hold=True)
    assert call.events == ["participant-hold"]
    assert call.heard_by("caller") == call.hears("caller") == set()
    assert (call.seat("caller").ear, call.seat("caller").sound) == (Ear.HOLD, HouseMusic())
    call.update("caller", hold=False)
    assert call.events == ["participant-unhold"]
    assert call.hears("caller") == {AGENT}


def test_section_2_5_hold_url_is_heard_by_the_held_one_alone(call: "Room") -> None:
    call.update("caller", hold=True, hold_sound=AudioDocument("media:jazz.wav"))
    assert call.seat("caller").sound == AudioDocument("media:jazz.wav")
    assert call.seat("agent").sound is None


def test_each_hold_begins_with_what_it_says_or_with_the_house_music(call: "Room") -> None:
    call.update("caller", hold=True, hold_sound=NoSound())
    call.update("caller", hold=False)
    call.update("caller", hold=True)
    assert call.seat("caller").sound == HouseMusic()


def test_a_hold_sound_can_be_exchanged_while_on_hold(call: "Room") -> None:
    call.update("caller", hold=True)
    call.update("caller", hold_sound=NoSound())
    assert call.seat("caller").sound == NoSound()
    assert call.events == []


def test_a_hold_that_is_repeated_does_not_start_the_sound_again(call: "Room") -> None:
    call.update("caller", hold=True, hold_sound=AudioDocument("media:jazz.wav"))
    playing = call.seat("caller").sound
    call.update("caller", hold=True, hold_sound=AudioDocument("media:jazz.wav"))
    assert call.latest == ()
    call.update("agent", muted=True)
    assert call.seat("caller").sound is playing


def test_mute_and_hold_are_independent(call: "Room") -> None:
    call.update("caller", muted=True)
    call.update("caller", hold=True)
    call.update("caller", hold=False)
    assert call.record_of("caller").muted
    assert call.heard_by("caller") == set()


def test_section_2_5_beep_on_exit(call: "Room") -> None:
    call.join("expert")
    call.update("expert", beep_on_exit=False)
    assert call.events == ["participant-modify"]
    call.leave("expert")
    assert PlayBeep(entering=False) not in call.latest


def test_section_2_5_wait_url_of_one_who_waits(room: "Room") -> None:
    room.join("caller")
    room.update("caller", wait=NoSound())
    assert room.events == ["participant-modify"]
    assert room.seat("caller").sound == NoSound()


def test_section_2_5_end_conference_on_exit(call: "Room") -> None:
    call.update("agent", end_conference_on_exit=True)
    assert call.events == ["participant-modify"]
    assert not [output for output in call.latest if isinstance(output, Rewire)], "no ear notices"
    call.leave("agent")
    assert call.conference.record().reason_conference_ended is ReasonConferenceEnded.MODERATOR_LEFT


def test_complaint_1_end_conference_on_exit_can_be_changed_while_on_hold(call: "Room") -> None:
    call.join("customer", end_conference_on_exit=True)
    call.update("customer", hold=True)
    call.update("customer", end_conference_on_exit=False)
    assert call.events == ["participant-modify"]
    call.leave("customer")
    assert call.events == ["participant-leave"], "the transfer lives on"


def test_section_2_5_all_at_once_is_one_rewiring_and_an_event_of_each_kind(call: "Room") -> None:
    call.update("caller", muted=True, hold=True, end_conference_on_exit=True, beep_on_exit=False, wait=NoSound())
    assert call.events == ["participant-mute", "participant-hold", "participant-modify"]
    assert sum(isinstance(output, Rewire) for output in call.latest) == 1
    assert isinstance(call.latest[0], Rewire), "first it is so, then it is told"


@pytest.mark.parametrize(
    "wish",
    [
        {"muted": True},
        {"hold": True},
        {"end_conference_on_exit": True},
        {"beep_on_exit": False},
        {"wait": NoSound()},
        {"coaching": True, "call_sids_to_coach": (CALLER,)},
        {"muted": False},
        {"coaching": False},
        {},
    ],
    ids=str,
)
def test_a_repeated_update_is_no_news(call: "Room", wish: dict[str, Any]) -> None:
    call.update("agent", **wish)
    call.conference.changed_records()
    before = call.record_of("agent")
    call.update("agent", **wish)
    assert call.latest == ()
    assert call.conference.changed_records() == ()
    assert call.record_of("agent") == before


def test_section_2_1_a_participant_is_found_by_its_label(call: "Room") -> None:
    call.join("expert", label="the expert")
    call.update("the expert", muted=True)
    assert call.record_of("expert").muted


def test_complaint_4_a_leg_can_be_changed_while_it_rings(call: "Room") -> None:
    call.invite("expert")
    call.update("expert", muted=True)
    assert call.events == ["participant-mute"]
    call.answer("expert")
    assert call.heard_by("expert") == set()
    assert call.hears("expert") == {CALLER, AGENT}


def test_a_leg_put_on_hold_while_it_rings_is_on_hold_when_it_answers(call: "Room") -> None:
    call.invite("expert")
    call.early_media("expert")
    call.update("expert", hold=True)
    assert call.hears("caller") == {AGENT}
    call.answer("expert")
    assert call.seat("expert").ear is Ear.HOLD


def test_an_update_of_somebody_who_is_not_there_is_20404(call: "Room") -> None:
    call.join("expert")
    call.leave("expert")
    for name in ("expert", "nobody", ""):
        with pytest.raises(Refusal) as refused:
            call.update(name, muted=True)
        assert (refused.value.code, refused.value.http_status) == (20404, 404)


# --- coaching ---------------------------------------------------------------------------------------------------


def test_section_2_8_the_coach_is_heard_by_the_coached_alone_and_not_recorded(coached: "Room") -> None:
    assert coached.heard_by("coach") == {AGENT}
    assert coached.hears("coach") == {CALLER, AGENT}
    assert coached.recorded == {CALLER, AGENT}


def test_section_2_5_coaching_false_turns_a_whisper_into_a_barge(coached: "Room") -> None:
    coached.update("coach", coaching=False)
    assert coached.events == ["participant-modify"]
    assert coached.heard_by("coach") == {CALLER, AGENT}
    assert coached.recorded == {CALLER, AGENT, COACH}
    assert coached.record_of("coach").call_sids_to_coach == ()


def test_a_barge_that_names_the_agent_too_is_still_a_barge(coached: "Room") -> None:
    coached.update("coach", coaching=False, call_sids_to_coach=(AGENT,))
    assert coached.heard_by("coach") == {CALLER, AGENT}


def test_section_2_5_coaching_true_needs_a_target(coached: "Room") -> None:
    coached.update("coach", coaching=False)
    with pytest.raises(Refusal) as refused:
        coached.update("coach", coaching=True)
    assert (refused.value.code, refused.value.http_status) == (16002, 400)
    coached.update("coach", coaching=True, call_sids_to_coach=(CALLER,))
    assert coached.heard_by("coach") == {CALLER}


def test_section_2_3_a_target_alone_means_coaching(call: "Room") -> None:
    call.join("coach")
    call.update("coach", call_sids_to_coach=(AGENT,))
    assert call.record_of("coach").coaching
    assert call.heard_by("coach") == {AGENT}


def test_the_coach_turns_to_another_target(coached: "Room") -> None:
    coached.join("trainee")
    coached.update("coach", call_sids_to_coach=(Sid("trainee"),))
    assert coached.heard_by("coach") == {"trainee"}


def test_beyond_twilio_a_coach_may_have_several_coachees(coached: "Room") -> None:
    coached.join("trainee")
    coached.update("coach", call_sids_to_coach=(AGENT, Sid("trainee"), AGENT))
    assert coached.heard_by("coach") == {AGENT, "trainee"}
    assert coached.record_of("coach").call_sids_to_coach == (AGENT, "trainee")


@pytest.mark.parametrize(("target", "code"), [("nobody", 16028), ("coach", 16002), ("held", 16027)])
def test_a_refused_update_changes_nothing_at_all(coached: "Room", target: str, code: int) -> None:
    coached.join("held")
    coached.update("held", hold=True)
    before = coached.conference.participants(), coached.matrix
    with pytest.raises(Refusal) as refused:
        coached.update("coach", muted=True, coaching=True, call_sids_to_coach=(AGENT, Sid(target)))
    assert refused.value.code == code
    assert (coached.conference.participants(), coached.matrix) == before
    assert coached.conference.drain() == ()


def test_when_the_coachee_leaves_the_caller_never_hears_the_coach(coached: "Room") -> None:
    coached.leave("agent")
    assert coached.heard_by("coach") == set()
    assert coached.hears("coach") == {CALLER}
    coached.update("coach", coaching=False)
    assert coached.heard_by("coach") == {CALLER}


def test_when_the_coachee_comes_back_it_alone_hears_the_coach(coached: "Room") -> None:
    coached.leave("agent")
    coached.join("agent")
    assert coached.heard_by("coach") == {AGENT}


def test_when_the_coachee_is_put_on_hold_nobody_hears_the_coach(coached: "Room") -> None:
    coached.update("agent", hold=True)
    assert coached.heard_by("coach") == set()
    coached.update("agent", hold=False)
    assert coached.heard_by("coach") == {AGENT}


def test_other_changes_do_not_ask_for_the_coachee_again(coached: "Room") -> None:
    coached.leave("agent")
    coached.update("coach", muted=True, coaching=True)
    assert coached.events == ["participant-mute"]


def test_an_invited_coach_whose_coachee_left_meanwhile_is_heard_by_nobody(call: "Room") -> None:
    call.invite("coach", coaching=True, call_sids_to_coach=(AGENT,))
    call.leave("agent")
    call.answer("coach")
    assert call.heard_by("coach") == set()
    assert call.hears("coach") == {CALLER}


def test_one_who_still_rings_may_be_named_as_coachee(call: "Room") -> None:
    call.invite("expert")
    call.join("coach", coaching=True, call_sids_to_coach=(Sid("expert"),))
    assert call.heard_by("coach") == set()
    call.answer("expert")
    assert call.heard_by("coach") == {"expert"}
