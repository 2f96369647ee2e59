"""How long to wait for more after the caller's last word: by what was asked, and by what was said so far. Pure.

A silence means something else behind "yes" than behind "five five five". What is surely an answer is answered soon;
what is surely unfinished is waited for; the rest gets the agent's own setting.
"""

from typing import Final

from mixminus.agents import spoken
from mixminus.agents.description import Turns
from mixminus.agents.intake import Expects
from mixminus.agents.spoken import Reply

SURE_S: Final = 0.05
UNFINISHED_S: Final = 1.35
"""People pause up to about a second and a half inside a sentence; 0.2 s of it have passed when a phrase ends."""

WHOLE_NUMBERS: Final = frozenset({10, 11})
"""Digits of a national number, with and without the trunk prefix. After seven there may be three more."""

_GOES_ON: Final = frozenset(
    {
        "and", "or", "but", "because", "so", "um", "uh", "er", "erm", "well", "actually", "like", "just", "the",
        "a", "an", "my", "your", "his", "her", "our", "their", "this", "these", "some", "any", "is", "are", "was",
        "were", "am", "be", "at", "to", "for", "with", "of", "from", "in", "on", "about", "by", "as", "than",
        "if", "when", "name", "it's", "that's", "i'm", "i'd", "i've", "that", "i", "we", "you", "they", "think",
        "want", "need", "have", "would", "could", "can", "will", "should", "get", "make", "change", "call",
        "calling", "very", "really", "maybe", "let", "me",
    }
)  # fmt: skip
"""Nobody ends a sentence with these, whatever sign a recogniser puts behind them: it closes every phrase."""
_FEW: Final = 2
"""So few words that are no answer to the question are the beginning of one."""


def patience_s(turns: Turns, expects: Expects, text: str) -> float:
    """Seconds of silence, after the end of a phrase, until the caller's turn is over."""
    if spoken.is_emergency(text) or spoken.wants_person(text):
        return SURE_S
    match expects:
        case Expects.CHOICE if spoken.reply(text) is not Reply.NEITHER and not spoken.digits(text):
            return SURE_S
        case Expects.NUMBER if (count := len(spoken.digits(text))) and count in WHOLE_NUMBERS:
            return SURE_S
    return max(UNFINISHED_S, turns.ends_after_s) if goes_on(expects, text) else turns.ends_after_s


def goes_on(expects: Expects, text: str) -> bool:
    """Whether there must be more to come."""
    said = spoken.words(text)
    match expects:
        case Expects.NUMBER if count := spoken.figures(text):
            return count < spoken.SHORTEST_NUMBER
        case Expects.NUMBER | Expects.CHOICE if 0 < len(said) <= _FEW and spoken.reply(text) is Reply.NEITHER:
            return True
    return bool(said) and said[-1] in _GOES_ON


def as_part(expects: Expects, text: str) -> str:
    """A phrase as it is written when more of the sentence follows: recognisers close every one with a full stop."""
    return text.rstrip(" .!?") if goes_on(expects, text) else text
