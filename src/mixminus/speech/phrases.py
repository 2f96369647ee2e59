"""Phrases for recognisers that take whole ones: what is heard from shortly before a voice begins until it pauses."""

from collections import deque
from typing import Final

from mixminus.speech.contract import FRAME_MS, RATE_HZ, SAMPLE_BYTES

BEFORE_MS: Final = 400
"""A voice is noticed late; the first consonant is kept."""
LONGEST_S: Final = 30
"""A phrase that goes on is cut there, and goes on as another."""

_FRAME_BYTES: Final = RATE_HZ * FRAME_MS // 1000 * SAMPLE_BYTES


class Phrases:
    """One speaker. Memory is bounded: half a minute."""

    def __init__(self) -> None:
        self._before: deque[bytes] = deque(maxlen=BEFORE_MS // FRAME_MS)
        self._phrase: bytearray | None = None

    def hear(self, audio: bytes) -> bytes | None:
        """The next piece. Returns a phrase that has become too long to wait for its end."""
        if self._phrase is None:
            self._before.extend(audio[at : at + _FRAME_BYTES] for at in range(0, len(audio), _FRAME_BYTES))
            return None
        self._phrase += audio
        if len(self._phrase) < LONGEST_S * RATE_HZ * SAMPLE_BYTES:
            return None
        phrase, self._phrase = bytes(self._phrase), bytearray()
        return phrase

    def begin(self) -> None:
        """A voice began; within a phrase nothing changes."""
        if self._phrase is None:
            self._phrase = bytearray(b"".join(self._before))
            self._before.clear()

    def settle(self) -> bytes:
        """It paused. Returns the phrase; empty if there was none."""
        phrase, self._phrase = self._phrase, None
        return bytes(phrase or b"")
