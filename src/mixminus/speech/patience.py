"""How long a silence ends a turn, by what was said; and which words are no turn at all. Pure, and English at heart:
words of other languages get the middle figure."""

import re
from typing import Final

FINISHED_MS: Final = 500
"""Behind a full sentence."""
USUAL_MS: Final = 700
UNFINISHED_MS: Final = 1_400
"""Behind a word that nobody ends with. People pause up to a second and a half inside a sentence."""

_WORDS: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_GOES_ON: Final = frozenset(
    {
        "and", "or", "but", "because", "so", "um", "uh", "er", "the", "a", "an", "my", "is", "at", "to", "for",
        "with", "of", "it's", "i'm", "that", "about", "i",
    }
)  # fmt: skip
_BACKCHANNEL: Final = frozenset(
    {
        "mhm", "mm", "mmm", "hm", "hmm", "mmhmm", "uh", "huh", "um", "yeah", "yep", "yes", "yup", "ok", "okay",
        "right", "sure", "ah", "oh", "aha", "got", "it", "i", "see", "alright", "good", "great", "cool", "fine",
    }
)  # fmt: skip
_MOST_BACKCHANNEL_WORDS: Final = 3


def words(text: str) -> list[str]:
    """In lower case, without punctuation."""
    return [word.replace("’", "'") for word in _WORDS.findall(text.lower())]


def patience_ms(text: str) -> int:
    """The silence that ends a turn which so far is *text*."""
    said = words(text)
    if text.rstrip().endswith((".", "!", "?", "。", "؟")):
        return FINISHED_MS
    return UNFINISHED_MS if said and said[-1] in _GOES_ON else USUAL_MS


def is_backchannel(text: str) -> bool:
    """Whether it only says that somebody listens: "mhm", "okay, I see". Nothing at all does not."""
    said = words(text)
    return 0 < len(said) <= _MOST_BACKCHANNEL_WORDS and all(word in _BACKCHANNEL for word in said)
