"""What a node in a test plays: every sound is a note of its own, so that ears can tell them apart."""

import io
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from mixminus.base.errors import Refusal

RATE_HZ: Final = 8_000

MUSIC_HZ: Final = 450
"""The house music: between the notes of phones."""

SPEECH_HZ: Final = 580
"""Whatever `<Say>` says."""

SECONDS_PER_CHARACTER: Final = 0.06

AMPLITUDE: Final = 3_000


class FetchAudio(Protocol):
    """The node's way to `<Play>` URLs (`mixminus.app.sounds.audio_fetch`)."""

    async def __call__(self, url: str, headers: Mapping[str, str]) -> "Answer": ...


class Answer(Protocol):
    @property
    def status(self) -> int: ...

    @property
    def body(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class NoteFile:
    """A decoded prompt, as the engine takes it."""

    path: Path
    rate_hz: int = RATE_HZ


class NotePrompts:
    """Implements `app.services.Prompts` without a decoder or a voice: fast, exact, and easy to recognise.

    `media:NAME` hums the frequency that the name says (`media:700hz.wav`); http URLs must answer with an 8 kHz mono
    WAV.
    """

    def __init__(self, folder: Path, fetch: FetchAudio) -> None:
        self._folder = folder
        self._fetch = fetch

    async def music(self) -> NoteFile:
        return self._note("music", MUSIC_HZ, 4.0)

    async def speech(self, text: str, voice: str | None, language: str | None) -> NoteFile:
        seconds = max(0.2, SECONDS_PER_CHARACTER * len(text))
        return self._note(f"speech-{len(text)}", SPEECH_HZ, seconds)

    async def audio(self, url: str) -> NoteFile:
        if url.startswith("media:"):
            return self._media(url.removeprefix("media:"))
        answer = await self._fetch(url, {})
        if answer.status != 200:
            raise Refusal(11200, 400, f"{url} answered {answer.status}")
        return self._wav(url, answer.body)

    def _media(self, name: str) -> NoteFile:
        digits = "".join(character for character in name if character.isdigit())
        if not digits:
            raise Refusal(11200, 400, f"there is no {name} in the media folder")
        return self._note(name.replace("/", "_"), int(digits), 4.0)

    def _note(self, name: str, frequency_hz: int, seconds: float) -> NoteFile:
        path = self._folder / f"{name}.pcm"
        if not path.exists():
            at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
            path.write_bytes((AMPLITUDE * np.sin(2 * np.pi * frequency_hz * at)).astype("<i2").tobytes())
        return NoteFile(path)

    def _wav(self, url: str, body: bytes) -> NoteFile:
        try:
            with wave.open(io.BytesIO(body)) as file:
                samples = file.readframes(file.getnframes())
        except (wave.Error, EOFError) as error:
            raise Refusal(13420, 400, f"{url} is not a WAV file: {error}") from error
        path = self._folder / f"{abs(hash((url, samples)))}.pcm"
        path.write_bytes(samples)
        return NoteFile(path)


def note_wav(frequency_hz: int, seconds: float) -> bytes:
    """A WAV file that hums: for webhook applications in tests to serve."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    samples = (AMPLITUDE * np.sin(2 * np.pi * frequency_hz * at)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(samples.tobytes())
    return file.getvalue()
