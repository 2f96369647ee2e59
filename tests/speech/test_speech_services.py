"""Recognisers and voices over the network, against servers on loopback that the services' documents describe."""

import asyncio
import io
import json
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from aiohttp import WSMsgType, web

from mixminus.base.settings import SpeechService
from mixminus.speech.contract import Failure, Guess, Listening, Phrase, Recognised, Speaking, SpeechError, TurnOver
from mixminus.speech.deepgram import address, read
from mixminus.speech.io.configured import NoKey, configured
from mixminus.speech.io.deepgram import DeepgramRecogniser
from mixminus.speech.io.offline import OfflineVoice
from mixminus.speech.io.openai import OpenAiRecogniser, OpenAiVoice
from mixminus.speech.io.phrase_ear import MOST_FAILURES, PhraseEar
from mixminus.speech.providers import ConfiguredProviders
from mixminus.testing.scripted_recogniser import ScriptedRecogniser

pytestmark = pytest.mark.network

FRAME = bytes(320)


class Told:
    """Keeps what an ear tells."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Recognised] = asyncio.Queue()

    def __call__(self, event: Recognised) -> None:
        self.events.put_nowait(event)

    async def next(self) -> Recognised:
        async with asyncio.timeout(10):
            return await self.events.get()


@asynccontextmanager
async def serving(path: str, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """`host:port` of a server."""
    app = web.Application()
    app.router.add_route("*", path, answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


# --- Deepgram ------------------------------------------------------------------------------------------------------


def results(text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "Results", "channel": {"alternatives": [{"transcript": text, "confidence": 0.9}]}, **fields}


class FakeDeepgram:
    """Hears nothing; answers `Finalize`, and whatever a test has it do."""

    def __init__(self, refusals: int = 0, status: int = 503, breaks_after: int | None = None) -> None:
        self.requests: list[web.Request] = []
        self.audio = 0
        self.texts: list[str] = []
        self.closed = asyncio.Event()
        self._refusals, self._status, self._breaks_after = refusals, status, breaks_after

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if len(self.requests) <= self._refusals:
            return web.Response(status=self._status)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            if message.type is WSMsgType.BINARY:
                self.audio += len(message.data)
                if self._breaks_after is not None and self.audio >= self._breaks_after:
                    self._breaks_after = None
                    assert request.transport is not None
                    request.transport.abort()
                    break
                continue
            kind = json.loads(message.data)["type"]
            self.texts.append(kind)
            if kind == "Finalize":
                await ws.send_json(results("my invoice", is_final=False))
                await ws.send_json({"type": "Metadata"})
                await ws.send_json(results("My invoice is wrong.", is_final=True, from_finalize=True))
            if kind == "CloseStream":
                break
        self.closed.set()
        return ws


async def test_deepgram_hears_and_is_asked_for_the_last_words() -> None:
    fake, told = FakeDeepgram(), Told()
    async with serving("/v1/listen", fake.answer) as place:
        recogniser = DeepgramRecogniser(f"ws://{place}", "secret", None)
        ear = recogniser.listen(Listening("en-US", hints=("invoice",)), told)
        for _ in range(50):
            ear.hear(FRAME)
        ear.settle()
        assert await told.next() == Guess("my invoice", "en-US")
        assert await told.next() == Phrase("My invoice is wrong.", "en-US", settles=True)
        ear.close()
        async with asyncio.timeout(5):
            await fake.closed.wait()
        await recogniser.close()
    assert fake.audio == 50 * 320
    assert fake.texts == ["Finalize", "CloseStream"]
    (request,) = fake.requests
    assert request.headers["Authorization"] == "Token secret"
    assert dict(request.query)["keyterm"] == "invoice"
    assert told.events.empty()


async def test_deepgram_is_tried_again_and_what_was_said_meanwhile_is_not_lost() -> None:
    fake, told = FakeDeepgram(refusals=1), Told()
    async with serving("/v1/listen", fake.answer) as place:
        ear = DeepgramRecogniser(f"ws://{place}", "k", None).listen(Listening(), told)
        for _ in range(20):
            ear.hear(FRAME)
        ear.settle()
        await told.next()
        ear.close()
    assert len(fake.requests) == 2
    assert fake.audio == 20 * 320


async def test_a_key_that_is_refused_is_a_failure_at_once() -> None:
    fake, told = FakeDeepgram(refusals=9, status=401), Told()
    async with serving("/v1/listen", fake.answer) as place:
        recogniser = DeepgramRecogniser(f"ws://{place}", "wrong", None)
        recogniser.listen(Listening(), told)
        failure = await told.next()
        await recogniser.close()
    assert isinstance(failure, Failure)
    assert "401" in failure.message
    assert len(fake.requests) == 1


async def test_a_socket_that_breaks_is_opened_again_and_what_it_owed_is_settled() -> None:
    fake, told = FakeDeepgram(breaks_after=320 * 5), Told()
    async with serving("/v1/listen", fake.answer) as place:
        recogniser = DeepgramRecogniser(f"ws://{place}", "k", None)
        ear = recogniser.listen(Listening(), told)
        for _ in range(5):
            ear.hear(FRAME)
        ear.settle()
        first = await told.next()
        assert first in (Phrase("", "en-US", settles=True), Guess("my invoice", "en-US"))
        async with asyncio.timeout(10):
            while len(fake.requests) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await recogniser.close()


def test_where_deepgram_is_found_and_by_which_names() -> None:
    def query(wish: Listening) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(address("wss://api.deepgram.com", wish)).query))

    nova = query(Listening("de-DE", model="nova-2-general", hints=("Rechnung",), profanity_filter=True))
    assert nova["model"] == "nova-2"
    assert nova["language"] == "de-DE"
    assert nova["keywords"] == "Rechnung"
    assert (nova["encoding"], nova["sample_rate"], nova["channels"]) == ("linear16", "8000", "1")
    assert (nova["profanity_filter"], nova["smart_format"]) == ("true", "true")
    flux = Listening("en-US", model="flux-general-en", end_of_turn=0.7)
    assert "/v2/listen?" in address("wss://api.deepgram.com", flux)
    assert query(flux) == {
        "model": "flux-general-en",
        "encoding": "linear16",
        "sample_rate": "8000",
        "eot_threshold": "0.7",
    }


def test_what_its_messages_mean() -> None:
    def means(message: Any) -> list[Recognised]:
        return read(json.dumps(message).encode(), "en-US")

    assert means(results("hello", is_final=True)) == [Phrase("hello", "en-US")]
    assert means(results("", is_final=False)) == []
    assert means({"type": "TurnInfo", "event": "Update", "transcript": "I want"}) == [Guess("I want", "en-US")]
    assert means({"type": "TurnInfo", "event": "EndOfTurn", "transcript": "I want it"}) == [
        Phrase("I want it", "en-US"),
        TurnOver(),
    ]
    assert means({"type": "SpeechStarted", "channel": [0]}) == []
    assert isinstance(means({"type": "Error", "description": "no"})[0], Failure)
    multi = results("hola", is_final=True)
    multi["channel"]["alternatives"][0]["languages"] = ["es"]
    assert read(json.dumps(multi).encode(), "multi") == [Phrase("hola", "es")]
    bad_channel = {"type": "Results", "channel": {"alternatives": 5}}
    nonsense: tuple[Any, ...] = ([], 5, {"type": 5}, results("x", channel=7), bad_channel)
    assert [means(one) for one in nonsense] == [[]] * 5
    assert read(b"\xff{", "en-US") == []


# --- OpenAI and its like -------------------------------------------------------------------------------------------


async def test_phrases_are_posted_as_files() -> None:
    asked: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        file: Any = form["file"]
        asked.append({**form, "file": file.file.read(), "key": request.headers["Authorization"]})
        return web.json_response({"text": " My invoice. "})

    told = Told()
    async with serving("/v1/audio/transcriptions", answer) as place:
        recogniser = OpenAiRecogniser(f"http://{place}/v1", "secret", "whisper-1")
        ear = recogniser.listen(Listening("de-DE", hints=("Rechnung", "Konto")), told)
        ear.begin()
        for _ in range(10):
            ear.hear(b"\1\0" * 160)
        ear.settle()
        assert await told.next() == Phrase("My invoice.", "de-DE", settles=True)
        ear.settle()
        assert await told.next() == Phrase("", "de-DE", settles=True), "nothing was said, and nothing asked"
        ear.close()
        await recogniser.close()
    (form,) = asked
    assert (form["model"], form["language"], form["prompt"]) == ("whisper-1", "de", "Rechnung, Konto")
    assert form["key"] == "Bearer secret"
    with wave.open(io.BytesIO(form["file"])) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (8_000, 1, 1_600)


async def test_a_voice_is_heard_while_it_is_made() -> None:
    tone = (8_000 * np.sin(np.arange(24_000) / 12)).astype("<i2").tobytes()
    asked: list[Any] = []
    go_on = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(tone[:24_001])
        await go_on.wait()
        await response.write(tone[24_001:])
        return response

    async with serving("/v1/audio/speech", answer) as place:
        voice = OpenAiVoice(f"http://{place}/v1", "", "kokoro", "af_bella")
        pieces = []
        async with asyncio.timeout(10):
            async for piece in voice.say(Speaking("Hello there.")):
                pieces.append(piece)
                go_on.set()
        await voice.close()
    assert asked == [{"model": "kokoro", "voice": "af_bella", "input": "Hello there.", "response_format": "pcm"}]
    samples = sum(len(piece.audio) // 2 for piece in pieces)
    assert samples == 8_000
    assert [word.text for word in pieces[-1].words] == ["Hello", "there."]
    assert pieces[-1].words[-1].ends_at == samples


async def test_a_service_that_refuses_is_an_error_in_words() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=429)

    async with serving("/{path:.*}", answer) as place:
        voice = OpenAiVoice(f"http://{place}", "", None, None)
        recogniser = OpenAiRecogniser(f"http://{place}", "", None)
        with pytest.raises(SpeechError, match="429"):
            async for _ in voice.say(Speaking("Hi.")):
                pass
        with pytest.raises(SpeechError, match="429"):
            await recogniser.transcribe(FRAME, Listening())
        await voice.close()
        await recogniser.close()


async def test_an_ear_for_phrases_survives_some_failures_and_not_many() -> None:
    failing = True

    async def transcribe(audio: bytes) -> str:
        if failing:
            raise SpeechError("busy")
        return "hello"

    told = Told()
    ear = PhraseEar(transcribe, "en-US", told)

    async def phrase() -> Recognised:
        ear.begin()
        ear.hear(FRAME)
        ear.settle()
        return await told.next()

    assert await phrase() == Phrase("", "en-US", settles=True)
    failing = False
    assert await phrase() == Phrase("hello", "en-US", settles=True)
    failing = True
    for _ in range(MOST_FAILURES - 1):
        assert await phrase() == Phrase("", "en-US", settles=True)
    assert await phrase() == Failure("busy")


# --- who serves ----------------------------------------------------------------------------------------------------


async def _no_speech(text: str, voice: str | None, language: str | None) -> Any:
    raise AssertionError("nobody speaks here")


def test_providers_by_name_then_by_default_then_offline() -> None:
    named, usual, offline = ScriptedRecogniser(), ScriptedRecogniser(), ScriptedRecogniser()
    named.languages, usual.languages = frozenset({"en-us"}), frozenset({"en-us", "de-de"})
    offline.languages = frozenset({"fr-fr"})
    providers = ConfiguredProviders({"Deepgram": named, "default": usual}, {}, (offline, None))
    found = providers.recogniser("deepgram", "en-US")
    assert (found.recogniser, found.remark) == (named, None)
    assert providers.recogniser("Deepgram", "de-DE").recogniser is usual
    assert providers.recogniser("Google", "en-US").remark is not None
    assert providers.recogniser("Google", "fr-FR").recogniser is offline
    with pytest.raises(SpeechError, match="sv-SE"):
        providers.recogniser("Google", "sv-SE")
    with pytest.raises(SpeechError, match="en-US"):
        providers.voice("Amazon", "en-US")


def test_settings_become_services_and_a_missing_key_is_said() -> None:
    deepgram = {"Deepgram": SpeechService("deepgram")}
    with pytest.raises(NoKey, match="DEEPGRAM_API_KEY"):
        configured((deepgram, {}), (None, "own"), (_no_speech, str.isalpha), {})
    with pytest.raises(SpeechError, match="no weights"):
        configured(({}, {}), (Path("/nowhere"), "own"), (_no_speech, str.isalpha), {})
    providers = configured(
        (deepgram, {"ElevenLabs": SpeechService("openai", url="http://127.0.0.1:1/v1")}),
        (None, "own"),
        (_no_speech, lambda language: language == "en-us"),
        {"DEEPGRAM_API_KEY": "k"},
    )
    assert providers.recogniser("Deepgram", "de-DE").recogniser.name == "Deepgram"
    assert providers.voice("ElevenLabs", "de-DE").remark is None
    assert "serves instead" in str(providers.voice("Amazon", "en-US").remark)
    assert "does not speak" in str(providers.voice("Amazon", "de-DE").remark)


async def test_the_offline_voice_knows_men_by_amazons_names(tmp_path: Path) -> None:
    asked: list[tuple[str | None, str | None]] = []

    @dataclass
    class File:
        path: Path
        rate_hz: int = 8_000

    async def say(text: str, voice: str | None, language: str | None) -> File:
        asked.append((voice, language))
        (tmp_path / "a.pcm").write_bytes(b"\0\0" * 800 + b"\0\10" * 8_000 + b"\0\0" * 8_000)
        return File(tmp_path / "a.pcm")

    voice = OfflineVoice(say, lambda language: language == "en-us")
    assert voice.speaks("en-US")
    assert not voice.speaks("de-DE")
    (spoken,) = [piece async for piece in voice.say(Speaking("Hello there.", voice="Matthew-Neural"))]
    assert [piece async for piece in voice.say(Speaking(" - ", voice="x"))] == [], "nothing to say"
    assert asked == [("Polly.Matthew-Neural", "en-US")]
    assert 8_000 <= len(spoken.audio) // 2 <= 10_000
    assert spoken.words[-1].ends_at == len(spoken.audio) // 2
