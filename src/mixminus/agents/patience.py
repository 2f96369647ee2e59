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
UNFINISHED_S: Final = 1.2
"""People pause up to about a second and a half inside a sentence; 0.2 s of it have passed when a phrase ends."""

WHOLE_NUMBERS: Final = frozenset({10, 11})
"""Digits of a national number, with and without the trunk prefix. After seven there may be three more."""

_GOES_ON: Final = frozenset(
    {
        "and", "or", "but", "because", "so", "um", "uh", "er", "the", "a", "an", "my", "is", "at", "to", "for",
        "with", "of", "name", "it's", "i'm", "that", "about", "i",
    }
)  # fmt: skip
"""Nobody ends a sentence with these."""


def patience_s(turns: Turns, expects: Expects, text: str) -> float:
    """Seconds of silence, after the end of a phrase, until the caller's turn is over."""
    said = spoken.words(text)
    if spoken.is_emergency(text) or spoken.wants_person(text):
        return SURE_S
    if expects is Expects.CHOICE and spoken.reply(text) is not Reply.NEITHER and not spoken.digits(text):
        return SURE_S
    if expects is Expects.NUMBER and (count := len(spoken.digits(text))):
        if count in WHOLE_NUMBERS:
            return SURE_S
        return turns.ends_after_s if count >= spoken.SHORTEST_NUMBER else max(UNFINISHED_S, turns.ends_after_s)
    if said and said[-1] in _GOES_ON and not text.rstrip().endswith((".", "!", "?")):
        return max(UNFINISHED_S, turns.ends_after_s)
    return turns.ends_after_s
