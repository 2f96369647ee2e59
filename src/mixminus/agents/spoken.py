"""What people say, read as what they mean: digits, yes and no, names, cries for a person. Pure, English."""

import re
from enum import Enum
from typing import Final

_DIGITS: Final = {
    "zero": "0", "oh": "0", "o": "0", "nought": "0", "one": "1", "two": "2", "to": "2", "too": "2", "three": "3",
    "or": "0", "four": "4", "for": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "ate": "8", "nine": "9",
}  # fmt: skip
_HOMOPHONES: Final = frozenset({"to", "too", "for", "ate", "o", "oh", "or"})
"""Digits only beside digits: "oh" before or after one, the others between two."""
_TEENS: Final = {
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15",
    "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19",
}  # fmt: skip
_TENS: Final = {
    "twenty": "2", "thirty": "3", "forty": "4", "fifty": "5", "sixty": "6", "seventy": "7", "eighty": "8",
    "ninety": "9",
}  # fmt: skip
_TIMES: Final = {"double": 2, "triple": 3, "treble": 3}
_LETTERS: Final = re.compile(r"[a-z']+|[0-9]+")

SHORTEST_NUMBER: Final = 7
LONGEST_NUMBER: Final = 15
"""Digits of a number that can be called back: a local one, and E.164's limit."""


class Reply(Enum):
    YES = "yes"
    NO = "no"
    NEITHER = "neither"


def words(text: str) -> list[str]:
    """Lower-case words and runs of digits, without punctuation."""
    return _LETTERS.findall(text.lower().replace("’", "'"))


def digits(text: str) -> str:
    """All digits that are spoken in *text*, in order: "double five oh one", "twenty one", "555-0134"."""
    said = words(text)
    read = [_digit(said, at) for at in range(len(said))]
    kept: list[str] = []
    times = 1
    for at, word in enumerate(said):
        if word in _TIMES:
            times = _TIMES[word]
            continue
        found = read[at]
        if found is not None and not (word in _HOMOPHONES and not _among_digits(read, said, at)):
            kept.append(found * times)
        times = 1
    return "".join(kept)


def figures(text: str) -> int:
    """How many digits there may be: of the words from the first digit on each can be one that was misheard."""
    said = words(text)
    sure = (at for at, word in enumerate(said) if word not in _HOMOPHONES and _digit(said, at) is not None)
    first = next(sure, None)
    return 0 if first is None else max(len(digits(text)), len(said) - first)


def _digit(said: list[str], at: int) -> str | None:
    word = said[at]
    if word.isdigit():
        return word
    if word in _TENS:
        units = said[at + 1] if at + 1 < len(said) else ""
        alone = units not in _DIGITS or units in _HOMOPHONES or _DIGITS[units] == "0"
        return _TENS[word] + "0" if alone else _TENS[word]
    if word == "hundred":
        return "00"
    return _TEENS.get(word) or _DIGITS.get(word)


def _among_digits(read: list[str | None], said: list[str], at: int) -> bool:
    before, after = (_is_digit(read, said, near) for near in (at - 1, at + 1))
    return before or after if said[at] in ("o", "oh") else before and after


def _is_digit(read: list[str | None], said: list[str], at: int) -> bool:
    """Certainly one, or the "double" before one."""
    if not 0 <= at < len(said):
        return False
    return said[at] in _TIMES or (read[at] is not None and said[at] not in _HOMOPHONES)


def number(text: str) -> str | None:
    """A number to call back, or None if what was said is too short or too long for one."""
    found = digits(text)
    return found if SHORTEST_NUMBER <= len(found) <= LONGEST_NUMBER else None


def spelled(number_: str) -> str:
    """The digits in the groups people speak them in: `5550134` as "5 5 5, 0 1 3 4"."""
    plain = number_.removeprefix("+")
    groups = [plain[-4:]]
    rest = plain[:-4]
    while rest:
        groups.append(rest[-3:])
        rest = rest[:-3]
    return ", ".join(" ".join(group) for group in reversed(groups))


_YES: Final = frozenset(
    {"yes", "yeah", "yep", "yup", "right", "correct", "sure", "exactly", "okay", "ok", "fine", "good"}
)
_NO: Final = frozenset({"no", "nope", "not", "wrong", "incorrect", "isn't", "nah", "change"})


def reply(text: str) -> Reply:
    """Yes or no. A "no" anywhere counts: "no that's right" is asked again rather than taken for yes."""
    said = set(words(text))
    if said & _NO:
        return Reply.NEITHER if said & (_YES - {"right", "correct", "good", "fine"}) else Reply.NO
    return Reply.YES if said & _YES else Reply.NEITHER


_NAME_CUES: Final = re.compile(
    r".*?\b(?:my name is|my name's|name is|this is|i am|i'm|it is|it's|call me|you can call me|speaking)\b[\s,:]*",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"[^\W\d_][\w'’.-]*(?:\s+[^\W\d_][\w'’.-]*){0,3}")
_FILLERS: Final = re.compile(
    r"^(?:(?:hi|hello|hey|yes|yeah|sure|okay|ok|well|um|uh|so|and)\b[\s,.!]*)+", re.IGNORECASE
)
_AFTER_A_NAME: Final = re.compile(
    r"\s*(?:[,.;!?]|\b(?:and|calling|from|here|speaking|please|thanks|thank)\b).*$", re.IGNORECASE | re.DOTALL
)


def name(text: str) -> str | None:
    """A caller's name in what was said, or None: "hi, um, this is Ann Meyer calling from Bonn" is "Ann Meyer"."""
    said = _FILLERS.sub("", text.strip())
    said = _NAME_CUES.sub("", said, count=1)
    said = _AFTER_A_NAME.sub("", _FILLERS.sub("", said))
    found = _NAME.match(said.strip())
    return " ".join(part.capitalize() if part.islower() else part for part in found[0].split()) if found else None


_PERSON: Final = re.compile(
    r"\b(?:human|operator|representative|real person|a person|somebody|someone|an agent|live agent|receptionist"
    r"|nurse)\b",
    re.IGNORECASE,
)
_EMERGENCY: Final = re.compile(
    r"\b(?:emergency|urgent(?:ly)?|ambulance|chest pains?|can(?:'|no)?t breathe|cannot breathe|bleeding|unconscious"
    r"|overdos\w*|suicid\w*|heart attack|stroke|dying)\b",
    re.IGNORECASE,
)
_NOT: Final = re.compile(r"\b(?:not|isn't|no|non)\s+(?:an?\s+|really\s+|that\s+)*$", re.IGNORECASE)


def wants_person(text: str) -> bool:
    """The caller asks for a human being."""
    return _said(_PERSON, text)


def is_emergency(text: str) -> bool:
    """The caller's words are those of somebody who cannot wait; "not urgent" is not. When in doubt it is."""
    return _said(_EMERGENCY, text)


def _said(pattern: re.Pattern[str], text: str) -> bool:
    return any(not _NOT.search(text[: found.start()]) for found in pattern.finditer(text.replace("’", "'")))


SHORT: Final = 2
"""An answer of so few words gives dictation nothing to go by."""


def agreeing(by_grammar: str, by_dictation: str) -> str:
    """Choose between two readings of one sound: a phrase of a grammar, if dictation does not speak against it."""
    free = words(by_dictation)
    phrase = words(by_grammar)
    if len(digits(by_grammar)) > 1:
        return by_grammar if 3 * len(digits(by_dictation)) >= len(digits(by_grammar)) else by_dictation
    telling = set(phrase) - {"the", "a", "to", "is", "that", "talk"}
    return by_grammar if phrase and (len(free) <= SHORT or telling & set(free)) else by_dictation
