"""What the caller does: speaks, and presses keys. What they said is kept until it was answered. Pure."""

from collections import deque
from collections.abc import Iterator
from typing import Final

KEPT: Final = 500
"""Payloads, 10 s: of the caller's audio while nobody takes it, or until it is answered."""
BEFORE_SPEECH: Final = 15
"""Payloads, 300 ms: what a detector needs of the time before speech."""
PAYLOADS_A_SECOND: Final = 50


class Ear:
    def __init__(self) -> None:
        self._kept: deque[str] = deque(maxlen=KEPT)
        self.is_hearing = False
        """The caller speaks."""
        self.is_unanswered = False
        """The caller has said something and was not answered."""
        self.keys = ""
        self.silences = 0
        """In a row."""

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    @property
    def kept_s(self) -> float:
        return len(self._kept) / PAYLOADS_A_SECOND

    def audio(self, payload: str, *, is_taken: bool) -> None:
        """*is_taken*: there is a session that hears it."""
        self._kept.append(payload)
        while len(self._kept) > BEFORE_SPEECH and is_taken and not self.is_unanswered:
            self._kept.popleft()

    def begins(self) -> None:
        self.is_hearing = self.is_unanswered = True
        self.silences = 0

    def is_written_down(self) -> None:
        """A session that is made anew is told of it as text."""
        if not self.is_hearing:
            self._kept.clear()

    def take_keys(self) -> str:
        keys, self.keys = self.keys, ""
        return keys
