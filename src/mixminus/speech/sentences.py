"""Tokens of a language model into pieces that a voice can speak well: sentences, and not much longer."""

import re
from typing import Final

LONGEST: Final = 280
"""Characters. Some 18 s of speech, and a second of a slow voice's work."""
FIRST_CLAUSE: Final = 40
"""The first piece may end at a comma behind so many characters: somebody is waiting for it."""

_END: Final = re.compile(r"(?:[.!?…]+[\"')\]”’»]*(?=\s)|[。！？]|\n)")
_CLAUSE: Final = re.compile(r"[,;:–—](?=\s)|[、，；]")
_ABBREVIATION: Final = re.compile(r"(?:^|\s)(?:mr|mrs|ms|dr|prof|st|no|vs|etc|e\.g|i\.e|[a-z])\.$", re.IGNORECASE)


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
            if not _ABBREVIATION.search(self._text[: found.end()]):
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
