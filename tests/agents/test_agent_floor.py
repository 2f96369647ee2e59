import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.agents.floor import LONG_S, STEPS, Act, Ev, Floor, State, either, means_it
from mixminus.agents.intake import Expects


def over() -> Floor:
    floor = Floor()
    assert floor.take(Ev.OVER) is Act.HOLD
    return floor


def test_a_sound_holds_the_agent_and_a_long_one_takes_the_floor() -> None:
    floor = over()
    assert floor.speaking(0.5) is None
    assert floor.speaking(LONG_S) is Act.YIELD
    assert floor.state is State.FREE


def test_after_a_cough_the_agent_goes_on() -> None:
    floor = over()
    floor.ended(0.3)
    assert floor.heard("", Expects.ANYTHING) is Act.RESUME


def test_a_second_sound_before_the_words_of_the_first_is_judged_with_it() -> None:
    floor = over()
    floor.ended(0.4)
    assert floor.take(Ev.OVER) is None
    assert floor.heard("uh huh", Expects.ANYTHING) is None  # it is speaking again
    assert floor.speaking(LONG_S - 0.4) is Act.YIELD


def test_the_next_sound_is_judged_for_itself() -> None:
    floor = over()
    floor.ended(0.9)
    floor.heard("okay", Expects.ANYTHING)
    assert floor.take(Ev.OVER) is Act.HOLD
    assert floor.speaking(0.5) is None


def test_without_words_in_time_the_length_decides() -> None:
    for seconds, act in ((0.4, Act.RESUME), (0.9, Act.YIELD)):
        floor = over()
        floor.ended(seconds)
        assert floor.heard(None, Expects.ANYTHING) is act


@given(st.lists(st.tuples(st.sampled_from(Ev), st.floats(0, 2)), max_size=60))
def test_whatever_happens_every_hold_ends_in_one_resume_or_yield(events: list[tuple[Ev, float]]) -> None:
    floor, held = Floor(), False
    for event, _ in events:
        act = floor.take(event)
        match act:
            case Act.HOLD:
                assert not held
                held = True
            case Act.RESUME | Act.YIELD:
                assert held
                held = False
        assert held is (floor.state is not State.FREE)


def test_every_state_can_be_left() -> None:
    for state, steps in STEPS.items():
        assert {after for after, _ in steps.values()} - {state}


@pytest.mark.parametrize(
    ("text", "spoken_s", "expects", "meant"),
    [
        ("Stop.", 0.3, Expects.ANYTHING, True),
        ("hold on", 0.6, Expects.ANYTHING, True),
        ("Uh huh.", 0.4, Expects.ANYTHING, False),
        ("Okay, yeah.", 0.9, Expects.ANYTHING, False),
        ("Bum-tum.", 0.5, Expects.ANYTHING, False),  # what a recogniser made of "mhm"
        ("I need a doctor", 1.1, Expects.ANYTHING, True),
        ("chest pain", 0.5, Expects.ANYTHING, True),
        ("Yes.", 0.4, Expects.ANYTHING, False),
        ("Yes.", 0.4, Expects.CHOICE, True),
        ("Okay.", 0.4, Expects.CHOICE, False),
        ("five five", 0.6, Expects.NUMBER, True),
        ("", 0.9, Expects.ANYTHING, False),
    ],
)
def test_what_is_meant(text: str, spoken_s: float, expects: Expects, meant: bool) -> None:
    assert means_it(text, spoken_s, expects) is meant


@pytest.mark.parametrize(
    ("grammar", "dictation", "believed"),
    [
        ("hold on", "Till done.", "hold on"),
        ("no", "Oh,", "Oh,"),
        ("uh huh", "Avert,", "uh huh"),
        ("help", "No.", "help"),
        ("", "Stop.", "Stop."),
        ("mhm", "I have a question about that", "I have a question about that"),
    ],
)
def test_of_two_readings_of_a_short_sound_one_is_believed(grammar: str, dictation: str, believed: str) -> None:
    """What both made of synthesised speech over µ-law."""
    assert either(grammar, dictation) == believed
