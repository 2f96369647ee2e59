"""Tokens of a language model into pieces that a voice can speak well: sentences, and not much longer."""

import re
from typing import Final

LONGEST: Final = 280
"""Characters. Some 18 s of speech, and a second of a slow voice's work."""
FIRST_CLAUSE: Final = 40
"""The first piece may end at a comma behind so many characters: somebody is waiting for it."""

_END: Final = re.compile(r"(?:(?<![.!?…])[.!?…]++[\"')\]”’»]*+(?=\s)|[。！？]|\n)")
_CLAUSE: Final = re.compile(r"[,;:–—](?=\s)|[、，；]")
_ABBREVIATIONS: Final = frozenset({"mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "no.", "vs.", "etc.", "e.g.", "i.e."})
_LONGEST_ABBREVIATION: Final = 5


class Sentences:
    """The text of one talk, token by token."""

    def __init__(self) -> None:
        self._text = ""
        self._is_first = True

    @property
    def is_empty(self) -> bool:
        return not self._text.strip()

    def add(self, token: str) -> list[str]:
        """What can be spoken now."""
        # Little by little, so that a token of any length costs no more than its length.
        bites = (token[at : at + LONGEST] for at in range(0, len(token), LONGEST))
        return [piece for bite in bites for piece in self._add(bite)]

    def _add(self, token: str) -> list[str]:
        self._text += token
        pieces: list[str] = []
        while (end := self._end()) is not None:
            piece, self._text = self._text[:end], self._text[end:]
            if piece.strip():
                pieces.append(piece.strip())
                self._is_first = False
        return pieces

    def flush(self) -> list[str]:
        """The rest: no more tokens come."""
        rest, self._text, self._is_first = self._text.strip(), "", True
        return [rest] if rest else []

    def _end(self) -> int | None:
        for found in _END.finditer(self._text):
            if not _is_abbreviation(self._text, found.end()):
                return min(found.end(), self._longest())
        if self._is_first:
            for found in _CLAUSE.finditer(self._text):
                if found.end() >= FIRST_CLAUSE:
                    return min(found.end(), self._longest())
        return self._longest() if len(self._text) > LONGEST else None

    def _longest(self) -> int:
        """Where a text that is too long is cut: behind a clause, or a word, or in the middle of one."""
        if len(self._text) <= LONGEST:
            return len(self._text)
        head = self._text[:LONGEST]
        clauses = [found.end() for found in _CLAUSE.finditer(head)]
        if clauses and clauses[-1] > LONGEST // 3:
            return clauses[-1]
        return head.rfind(" ") + 1 or LONGEST


def _is_abbreviation(text: str, end: int) -> bool:
    """Whether the full stop before *end* ends a word that has one: "Dr.", an initial."""
    head = text[max(0, end - _LONGEST_ABBREVIATION - 1) : end].lower()
    word = head.split()[-1] if not head[-1].isspace() else ""
    if word == head and end > len(head):
        return False  # the word is longer
    return word in _ABBREVIATIONS or (len(word) == 2 and word[0].isalpha() and word[1] == ".")
