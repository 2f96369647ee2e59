"""Coming in, waiting, starting (reference, sections 1.2, 2.1, 2.2, 2.3, 3.2, 6.5)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from mixminus.base.errors import Refusal
from mixminus.base.types import Sid
from mixminus.calls.conference import Conference
from mixminus.calls.options import AudioDocument, Beep, NoSound, ParticipantOptions, RecordingOptions
from mixminus.calls.outputs import BeginRecording, ConferenceHappened, Ear, PlayBeep, Rewire
from mixminus.calls.records import ConferenceStatus, ParticipantStatus
from mixminus.calls.states import IllegalStep

if TYPE_CHECKING:
    from tests.calls.conftest import Room

MakeRoom = Callable[..., "Room"]
AGENT, CALLER = Sid("agent"), Sid("caller")


def test_section_3_2_the_first_leg_waits_even_if_it_may_start_the_conference(room: "Room") -> None:
    room.join("caller", wait=AudioDocument("media:jazz.wav"))
    assert room.conference.record().status is ConferenceStatus.INIT
    assert (room.seat("caller").ear, room.seat("caller").sound) == (Ear.WAIT, AudioDocument("media:jazz.wav"))
    assert room.events == ["participant-join"]


def test_section_3_2_the_second_leg_stops_the_music_beeps_starts_and_records(make_room: MakeRoom) -> None:
    room = make_room(recording=RecordingOptions())
    room.join("caller")
    room.join("agent")
    kinds = [output.name if isinstance(output, ConferenceHappened) else type(output) for output in room.latest]
    assert kinds == [Rewire, "participant-join", "conference-start", PlayBeep, BeginRecording]
    assert room.matrix == {CALLER: {AGENT}, AGENT: {CALLER}}
    assert room.seat("caller").sound is None


def test_section_1_2_the_start_is_written_down(call: "Room") -> None:
    record = call.conference.record()
    assert record.status is ConferenceStatus.IN_PROGRESS
    assert record.start_time == record.date_updated == call.at


def test_section_3_2_nobody_with_the_flag_means_nobody_hears_anybody(room: "Room") -> None:
    for name in ("a", "b", "c"):
        room.join(name, start_conference_on_enter=False)
    assert room.conference.record().status is ConferenceStatus.INIT
    assert room.matrix == {"a": set(), "b": set(), "c": set()}
    assert {room.seat(name).ear for name in "abc"} == {Ear.WAIT}
    assert room.recorded == set()


def test_section_3_2_the_first_leg_with_the_flag_starts_it_for_all(room: "Room") -> None:
    room.join("a", start_conference_on_enter=False)
    room.join("b", start_conference_on_enter=False)
    room.join("moderator")
    assert room.events == ["participant-join", "conference-start"]
    assert room.hears("a") == {"b", "moderator"}


@pytest.mark.parametrize("wish", [{"muted": True}, {"hold": True}])
def test_who_is_muted_or_on_hold_counts_for_the_start(room: "Room", wish: dict[str, bool]) -> None:
    room.join("caller")
    room.update("caller", **wish)
    room.join("agent", start_conference_on_enter=False)
    assert "conference-start" in room.events


def test_hold_before_the_start_plays_hold_audio(room: "Room") -> None:
    room.join("caller")
    room.update("caller", hold=True, hold_sound=NoSound())
    assert (room.seat("caller").ear, room.seat("caller").sound) == (Ear.HOLD, NoSound())
    room.update("caller", hold=False)
    assert room.seat("caller").ear is Ear.WAIT


def test_section_3_2_falling_back_to_one_it_stays_in_progress_and_silent(call: "Room") -> None:
    call.leave("agent")
    assert call.conference.record().status is ConferenceStatus.IN_PROGRESS
    assert (call.seat("caller").ear, call.hears("caller")) == (Ear.ROOM, frozenset())


def test_the_conference_starts_and_records_once(make_room: MakeRoom) -> None:
    room = make_room(recording=RecordingOptions())
    room.join("caller")
    room.join("agent")
    room.leave("agent")
    room.join("agent")
    assert room.events == ["participant-join"]
    assert sum(isinstance(output, BeginRecording) for output in room.outputs) == 1


def test_without_recording_options_nothing_is_recorded(call: "Room") -> None:
    assert not [output for output in call.outputs if isinstance(output, BeginRecording)]


@pytest.mark.parametrize(("beep", "beeps"), [("true", 1), ("onEnter", 1), ("onExit", 0), ("false", 0)])
def test_section_3_1_beep_on_enter(room: "Room", beep: str, beeps: int) -> None:
    room.join("caller")
    assert PlayBeep(entering=True) not in room.latest, "nobody would hear it"
    room.join("agent", beep=Beep(beep))
    assert room.latest.count(PlayBeep(entering=True)) == beeps


def test_early_flags_are_taken_over(room: "Room") -> None:
    room.join("caller", muted=True, label="customer", end_conference_on_exit=True, start_conference_on_enter=False)
    record = room.record_of("caller")
    assert (record.muted, record.label, record.end_conference_on_exit) == (True, "customer", True)
    assert record.start_conference_on_enter is False
    assert record.status is ParticipantStatus.CONNECTED
    assert record.join_time == record.date_created == room.at


def test_the_first_participants_region_is_the_conferences(make_room: MakeRoom) -> None:
    assert make_room(region="ie1").conference.record().region == "ie1"
    assert make_room().conference.record().region == "us1"


# --- dialled by the API -----------------------------------------------------------------------------------------


def test_section_2_2_the_way_of_an_invited_leg(room: "Room") -> None:
    room.say(lambda conference, at: conference.invite(AGENT, ParticipantOptions(), at, queue_time_ms=1000))
    seen = [room.record_of("agent").status]
    steps: tuple[Callable[..., object], ...] = (Conference.dialling, Conference.ringing, Conference.joined)
    for command in steps:
        command(room.conference, AGENT, room.at)
        seen.append(room.record_of("agent").status)
    assert [status.value for status in seen] == ["queued", "connecting", "ringing", "connected"]
    assert room.record_of("agent").queue_time_ms == 1000


def test_an_invited_leg_is_listed_but_neither_in_the_room_nor_a_reason_to_start(room: "Room") -> None:
    room.invite("agent")
    room.join("caller")
    room.ring("agent")
    assert room.conference.participant("agent").live
    assert room.conference.record().status is ConferenceStatus.INIT
    assert room.matrix == {CALLER: set()}
    room.answer("agent")
    assert room.events == ["participant-join", "conference-start"]


def test_phones_may_say_twice_that_they_ring(room: "Room") -> None:
    room.invite("agent")
    room.ring("agent")
    rang_at = room.at
    room.ring("agent")
    assert room.record_of("agent").date_updated == rang_at


def test_early_media_of_a_ringing_leg_is_heard_and_it_hears_nothing(call: "Room") -> None:
    call.invite("expert")
    call.early_media("expert")
    assert call.hears("caller") == {"agent", "expert"}
    assert (call.seat("expert").ear, call.hears("expert")) == (Ear.NOTHING, frozenset())
    assert call.record_of("expert").status is ParticipantStatus.RINGING
    call.answer("expert")
    assert call.hears("expert") == {"caller", "agent"}


def test_section_2_3_early_media_false_keeps_the_ringing_out(call: "Room") -> None:
    call.invite("expert", early_media=False)
    call.early_media("expert")
    assert call.hears("caller") == {"agent"}
    assert call.record_of("expert").status is ParticipantStatus.RINGING


def test_early_media_before_the_start_is_heard_from_the_start_on(room: "Room") -> None:
    room.join("caller")
    room.invite("expert")
    room.early_media("expert")
    assert room.matrix == {CALLER: set()}
    room.join("agent")
    assert room.hears("caller") == {"agent", "expert"}


def test_a_leg_that_answered_does_not_ring_again(call: "Room") -> None:
    call.invite("expert")
    call.answer("expert")
    with pytest.raises(IllegalStep):
        call.ring("expert")
    assert call.record_of("expert").status is ParticipantStatus.CONNECTED


# --- refusals ---------------------------------------------------------------------------------------------------


def test_section_3_2_room_full_is_16020_and_dialled_legs_count(make_room: MakeRoom) -> None:
    room = make_room(max_participants=2)
    room.join("caller")
    room.invite("agent")
    assert _refusal(room, lambda: room.join("third")) == (16020, 409)
    assert _refusal(room, lambda: room.invite("third")) == (16020, 409)
    room.leave("agent")
    room.join("third")


def test_beyond_twilio_more_than_250_fit(make_room: MakeRoom) -> None:
    room = make_room(max_participants=300)
    for number in range(300):
        room.join(f"CA{number}")
    assert len(room.hears("CA7")) == 299
    assert _refusal(room, lambda: room.join("one more")) == (16020, 409)


@pytest.mark.parametrize("label", ["a/b", "x" * 129, "CA" + "0" * 32])
def test_section_6_5_a_bad_label(room: "Room", label: str) -> None:
    assert _refusal(room, lambda: room.join("caller", label=label)) == (16023, 400)
    assert _refusal(room, lambda: room.invite("caller", label=label)) == (16024, 400)


def test_section_6_5_a_label_in_use(room: "Room") -> None:
    room.invite("agent", label="expert")
    assert _refusal(room, lambda: room.join("caller", label="expert")) == (16025, 409)
    assert _refusal(room, lambda: room.invite("caller", label="expert")) == (16026, 409)


def test_section_2_1_a_label_is_free_again_when_its_owner_has_left(call: "Room") -> None:
    call.join("expert", label="expert")
    call.leave("expert")
    call.join("successor", label="expert")
    assert call.conference.participant("expert").call_sid == "successor"


def test_a_label_goes_with_the_visit_that_it_was_given_for(call: "Room") -> None:
    call.join("expert", label="the expert")
    call.leave("expert")
    call.join("expert")
    with pytest.raises(Refusal, match="not found"):
        call.conference.participant("the expert")


def test_section_2_3_coaching_false_with_a_target_is_a_voice_like_any_other(call: "Room") -> None:
    call.join("boss", coaching=False, call_sids_to_coach=(AGENT,))
    assert call.heard_by("boss") == {CALLER, AGENT}
    assert call.record_of("boss").call_sids_to_coach == ()


def test_section_6_5_a_coach_needs_a_target_that_is_there_and_not_held(call: "Room") -> None:
    absent: dict[str, Any] = {"coaching": True, "call_sids_to_coach": (Sid("nobody"),)}
    held: dict[str, Any] = {"coaching": True, "call_sids_to_coach": (AGENT,)}
    aimless: dict[str, Any] = {"coaching": True}
    assert _refusal(call, lambda: call.join("coach", **absent)) == (13240, 400)
    assert _refusal(call, lambda: call.invite("coach", **absent)) == (16028, 400)
    assert _refusal(call, lambda: call.join("coach", **aimless)) == (16002, 400)
    call.update("agent", hold=True)
    assert _refusal(call, lambda: call.join("coach", **held)) == (16027, 400)
    assert _refusal(call, lambda: call.invite("coach", **held)) == (16027, 400)


def test_a_target_is_named_by_call_sid_and_not_by_label(call: "Room") -> None:
    call.join("expert", label="the expert")
    wish: dict[str, Any] = {"coaching": True, "call_sids_to_coach": (Sid("the expert"),)}
    assert _refusal(call, lambda: call.join("coach", **wish)) == (13240, 400)


def test_a_conference_that_refused_its_first_leg_is_empty(room: "Room") -> None:
    assert _refusal(room, lambda: room.join("caller", label="/")) == (16023, 400)
    assert room.conference.empty
    assert room.conference.participants() == ()


def test_section_6_5_a_completed_conference_takes_nobody(call: "Room") -> None:
    call.end()
    assert _refusal(call, lambda: call.join("late")) == (16022, 404)
    assert _refusal(call, lambda: call.invite("late")) == (16022, 404)


def test_a_call_is_in_a_conference_once(call: "Room") -> None:
    with pytest.raises(IllegalStep):
        call.join("agent")
    with pytest.raises(IllegalStep):
        call.invite("agent")
    assert call.conference.drain() == ()


def _refusal(room: "Room", command: Callable[[], None]) -> tuple[int, int]:
    """How it was refused; and nothing else happened."""
    before = room.conference.participants()
    with pytest.raises(Refusal) as refused:
        command()
    assert room.conference.drain() == ()
    assert room.conference.participants() == before
    return refused.value.code, refused.value.http_status
