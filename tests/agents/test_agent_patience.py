import pytest

from mixminus.agents.description import Turns
from mixminus.agents.intake import Expects
from mixminus.agents.patience import SURE_S, UNFINISHED_S, patience_s
from mixminus.agents.spoken import agreeing

TURNS = Turns(ends_after_s=0.4)


@pytest.mark.parametrize(
    ("expects", "text", "seconds"),
    [
        (Expects.CHOICE, "Yes.", SURE_S),
        (Expects.CHOICE, "no", SURE_S),
        (Expects.CHOICE, "no, 555", 0.4),
        (Expects.CHOICE, "the blue one", 0.4),
        (Expects.NUMBER, "five five five", UNFINISHED_S),
        (Expects.NUMBER, "555 0134", 0.4),
        (Expects.NUMBER, "415 555 0134", SURE_S),
        (Expects.ANYTHING, "Yes.", 0.4),
        (Expects.ANYTHING, "my name is", UNFINISHED_S),
        (Expects.ANYTHING, "My name is.", UNFINISHED_S),
        (Expects.ANYTHING, "Um,", UNFINISHED_S),
        (Expects.CHOICE, "I think", UNFINISHED_S),
        (Expects.NUMBER, "it is", UNFINISHED_S),
        (Expects.NUMBER, "my number is five five five", UNFINISHED_S),
        (Expects.NUMBER, "two six one For nine-eighth-tooth-threat.", 0.4),  # six one four nine eight two three
        (Expects.NUMBER, "I do not know it", 0.4),
        (Expects.ANYTHING, "I need a refill and", UNFINISHED_S),
        (Expects.ANYTHING, "I need a refill.", 0.4),
        (Expects.ANYTHING, "this is an emergency", SURE_S),
        (Expects.NUMBER, "get me a human", SURE_S),
        (Expects.ANYTHING, "", 0.4),
    ],
)
def test_silence_means_something_else_behind_other_words(expects: Expects, text: str, seconds: float) -> None:
    assert patience_s(TURNS, expects, text) == seconds


@pytest.mark.parametrize(
    ("grammar", "dictation", "believed"),
    [
        ("yes", "the us", "yes"),
        ("no", "no that is wrong", "no"),
        ("that is right", "i would like to order a pizza", "i would like to order a pizza"),
        ("the number", "can you repeat the question", "can you repeat the question"),
        ("five five five oh one three four", "five five titles won three four", "five five five oh one three four"),
        ("five two nine two oh", "i do not know", "i do not know"),
        ("", "", ""),
    ],
)
def test_a_grammar_is_believed_where_dictation_does_not_speak_against_it(
    grammar: str, dictation: str, believed: str
) -> None:
    """What both made of synthesised speech over µ-law."""
    assert agreeing(grammar, dictation) == believed
