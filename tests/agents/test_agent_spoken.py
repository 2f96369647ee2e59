import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.agents import spoken
from mixminus.agents.spoken import Reply


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("five five five oh one three four", "5550134"),
        ("It's 555-0134.", "5550134"),
        ("double five, five, zero one three four", "5550134"),
        ("triple five oh one thirty four", "5550134"),
        ("eight hundred, five five five, twelve twenty one", "8005551221"),
        ("twenty, thirty oh five", "203005"),
        ("four one five, to be called back", "415"),
        ("for me, two is fine", "2"),
        ("plus four nine one seven", "4917"),
        ("", ""),
        ("no digits at all", ""),
    ],
)
def test_digits_are_read_as_people_say_them(said: str, digits: str) -> None:
    assert spoken.digits(said) == digits


WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@given(st.lists(st.integers(0, 9), min_size=7, max_size=15))
def test_any_number_said_digit_by_digit_is_read_back_as_it_was_said(number: list[int]) -> None:
    said = " ".join(WORDS[digit] for digit in number)
    plain = "".join(map(str, number))
    assert spoken.number(said) == plain
    assert spoken.digits(spoken.spelled(plain)) == plain


@given(st.text(max_size=200))
def test_whatever_a_recogniser_writes_is_read_without_an_error(text: str) -> None:
    spoken.digits(text)
    spoken.name(text)
    spoken.reply(text)
    spoken.wants_person(text)
    spoken.is_emergency(text)


def test_a_number_is_grouped_as_it_is_spoken() -> None:
    assert spoken.spelled("5550134") == "5 5 5, 0 1 3 4"
    assert spoken.spelled("+15550001000") == "1, 5 5 5, 0 0 0, 1 0 0 0"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("My name is Ann Meyer.", "Ann Meyer"),
        ("hi, um, this is ann meyer calling from Bonn", "Ann Meyer"),
        ("Yes, it's O'Brien, thanks", "O'Brien"),
        ("Jane", "Jane"),
        ("You can call me Jean-Luc Picard please", "Jean-Luc Picard"),
        ("...", None),
        ("", None),
    ],
)
def test_a_name_is_what_stands_behind_the_cue(said: str, name: str | None) -> None:
    assert spoken.name(said) == name


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("Yes.", Reply.YES),
        ("yeah, that's right", Reply.YES),
        ("No.", Reply.NO),
        ("that is not right", Reply.NO),
        ("yes, no, wait", Reply.NEITHER),
        ("the blue one", Reply.NEITHER),
    ],
)
def test_yes_and_no(said: str, reply: Reply) -> None:
    assert spoken.reply(said) is reply


@pytest.mark.parametrize(
    "said", ["human", "I want to talk to a person", "Get me an operator please", "speak to someone"]
)
def test_who_asks_for_a_person_is_understood(said: str) -> None:
    assert spoken.wants_person(said)


@pytest.mark.parametrize("said", ["This is an emergency!", "I can’t breathe", "he has chest pain", "It is urgent."])
def test_who_cannot_wait_is_understood(said: str) -> None:
    assert spoken.is_emergency(said)


@pytest.mark.parametrize("said", ["it is not urgent", "no emergency", "not really an emergency", "a refill please"])
def test_what_is_not_urgent_is_not_taken_for_it(said: str) -> None:
    assert not spoken.is_emergency(said)
