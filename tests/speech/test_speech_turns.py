"""Whose turn it is: frames and words in, turns out."""

from hypothesis import given
from hypothesis import strategies as st

from mixminus.speech.contract import Failure, Guess, Phrase, Recognised, TurnOver
from mixminus.speech.patience import FINISHED_MS, UNFINISHED_MS, USUAL_MS, is_backchannel, patience_ms
from mixminus.speech.turns import (
    LATE_FRAMES,
    Began,
    Resumed,
    Settle,
    SoFar,
    Turn,
    TurnEvent,
    TurnState,
    TurnTaking,
    TurnTerms,
)


def run(turns: TurnTaking, frames: str) -> list[TurnEvent]:
    """`#` is a voice, `.` is none."""
    return [event for frame in frames for event in turns.frame(frame == "#")]


def settled(text: str) -> Phrase:
    return Phrase(text, "en-US", settles=True)


def test_a_turn_from_the_first_sound_to_the_last_word() -> None:
    turns = TurnTaking(TurnTerms(timeout_ms=600))
    assert run(turns, "#####") == [Began()]
    assert run(turns, "#" * 50) == []
    assert run(turns, "." * 12) == [Settle()]
    assert turns.recognised(settled("hello")) == [SoFar("hello", "en-US")]
    assert run(turns, "." * 17) == []
    assert run(turns, ".") == [Turn("hello", "en-US")], "600 ms after the last sound"
    assert turns.state is TurnState.QUIET
    assert run(turns, "." * 500) == []


def test_a_pause_is_no_end() -> None:
    turns = TurnTaking(TurnTerms(timeout_ms=1_000))
    run(turns, "#" * 20 + "." * 12)
    turns.recognised(settled("I want"))
    assert run(turns, "." * 20 + "###") == [Resumed()]
    assert run(turns, "#" * 10 + "." * 12) == [Settle()]
    assert turns.recognised(settled("a person")) == [SoFar("I want a person", "en-US")]
    assert run(turns, "." * 38) == [Turn("I want a person", "en-US")]


def test_a_click_begins_nothing() -> None:
    assert run(TurnTaking(TurnTerms()), "##..#..##..#" * 20) == []


def test_sensitivity_is_how_much_voice_it_takes() -> None:
    assert run(TurnTaking(TurnTerms(begin_frames=18)), "#" * 17) == []
    assert run(TurnTaking(TurnTerms(begin_frames=18)), "#" * 18) == [Began()]


def test_the_turn_waits_for_a_recogniser_that_has_not_settled_but_not_for_ever() -> None:
    turns = TurnTaking(TurnTerms(timeout_ms=600))
    assert run(turns, "#" * 10 + "." * 100) == [Began(), Settle()]
    assert turns.recognised(settled("late")) == [SoFar("late", "en-US")]
    assert run(turns, ".") == [Turn("late", "en-US")]
    assert run(turns, "#" * 10 + "." * (12 + LATE_FRAMES)) == [Began(), Settle(), Turn("", "en-US")]


def test_guesses_are_replaced_and_phrases_stay() -> None:
    turns = TurnTaking(TurnTerms())
    run(turns, "#" * 10)
    assert turns.recognised(Guess("I", "en-US")) == [SoFar("I", "en-US")]
    assert turns.recognised(Guess("I", "en-US")) == [], "nothing new"
    assert turns.recognised(Guess("I won", "en-US")) == [SoFar("I won", "en-US")]
    assert turns.recognised(Phrase("I want", "en-US")) == [SoFar("I want", "en-US")]
    assert turns.recognised(Guess("to pay", "en-US")) == [SoFar("I want to pay", "en-US")]


def test_words_without_a_voice_are_a_turn_all_the_same() -> None:
    turns = TurnTaking(TurnTerms(timeout_ms=600))
    assert turns.recognised(Phrase("psst", "en-US")) == [Began(), SoFar("psst", "en-US")]
    assert run(turns, "." * 30) == [Turn("psst", "en-US")]


def test_a_model_that_is_sure_ends_the_turn_at_once() -> None:
    turns = TurnTaking(TurnTerms())
    run(turns, "#" * 30)
    turns.recognised(Phrase("pay my bill", "en-US"))
    assert turns.recognised(TurnOver()) == [Turn("pay my bill", "en-US")]
    assert turns.recognised(TurnOver()) == []


def test_another_language_from_here_on() -> None:
    turns = TurnTaking(TurnTerms(timeout_ms=600))
    run(turns, "#" * 10 + "." * 12)
    turns.retune("de-DE")
    assert run(turns, "." * 20) == [Turn("", "de-DE")], "what the last recogniser owes is not waited for"
    assert turns.recognised(Failure("gone")) == []


def test_patience_is_for_words_that_do_not_end_a_sentence() -> None:
    assert patience_ms("I would like to pay my bill.") == FINISHED_MS
    assert patience_ms("I would like to pay my bill") == USUAL_MS
    assert patience_ms("I would like to pay my bill and") == UNFINISHED_MS
    assert patience_ms("") == USUAL_MS
    assert patience_ms("Ich möchte zahlen") == USUAL_MS


def test_what_is_a_backchannel() -> None:
    assert all(map(is_backchannel, ("Mhm.", "okay", "Yeah, I see", "uh huh", "Oh, okay!")))
    assert not any(map(is_backchannel, ("", "no", "okay stop", "yes yes yes yes", "wait", "I see it now")))


EVENTS = st.one_of(
    st.sampled_from(["#", ".", "#####", "............", "." * 80]),
    st.builds(Guess, st.sampled_from(["", "a", "b c"]), st.just("en-US")),
    st.builds(Phrase, st.sampled_from(["", "a", "b c"]), st.just("en-US"), st.booleans()),
    st.just(TurnOver()),
    st.just(Failure("gone")),
)


@given(st.lists(EVENTS, max_size=60))
def test_turns_begin_and_end_in_turn_and_end_after_silence(script: list[str | Recognised]) -> None:
    turns = TurnTaking(TurnTerms())
    happened: list[TurnEvent] = []
    for one in script:
        happened += run(turns, one) if isinstance(one, str) else turns.recognised(one)
    happened += run(turns, "." * 300)
    begins = [event for event in happened if isinstance(event, Began | Turn)]
    assert begins[0::2] == [Began()] * len(begins[0::2])
    assert all(isinstance(event, Turn) for event in begins[1::2])
    assert len(begins) % 2 == 0
    assert turns.state is TurnState.QUIET
    kept = [event.text for event in happened if isinstance(event, Turn)]
    said = [one.text for one in script if isinstance(one, Phrase) and one.text]
    text = " ".join(kept).split()
    assert all(text.count(word) >= " ".join(said).split().count(word) for word in set(" ".join(said).split()))
