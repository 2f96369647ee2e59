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
        self.caller_speaks = False
        """The caller speaks."""
        self.is_unanswered = False
        """The caller has said something and was not answered."""
        self._is_written_down = False
        self.keys = ""
        self.silences = 0
        """In a row."""

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    @property
    def is_unheard(self) -> bool:
        """What is not answered is known as audio alone."""
        return self.is_unanswered and not self._is_written_down

    @property
    def kept_s(self) -> float:
        return len(self._kept) / PAYLOADS_A_SECOND

    def audio(self, payload: str, *, is_taken: bool) -> None:
        """*is_taken*: there is a session that hears it."""
        self._kept.append(payload)
        while len(self._kept) > BEFORE_SPEECH and is_taken and not self.is_unheard:
            self._kept.popleft()

    def begins(self) -> None:
        self.caller_speaks = self.is_unanswered = True
        self._is_written_down = False
        self.silences = 0

    def written_down(self) -> None:
        """What was said is known as text: a session that is made anew need not hear it."""
        if not self.caller_speaks:
            self._is_written_down = True
            self._kept.clear()

    def take_keys(self) -> str:
        keys, self.keys = self.keys, ""
        return keys
