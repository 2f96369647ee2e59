"""An ear for recognisers that take whole phrases: each in turn, and each answered, whatever happens."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from mixminus.speech.contract import Failure, Phrase, SpeechError, Tell
from mixminus.speech.phrases import Phrases

MOST_WAITING: Final = 8
"""Phrases of one speaker that the recogniser has not come to; of more, the oldest is given up."""
MOST_FAILURES: Final = 3
"""In a row; the ear is deaf then."""

Transcribe = Callable[[bytes], Awaitable[str]]
"""PCM to text. Raises `SpeechError`."""


class PhraseEar:
    """An `Ear`. What it is told to settle is told in order."""

    def __init__(self, transcribe: Transcribe, language: str, tell: Tell) -> None:
        self._transcribe = transcribe
        self._language = language
        self._tell = tell
        self._phrases = Phrases()
        self._waiting: deque[tuple[bytes, bool]] = deque()
        """Each, and whether it settles."""
        self._work: asyncio.Task[None] | None = None
        self._failures = 0
        self._is_closed = False

    def hear(self, audio: bytes) -> None:
        if (phrase := self._phrases.hear(audio)) is not None:
            self._ask(phrase, settles=False)

    def begin(self) -> None:
        self._phrases.begin()

    def settle(self) -> None:
        self._ask(self._phrases.settle(), settles=True)

    def close(self) -> None:
        self._is_closed = True
        self._waiting.clear()
        if self._work is not None:
            self._work.cancel()

    def _ask(self, phrase: bytes, *, settles: bool) -> None:
        if self._is_closed:
            return
        if len(self._waiting) >= MOST_WAITING:
            _, was_to_settle = self._waiting.popleft()
            if was_to_settle:
                self._tell_soon(Phrase("", self._language, settles=True))
        self._waiting.append((phrase, settles))
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._run(), name="phrases to text")

    def _tell_soon(self, phrase: Phrase) -> None:
        asyncio.get_running_loop().call_soon(self._tell_now, phrase)

    def _tell_now(self, phrase: Phrase) -> None:
        if not self._is_closed:
            self._tell(phrase)

    async def _run(self) -> None:
        while self._waiting:
            audio, settles = self._waiting.popleft()
            text = ""
            try:
                text = await self._transcribe(audio) if audio else ""
                self._failures = 0
            except SpeechError as error:
                self._failures += 1
                if self._failures >= MOST_FAILURES:
                    self._tell(Failure(str(error)))
                    return
            self._tell_now(Phrase(text.strip(), self._language, settles))
        self._work = None
