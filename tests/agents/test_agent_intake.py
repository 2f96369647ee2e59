"""The intake as values: what the caller says, what the agent answers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.agents.intake import (
    Expects,
    Intake,
    Script,
    Stage,
    Turn,
    Use,
    hear,
    note,
    opening,
    press,
    silence,
    used,
)

SCRIPT = Script()
ALL_SAID = Intake(Stage.CHECK_ALL, "Ann Meyer", "5550134", "a refill of my pills")
KEPT = {"name": "Ann Meyer", "number": "5550134", "reason": "a refill of my pills"}


def talk(*said: str, at: Intake | None = None) -> tuple[Intake, list[Turn]]:
    """What the agent answers to each thing said."""
    state = at or opening(SCRIPT)[0]
    turns: list[Turn] = []
    for text in said:
        state, turn = hear(SCRIPT, state, text)
        turns.append(turn)
    return state, turns


def test_a_message_is_taken_read_back_and_kept() -> None:
    state, turns = talk(
        "This is Ann Meyer.", "five five five oh one three four", "yes", "A refill of my pills.", "that is right"
    )
    assert [turn.say for turn in turns] == [
        "Thank you, Ann Meyer. What number can we call you back on?",
        "I have 5 5 5, 0 1 3 4. Is that right?",
        "And what is the reason for your call?",
        "Let me read that back. Ann Meyer, at 5 5 5, 0 1 3 4, about: A refill of my pills. Is that right?",
        "",
    ]
    assert turns[-1].use == (Use("take_note", note(state)),)
    state, turn = used(SCRIPT, state, "take_note", ok=True)
    assert turn == Turn(SCRIPT.kept, (Use("end_call"),), over=True)
    assert state.stage is Stage.OVER
    assert talk("hello?", at=state)[1] == [Turn()]


def test_nothing_is_kept_before_the_caller_said_yes_to_all_of_it() -> None:
    _, turns = talk("Ann", "five five five oh one three four", "yes", "a refill")
    assert not any(turn.use for turn in turns)


def test_a_number_that_is_wrong_is_said_again() -> None:
    state, turns = talk("Ann", "555 0143", "no")
    assert state.stage is Stage.NUMBER
    state, turns = talk("555 0134", at=state)
    assert turns[0].say == "I have 5 5 5, 0 1 3 4. Is that right?"


def test_a_number_corrected_in_one_breath_is_read_back_again() -> None:
    _, turns = talk("Ann", "555 0143", "no, 555 0134")
    assert turns[-1].say == "I have 5 5 5, 0 1 3 4. Is that right?"


@pytest.mark.parametrize("short", ["five five", "hello", "1234567890123456"])
def test_what_cannot_be_called_back_is_no_number(short: str) -> None:
    state, turns = talk("Ann", short)
    assert state.stage is Stage.NUMBER
    assert turns[-1].say.startswith(SCRIPT.unclear)


@pytest.mark.parametrize(
    ("what", "said", "kept"),
    [
        ("the name", ["Anna Meyer"], {**KEPT, "name": "Anna Meyer"}),
        ("the number", ["555 9999", "yes"], {**KEPT, "number": "5559999"}),
        ("the reason", ["a new appointment"], {**KEPT, "reason": "a new appointment"}),
    ],
)
def test_one_thing_is_changed_and_all_of_it_read_back(what: str, said: list[str], kept: dict[str, str]) -> None:
    state, turns = talk("no", what, *said, at=ALL_SAID)
    assert state.stage is Stage.CHECK_ALL
    assert turns[-1].say.startswith("Let me read that back.")
    state, turns = talk("yes", at=state)
    assert turns[-1].use == (Use("take_note", kept),)


@pytest.mark.parametrize(
    "stage", [stage for stage in Stage if stage not in (Stage.OVER, Stage.KEEPING, Stage.FETCHING)]
)
@pytest.mark.parametrize("said", ["human", "this is an emergency"])
def test_a_person_is_fetched_from_anywhere(stage: Stage, said: str) -> None:
    state, turns = talk(said, at=replace(ALL_SAID, stage=stage))
    assert [use.tool for use in turns[0].use] == ["escalate"]
    assert said in turns[0].use[0].arguments["reason"]
    assert used(SCRIPT, state, "escalate", ok=True)[1] == Turn(over=True)


def test_when_nobody_comes_the_message_is_taken_after_all() -> None:
    state, _ = talk("human")
    state, turn = used(SCRIPT, state, "escalate", ok=False)
    assert turn.say == f"{SCRIPT.nobody} {SCRIPT.ask_name}"
    state, turns = talk("get me a human", at=state)
    assert not turns[0].use  # they were told that nobody is there


def test_an_emergency_is_tried_again_even_then() -> None:
    _, turns = talk("emergency", at=Intake(fetched=True))
    assert [use.tool for use in turns[0].use] == ["escalate"]


def test_who_cannot_be_understood_gets_a_person() -> None:
    _, turns = talk("Ann", "blue", "green", "yellow")
    assert [use.tool for use in turns[-1].use] == ["escalate"]


def test_who_says_nothing_is_asked_again_and_then_let_go() -> None:
    state, _ = opening(SCRIPT)
    state, first = silence(SCRIPT, state)
    state, second = silence(SCRIPT, state)
    state, third = silence(SCRIPT, state)
    assert first.say == second.say == SCRIPT.ask_name
    assert third == Turn(SCRIPT.goodbye, (Use("end_call"),), over=True)
    assert silence(SCRIPT, state) == (state, Turn())


def test_a_note_that_cannot_be_kept_fetches_a_person() -> None:
    state, _ = talk("yes", at=ALL_SAID)
    state, turn = used(SCRIPT, state, "take_note", ok=False)
    assert [use.tool for use in turn.use] == ["escalate"]
    assert "5550134" in turn.use[0].arguments["reason"]


def test_keys_do_what_words_do() -> None:
    assert press(SCRIPT, Intake(), "0")[1].use[0].tool == "escalate"
    assert press(SCRIPT, ALL_SAID, "1")[1].use[0].tool == "take_note"
    assert press(SCRIPT, ALL_SAID, "2")[0].stage is Stage.CHANGE
    asked = Intake(Stage.NUMBER, "Ann")
    assert press(SCRIPT, asked, "5550134#")[1].say == "I have 5 5 5, 0 1 3 4. Is that right?"
    assert press(SCRIPT, asked, "0")[0].stage is Stage.NUMBER
    assert press(SCRIPT, Intake(), "7") == (Intake(), Turn())


def test_the_question_says_what_to_listen_for() -> None:
    assert [replace(ALL_SAID, stage=stage).expects for stage in (Stage.NAME, Stage.NUMBER, Stage.CHECK_ALL)] == [
        Expects.ANYTHING,
        Expects.NUMBER,
        Expects.CHOICE,
    ]


@given(st.lists(st.sampled_from(["Ann", "555 0134", "yes", "no", "a refill", "name", "human", "", "{name}"])))
def test_the_talk_always_ends_or_asks_something(said: list[str]) -> None:
    state, turn = opening(SCRIPT)
    for text in said:
        state, turn = hear(SCRIPT, state, text)
        assert turn.say or turn.use or state.stage in (Stage.OVER, Stage.KEEPING, Stage.FETCHING)
        for use in turn.use:
            state, turn = used(SCRIPT, state, use.tool, ok=False)
