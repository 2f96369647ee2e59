"""Services that speak OpenAI's audio API, or one like it: transcriptions of phrases, and speech."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import msgspec
import numpy as np

from mixminus.speech.contract import RATE_HZ, SAMPLE_BYTES, Ear, Listening, Speaking, SpeechError, Spoken, Tell
from mixminus.speech.io.phrase_ear import PhraseEar
from mixminus.speech.resampling import Lowering
from mixminus.speech.timing import spoken_words

URL: Final = "https://api.openai.com/v1"
HEARING_MODEL: Final = "gpt-4o-mini-transcribe"
SPEAKING_MODEL: Final = "gpt-4o-mini-tts"
VOICE: Final = "alloy"
SPOKEN_HZ: Final = 24_000
"""What `response_format: pcm` means."""

HEARING_S: Final = 10.0
FIRST_SOUND_S: Final = 10.0
MOST_SPOKEN_S: Final = 120
"""Of one text; a service that never ends is ended."""
MAX_ANSWER_BYTES: Final = 1 << 20


class _Transcript(msgspec.Struct):
    text: str


class _Service:
    """A base URL and a key; the connections are opened when they are first needed."""

    def __init__(self, url: str | None, key: str) -> None:
        self._url = (url or URL).rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http: aiohttp.ClientSession | None = None

    @property
    def http(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(headers=self._headers)
        return self._http

    def at(self, path: str) -> str:
        return self._url + path

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


class OpenAiRecogniser:
    """A `Recogniser` of phrases."""

    def __init__(self, url: str | None, key: str, model: str | None) -> None:
        self.name = model or HEARING_MODEL
        self._service = _Service(url, key)

    def understands(self, language: str) -> bool:
        return True

    def listen(self, wish: Listening, tell: Tell) -> Ear:
        async def transcribe(audio: bytes) -> str:
            return await self.transcribe(audio, wish)

        return PhraseEar(transcribe, wish.language, tell)

    async def transcribe(self, audio: bytes, wish: Listening) -> str:
        """Raises `SpeechError`."""
        form = aiohttp.FormData()
        form.add_field("file", wav(audio), filename="phrase.wav", content_type="audio/wav")
        form.add_field("model", self.name)
        form.add_field("response_format", "json")
        if wish.language.lower() != "multi":
            form.add_field("language", wish.language.partition("-")[0].lower())
        if wish.hints:
            form.add_field("prompt", ", ".join(wish.hints)[:800])
        try:
            async with (
                asyncio.timeout(HEARING_S),
                self._service.http.post(self._service.at("/audio/transcriptions"), data=form) as answer,
            ):
                body = await answer.content.read(MAX_ANSWER_BYTES)
                if answer.status != 200:
                    raise SpeechError(f"{self.name} answered {answer.status}")
                return msgspec.json.decode(body, type=_Transcript).text
        except (aiohttp.ClientError, OSError, msgspec.DecodeError) as error:
            raise SpeechError(f"{self.name} failed: {type(error).__name__}") from None

    async def close(self) -> None:
        await self._service.close()


class OpenAiVoice:
    """A `Voice`. Sound comes as it is made; words are timed when all of it is there."""

    def __init__(self, url: str | None, key: str, model: str | None, voice: str | None) -> None:
        self.name = model or SPEAKING_MODEL
        self._voice = voice or VOICE
        self._service = _Service(url, key)

    def speaks(self, language: str) -> bool:
        return True

    async def say(self, wish: Speaking) -> AsyncIterator[Spoken]:
        body = {"model": self.name, "voice": self._voice, "input": wish.text, "response_format": "pcm"}
        lowering, samples = Lowering(), 0
        try:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=FIRST_SOUND_S)
            async with self._service.http.post(
                self._service.at("/audio/speech"), json=body, timeout=timeout
            ) as answer:
                if answer.status != 200:
                    raise SpeechError(f"{self.name} answered {answer.status}")
                async for piece in answer.content.iter_chunked(9_600):
                    audio = lowering.lower(piece)
                    samples += len(audio) // SAMPLE_BYTES
                    if audio:
                        yield Spoken(audio)
                    if samples > MOST_SPOKEN_S * RATE_HZ:
                        break
        except (aiohttp.ClientError, OSError) as error:
            raise SpeechError(f"{self.name} failed: {type(error).__name__}") from None
        yield Spoken(b"", spoken_words(wish.text, samples))

    async def close(self) -> None:
        await self._service.close()


def wav(audio: bytes) -> bytes:
    """PCM as a file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(SAMPLE_BYTES)
        writer.setframerate(RATE_HZ)
        writer.writeframes(np.frombuffer(audio, "<i2").tobytes())
    return file.getvalue()
