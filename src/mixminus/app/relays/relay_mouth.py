"""What a relay says becomes sound: one chunk after another, a little ahead of what is heard."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mixminus.app.sounds.sound_sources import Prompts
from mixminus.app.tasks import Tasks
from mixminus.audio.g711 import ULAW_ENCODING
from mixminus.base.errors import Refusal
from mixminus.relay.talk import Chunk, Talk
from mixminus.relay.terms import Terms
from mixminus.speech.contract import RATE_HZ, Providers, Speaking, SpeechError
from mixminus.streams.playout import Playout

AHEAD: Final = 4 * RATE_HZ
"""Octets that wait to be heard before more is made: voices cost money, and most of it may be interrupted."""
PIECE: Final = RATE_HZ
"""Samples of a file at once."""


class Mouth:
    """One relay's."""

    def __init__(
        self,
        talk: Talk,
        playout: Playout,
        terms: Terms,
        sources: tuple[Providers, Prompts, Tasks],
        changed: Callable[[], None],
        failed: Callable[[Chunk, str], None],
    ) -> None:
        """*changed* is called when there is more to be heard, or a chunk is done; *failed* with the reason."""
        self._talk = talk
        self._playout = playout
        self._terms = terms
        self._providers, self._prompts, self._tasks = sources
        self._changed = changed
        self._failed = failed
        self._making: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self.remarks: set[str] = set()
        """About providers; each is told once."""
        self.remark: Callable[[str], None] = lambda text: None

    def go_on(self) -> None:
        """Something was said, or heard: make the next chunk if it is time."""
        if self._playout.pending < AHEAD:
            self._room.set()
            if self._making is None and (chunk := self._talk.next()) is not None:
                self._making = self._tasks.spawn(self._make(chunk), "speech of a relay")

    def silence(self) -> None:
        """What is being made is not wanted any more."""
        if self._making is not None:
            self._making.cancel()
            self._making = None

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _make(self, chunk: Chunk) -> None:
        failure: str | None = None
        try:
            if chunk.source is not None:
                await self._file(chunk.source, chunk.loops)
            else:
                await self._speech(chunk)
        except (SpeechError, Refusal) as error:
            failure = str(error)
        except Exception as error:  # the top of this task: an adapter that breaks is not to silence the session
            failure = f"The voice failed: {error!r}"[:200]
        self._making = None
        self._talk.made()
        if failure is not None:
            self._failed(chunk, failure)
        self._changed()

    async def _speech(self, chunk: Chunk) -> None:
        speaker = self._terms.speaker_of(chunk.language)
        found = self._providers.voice(speaker.provider, speaker.language)
        if found.remark is not None and found.remark not in self.remarks:
            self.remarks.add(found.remark)
            self.remark(found.remark)
        async for spoken in found.voice.say(Speaking(chunk.text, speaker.language, speaker.voice)):
            samples = np.frombuffer(spoken.audio, "<i2")
            self._talk.sounds(self._append(samples), spoken.words)
            self._changed()

    async def _file(self, source: str, loops: int) -> None:
        prompt = await self._prompts.audio(source)
        if prompt.rate_hz != RATE_HZ:
            raise SpeechError(f"A file at {prompt.rate_hz} Hz; {RATE_HZ} are played")
        for _ in range(loops):
            for samples in _pieces(prompt.path):
                self._talk.sounds(self._append(samples))
                self._changed()
                await self._until_there_is_room()

    def _append(self, samples: NDArray[np.int16]) -> int:
        octets = ULAW_ENCODING[samples.view(np.uint16)].tobytes()
        return len(octets) - self._playout.say(octets)

    async def _until_there_is_room(self) -> None:
        while self._playout.pending >= AHEAD:
            self._room.clear()
            await self._room.wait()


def _pieces(path: Path) -> Iterator[NDArray[np.int16]]:
    with path.open("rb") as file:
        while len(audio := file.read(2 * PIECE)) >= 2:
            yield np.frombuffer(audio[: len(audio) & ~1], "<i2")
