"""Who speaks for `<Say>` without a network: Flite for English, espeak-ng for the rest.

Why these: docs/decisions/0002-the-offline-voice.md. Another engine is another `Voice`.
"""

import ctypes.util
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from mixminus.prompts.io.workers import WorkerDied, WorkerLate, WorkerPool
from mixminus.prompts.prompt import INTERNAL, Limits, PromptError
from mixminus.prompts.speech import Speaker, Speech, espeak_language


class Voice(Protocol):
    """A speech engine."""

    name: str
    """Part of the cache key: two engines, or versions of one, with one name are taken for the same."""

    def speaks(self, language: str) -> bool:
        """Tell whether this engine has a voice for a lower-case tag such as `de-de`."""

    async def say(self, speech: Speech, wav: Path) -> None:
        """Speak into the file *wav*, in any format that can be decoded. Raises `PromptError`."""

    async def close(self) -> None:
        """End what the engine started."""


class FliteVoice:
    """English by Flite, which comes with the package. About 50 ms a sentence."""

    name = "flite-2.2"
    _VOICES: Final = {Speaker.MAN: "rms", Speaker.WOMAN: "slt"}

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = WorkerPool("mixminus.prompts.io.flite_worker", 2, limits.speech_s)

    def speaks(self, language: str) -> bool:
        return language.partition("-")[0] == "en"

    async def say(self, speech: Speech, wav: Path) -> None:
        job = {"text": speech.text, "voice": self._VOICES[speech.speaker], "wav": str(wav)}
        await _ask(self._pool, job, self.name, self._limits)

    async def close(self) -> None:
        await self._pool.close()


class EspeakVoice:
    """Many languages by espeak-ng, in a process of its own. Robotic, about 10 ms a sentence."""

    name = "espeak-ng"
    _VARIANTS: Final = {Speaker.MAN: "", Speaker.WOMAN: "+f3"}

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = WorkerPool("mixminus.prompts.io.espeak_worker", 1, limits.speech_s)

    def speaks(self, language: str) -> bool:
        return espeak_language(language) is not None

    async def say(self, speech: Speech, wav: Path) -> None:
        job = {
            "text": speech.text,
            "language": espeak_language(speech.language) or "en-us",
            "variant": self._VARIANTS[speech.speaker],
            "wav": str(wav),
        }
        await _ask(self._pool, job, self.name, self._limits)

    async def close(self) -> None:
        await self._pool.close()


class Voices:
    """Several engines as one: the first that speaks the language, else the first of all."""

    def __init__(self, voices: Sequence[Voice]) -> None:
        self._voices = tuple(voices)
        self.name = "+".join(voice.name for voice in voices)

    def speaks(self, language: str) -> bool:
        return any(voice.speaks(language) for voice in self._voices)

    async def say(self, speech: Speech, wav: Path) -> None:
        if not self._voices:
            raise PromptError(INTERNAL, "no voice is installed")
        chosen = next((voice for voice in self._voices if voice.speaks(speech.language)), self._voices[0])
        await chosen.say(speech, wav)

    async def close(self) -> None:
        for voice in self._voices:
            await voice.close()


def offline_voice(limits: Limits) -> Voices:
    """Return the voices that this installation has."""
    voices: list[Voice] = []
    if importlib.util.find_spec("wasmtime") is not None:
        voices.append(FliteVoice(limits))
    if importlib.util.find_spec("espeakng_loader") is not None or ctypes.util.find_library("espeak-ng"):
        voices.append(EspeakVoice(limits))
    return Voices(voices)


async def _ask(pool: WorkerPool, job: dict[str, str], engine: str, limits: Limits) -> None:
    try:
        await pool.ask(job)
    except WorkerDied:
        raise PromptError(INTERNAL, f"{engine} could not speak this text: its process ended") from None
    except WorkerLate:
        raise PromptError(INTERNAL, f"{engine} took longer than {limits.speech_s:g} s to speak") from None
