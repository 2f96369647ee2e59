"""A recogniser that knows beforehand what will be said, so that a test needs voices but no models.

    world.hearing.will_hear("my invoice is wrong", "no thanks")

Each pause of a speaker is answered with the next phrase, a moment later.
"""

import asyncio
from collections import deque
from typing import Final

from mixminus.speech.contract import Ear, Failure, Guess, Listening, Phrase, Tell

ANSWERS_AFTER_S: Final = 0.05


class ScriptedRecogniser:
    """Serves as `Deepgram`."""

    name = "script"

    def __init__(self) -> None:
        self.ears: list[ScriptedEar] = []
        """All that ever listened, in order."""
        self.languages: frozenset[str] = frozenset({"en-us", "de-de", "multi"})
        self._script: deque[str] = deque()

    def will_hear(self, *phrases: str) -> None:
        """The next phrases, of whoever speaks."""
        self._script.extend(phrases)

    def next_phrase(self) -> str:
        """Empty when the script is over."""
        return self._script.popleft() if self._script else ""

    def understands(self, language: str) -> bool:
        return language.lower() in self.languages

    def listen(self, wish: Listening, tell: Tell) -> Ear:
        ear = ScriptedEar(self, wish, tell)
        self.ears.append(ear)
        return ear

    async def close(self) -> None:
        """Nothing runs."""


class ScriptedEar:
    """An `Ear`. `guess` and `fail` are for tests."""

    def __init__(self, recogniser: ScriptedRecogniser, wish: Listening, tell: Tell) -> None:
        self.wish = wish
        self.heard_bytes = 0
        self.begun_at: list[float] = []
        self.is_closed = False
        self._recogniser = recogniser
        self._tell = tell

    def hear(self, audio: bytes) -> None:
        self.heard_bytes += len(audio)

    def begin(self) -> None:
        self.begun_at.append(asyncio.get_running_loop().time())

    def settle(self) -> None:
        phrase = Phrase(self._recogniser.next_phrase(), self.wish.language, settles=True)
        asyncio.get_running_loop().call_later(ANSWERS_AFTER_S, self._told, phrase)

    def close(self) -> None:
        self.is_closed = True

    def guess(self, text: str) -> None:
        """Tell what the phrase may be."""
        self._told(Guess(text, self.wish.language))

    def fail(self, message: str) -> None:
        self._told(Failure(message))

    def _told(self, event: Guess | Phrase | Failure) -> None:
        if not self.is_closed:
            self._tell(event)
