"""Without a key and without a network: the recogniser in a process of its own, the voice that `<Say>` has."""

import asyncio
import base64
import contextlib
import importlib.util
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from mixminus.base.errors import Refusal
from mixminus.prompts.io.workers import WorkerDied, WorkerLate, WorkerPool
from mixminus.prompts.prompt import PromptError
from mixminus.speech.contract import RATE_HZ, SAMPLE_BYTES, Ear, Listening, Speaking, SpeechError, Spoken, Tell
from mixminus.speech.io.phrase_ear import PhraseEar
from mixminus.speech.timing import spoken_words, without_silence

PROCESSES: Final = 2
PHRASE_S: Final = 20.0
"""Half a minute of speech takes Moonshine 0.6 s on one core, pocketsphinx up to its own length."""


class OfflineRecogniser:
    """English. Moonshine where its weights are, else pocketsphinx, which is poor at sentences."""

    def __init__(self, moonshine: Path | None) -> None:
        self.name = "pocketsphinx" if moonshine is None else "moonshine-tiny"
        self._moonshine = "" if moonshine is None else str(moonshine)
        self._pool = WorkerPool("mixminus.speech.io.recogniser_worker", PROCESSES, PHRASE_S)
        self._jobs: set[asyncio.Task[str]] = set()
        self._warming: asyncio.Task[None] | None = None

    def understands(self, language: str) -> bool:
        return language.lower().partition("-")[0] in ("en", "multi")

    def listen(self, wish: Listening, tell: Tell) -> Ear:
        if self._warming is None:
            self._warming = asyncio.get_running_loop().create_task(self._warm_up(), name="models of the recogniser")
        language = "en-US" if wish.language.lower() == "multi" else wish.language
        return PhraseEar(self.transcribe, language, tell)

    async def transcribe(self, audio: bytes) -> str:
        """Raises `SpeechError`. Who is cancelled meanwhile stops nothing: a new process must load everything."""
        job = asyncio.get_running_loop().create_task(self._ask(audio), name="a phrase to text")
        self._jobs.add(job)
        job.add_done_callback(self._done)
        return await asyncio.shield(job)

    async def _ask(self, audio: bytes) -> str:
        job = {"audio": base64.b64encode(audio).decode(), "moonshine": self._moonshine}
        try:
            answer = await self._pool.ask(job)
        except PromptError as error:
            raise SpeechError(f"{self.name}: {error.message}") from None
        except (WorkerDied, WorkerLate):
            raise SpeechError(f"{self.name}: its process ended, or took longer than {PHRASE_S:g} s") from None
        return str(answer["text"])

    async def close(self) -> None:
        tasks = [*self._jobs, *([self._warming] if self._warming is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._pool.close()

    def _done(self, job: asyncio.Task[str]) -> None:
        self._jobs.discard(job)
        if not job.cancelled():
            job.exception()  # whoever asked may be gone

    async def _warm_up(self) -> None:
        """The first caller must not pay for loading; what is wrong with the models is told at the first phrase."""
        with contextlib.suppress(SpeechError):
            await self.transcribe(bytes(SAMPLE_BYTES * RATE_HZ // 2))


def offline_recogniser(moonshine: Path | None) -> OfflineRecogniser | None:
    """The best one that this installation has. Raises `SpeechError` when it cannot be the one that was asked for."""
    if moonshine is not None:
        if not (moonshine / "tokenizer.json").is_file():
            raise SpeechError(
                f"moonshine: there are no weights in {moonshine}. docs/agents.md says where to get them."
            )
        if importlib.util.find_spec("onnxruntime") is None:
            raise SpeechError("moonshine needs onnxruntime: pip install 'mixminus[speech]'.")
    if importlib.util.find_spec("pocketsphinx") is None:
        return None
    return OfflineRecogniser(moonshine)


class File(Protocol):
    """Raw samples."""

    @property
    def path(self) -> Path: ...

    @property
    def rate_hz(self) -> int: ...


class Say(Protocol):
    """Text to a file, as `<Say>` has it: text, voice, language. Raises `Refusal`."""

    async def __call__(self, text: str, voice: str | None, language: str | None) -> File: ...


class OfflineVoice:
    """The voice of `<Say>`, a text at a time. Words are timed by their letters."""

    name = "the offline voice"

    def __init__(self, say: Say, speaks: Callable[[str], bool]) -> None:
        """*speaks*: whether there is a voice for a lower-case tag; of others it makes what it can."""
        self._say = say
        self._speaks = speaks

    def speaks(self, language: str) -> bool:
        return self._speaks(language.lower())

    async def say(self, wish: Speaking) -> AsyncIterator[Spoken]:
        if not any(character.isalnum() for character in wish.text):
            return
        try:
            file = await self._say(wish.text, _voice(wish.voice), wish.language)
        except Refusal as error:
            raise SpeechError(f"{self.name}: {error.message}") from None
        if file.rate_hz != RATE_HZ:
            raise SpeechError(f"{self.name} speaks at {file.rate_hz} Hz; {RATE_HZ} are played")
        samples = without_silence(np.fromfile(file.path, "<i2"))
        yield Spoken(samples.tobytes(), spoken_words(wish.text, len(samples)))

    async def close(self) -> None:
        """It is somebody else's."""


def _voice(name: str | None) -> str | None:
    """As `<Say>` has it: relays name Amazon's voices without `Polly.`; of others it would take nothing anyway."""
    return name if name is None or "." in name else f"Polly.{name}"
