"""Laws 1 and 3: who hears whom, and whom the recording hears. Reference, section 2.8."""

from hypothesis import given
from hypothesis import strategies as st

from mixminus.base.types import Sid
from mixminus.calls.hearing import Place, Presence, audibility, on_bus, seats
from mixminus.calls.options import AudioDocument, NoSound
from mixminus.calls.outputs import Ear

CALLER, AGENT, COACH, OTHER = (Sid(name) for name in ("caller", "agent", "coach", "other"))
HERE, EARLY, WAITING = Presence.PRESENT, Presence.EARLY, Presence.WAITING


def test_section_2_8_normal_everybody_hears_all_others() -> None:
    assert audibility([Place(CALLER, HERE), Place(AGENT, HERE), Place(OTHER, HERE)]) == {
        CALLER: {AGENT, OTHER},
        AGENT: {CALLER, OTHER},
        OTHER: {CALLER, AGENT},
    }


def test_section_2_8_muted_hears_everything_and_is_heard_by_nobody() -> None:
    heard = audibility([Place(CALLER, HERE), Place(AGENT, HERE, muted=True)])
    assert heard == {CALLER: frozenset(), AGENT: {CALLER}}


def test_section_2_8_held_hears_nobody_and_is_heard_by_nobody() -> None:
    heard = audibility([Place(CALLER, HERE, held=True), Place(AGENT, HERE), Place(OTHER, HERE)])
    assert heard == {CALLER: frozenset(), AGENT: {OTHER}, OTHER: {AGENT}}


def test_section_2_8_a_coach_hears_all_and_is_heard_by_the_coached_alone() -> None:
    heard = audibility([Place(CALLER, HERE), Place(AGENT, HERE), _coach(AGENT)])
    assert heard == {CALLER: {AGENT}, AGENT: {CALLER, COACH}, COACH: {CALLER, AGENT}}


def test_a_coach_of_two_is_heard_by_both() -> None:
    heard = audibility([Place(CALLER, HERE), Place(AGENT, HERE), Place(OTHER, HERE), _coach(AGENT, OTHER)])
    assert {listener for listener, voices in heard.items() if COACH in voices} == {AGENT, OTHER}


def test_coaches_do_not_hear_each_other_whisper() -> None:
    second = Place(OTHER, HERE, coaching=True, coachees=frozenset({AGENT}))
    heard = audibility([Place(AGENT, HERE), _coach(AGENT), second])
    assert heard == {AGENT: {COACH, OTHER}, COACH: {AGENT}, OTHER: {AGENT}}


def test_a_coach_whose_coachee_is_gone_or_on_hold_is_heard_by_nobody() -> None:
    assert audibility([Place(CALLER, HERE), _coach(AGENT)]) == {CALLER: frozenset(), COACH: {CALLER}}
    held = audibility([Place(CALLER, HERE), Place(AGENT, HERE, held=True), _coach(AGENT)])
    assert held == {CALLER: frozenset(), AGENT: frozenset(), COACH: {CALLER}}


def test_nobody_hears_itself_not_even_as_its_own_coachee() -> None:
    assert audibility([Place(CALLER, HERE), _coach(COACH)]) == {CALLER: frozenset(), COACH: {CALLER}}


def test_a_muted_coach_whispers_to_nobody() -> None:
    coach = Place(COACH, HERE, muted=True, coaching=True, coachees=frozenset({AGENT}))
    assert audibility([Place(AGENT, HERE), coach]) == {AGENT: frozenset(), COACH: {AGENT}}


def test_one_who_rings_is_heard_and_hears_nothing() -> None:
    assert audibility([Place(CALLER, HERE), Place(AGENT, EARLY)]) == {CALLER: {AGENT}, AGENT: frozenset()}


def test_before_the_start_nobody_hears_anybody() -> None:
    heard = audibility([Place(CALLER, WAITING), Place(AGENT, WAITING)])
    assert heard == {CALLER: frozenset(), AGENT: frozenset()}


def test_law_3_the_recording_hears_who_is_not_muted_not_held_and_not_coaching() -> None:
    places = [
        Place(CALLER, HERE),
        Place(AGENT, HERE, muted=True),
        Place(OTHER, HERE, held=True),
        _coach(CALLER),
        Place(Sid("ringing"), EARLY),
        Place(Sid("waiting"), WAITING),
    ]
    assert {place.call_sid for place in places if on_bus(place)} == {CALLER, Sid("ringing")}


def test_the_sound_for_one_ear_alone_is_that_of_its_state() -> None:
    jazz = AudioDocument("media:jazz.wav")
    places = [
        Place(CALLER, WAITING, wait=NoSound(), hold=jazz),
        Place(AGENT, HERE, held=True, wait=NoSound(), hold=jazz),
        Place(OTHER, WAITING, held=True, wait=NoSound(), hold=jazz),
        Place(COACH, HERE, wait=NoSound(), hold=jazz),
        Place(Sid("ringing"), EARLY, held=True, wait=NoSound(), hold=jazz),
    ]
    assert [(seat.ear, seat.sound) for seat in seats(places)] == [
        (Ear.WAIT, NoSound()),
        (Ear.HOLD, jazz),
        (Ear.HOLD, jazz),
        (Ear.ROOM, None),
        (Ear.NOTHING, None),
    ]


def test_a_plain_room_of_1000_has_rows_that_name_nobody() -> None:
    rows = seats([Place(Sid(f"CA{i}"), HERE) for i in range(1_000)])
    assert all(row.hears_bus and row.recorded and not row.plus for row in rows)


PEOPLE = [Sid(letter) for letter in "abcdefg"]


@st.composite
def rooms(draw: st.DrawFn) -> list[Place]:
    present = draw(st.lists(st.sampled_from(PEOPLE), unique=True))
    return [
        Place(
            sid,
            draw(st.sampled_from(Presence)),
            held=draw(st.booleans()),
            muted=draw(st.booleans()),
            coaching=draw(st.booleans()),
            coachees=draw(st.frozensets(st.sampled_from(PEOPLE))),
        )
        for sid in present
    ]


@given(rooms())
def test_law_1_pair_by_pair(places: list[Place]) -> None:
    def hears(i: Place, j: Place) -> bool:
        return (
            i is not j
            and (i.presence is HERE and j.presence is not WAITING)
            and not (i.held or j.held or j.muted)
            and (not j.coaching or i.call_sid in j.coachees)
        )

    assert audibility(places) == {i.call_sid: {j.call_sid for j in places if hears(i, j)} for i in places}


def _coach(*coachees: Sid) -> Place:
    return Place(COACH, HERE, coaching=True, coachees=frozenset(coachees))
