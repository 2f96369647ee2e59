"""One library for all that callers hear: fetched, decoded and spoken once, kept, and refused in words."""

import asyncio
import io
import os
import wave
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from mixminus.prompts.io.library import PromptLibrary
from mixminus.prompts.prompt import NOT_RETRIEVABLE, Fetched, Limits, Prompt, PromptError
from mixminus.prompts.speech import Speech

URL = "https://example.com/welcome.wav"


def wav(milliseconds: int, value: int = 1000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(value.to_bytes(2, "little", signed=True) * 8 * milliseconds)
    return out.getvalue()


@dataclass
class Web:
    """A web server of one file, with the requests that it was sent."""

    answers: list[Fetched] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def fetch(self, url: str, headers: Mapping[str, str]) -> Fetched:
        self.asked.append(dict(headers))
        if self.gate is not None:
            await self.gate.wait()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def serves(self, body: bytes, status: int = 200, kind: str | None = "audio/wav", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(Fetched(status, named | ({"content-type": kind} if kind else {}), body))


@dataclass
class Parrot:
    """A voice that takes 100 ms a word, and counts what it said."""

    name: str = "parrot"
    said: list[Speech] = field(default_factory=list)

    def speaks(self, language: str) -> bool:
        return True

    async def say(self, speech: Speech, wav_path: Path) -> None:
        self.said.append(speech)
        data = wav(100 * len(speech.text.split()))
        await asyncio.to_thread(wav_path.write_bytes, data)

    async def close(self) -> None:
        pass


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def parrot() -> Parrot:
    return Parrot()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def library(
    tmp_path: Path, folder: Path, web: Web, parrot: Parrot, clock: Clock
) -> AsyncIterator[PromptLibrary]:
    limits = Limits(file_bytes=1_000_000, cache_bytes=60_000, cache_grace_s=60.0)
    library = PromptLibrary(tmp_path / "kept", folder, fetch=web.fetch, voice=parrot, now=clock, limits=limits)
    yield library
    await library.close()


def files(prompt: Prompt) -> list[str]:
    return sorted(os.listdir(prompt.path.parent))


# --- from the web ----------------------------------------------------------------------------------------------


async def test_a_url_is_fetched_and_decoded(library: PromptLibrary, web: Web) -> None:
    web.serves(wav(500))
    prompt = await library.audio(URL)
    assert (prompt.rate_hz, prompt.duration_ms) == (8000, 500)
    assert prompt.path.stat().st_size == 8000
    assert files(prompt) == [prompt.path.name], "nothing unfinished is left"


async def test_twenty_callers_at_once_cost_one_fetch(library: PromptLibrary, web: Web) -> None:
    web.serves(wav(500))
    prompts = await asyncio.gather(*(library.audio(URL) for _ in range(20)))
    assert len(set(prompts)) == 1
    assert len(web.asked) == 1


async def test_the_second_time_the_server_is_asked_whether_it_changed(library: PromptLibrary, web: Web) -> None:
    web.serves(wav(500), etag='"1"')
    web.serves(b"", 304, None)
    web.serves(wav(700), etag='"2"')
    first, same, changed = [await library.audio(URL) for _ in range(3)]
    assert first == same
    assert changed.duration_ms == 700
    assert first.path.exists(), "whoever is hearing the old one hears it to its end"
    assert web.asked == [{}, {"If-None-Match": '"1"'}, {"If-None-Match": '"1"'}]


async def test_while_an_answer_is_fresh_nobody_is_asked(library: PromptLibrary, web: Web, clock: Clock) -> None:
    web.serves(wav(500), cache_control="max-age=30", etag='"1"')
    for seconds, asked in ((0, 1), (29, 1), (2, 2)):
        clock.now += seconds
        await library.audio(URL)
        assert len(web.asked) == asked


async def test_the_same_bytes_under_another_url_are_not_decoded_again(library: PromptLibrary, web: Web) -> None:
    web.serves(wav(500))
    assert await library.audio(URL) == await library.audio(URL + "?again")


async def test_two_nodes_may_share_the_folder(
    library: PromptLibrary, web: Web, parrot: Parrot, tmp_path: Path
) -> None:
    web.serves(wav(500))
    other = PromptLibrary(tmp_path / "kept", tmp_path, fetch=web.fetch, voice=parrot, now=lambda: 0.0)
    ours, theirs = await asyncio.gather(library.audio(URL), other.audio(URL))
    assert ours == theirs
    assert files(ours) == [ours.path.name]
    await other.close()


async def test_a_file_that_another_node_evicted_is_made_again(library: PromptLibrary, web: Web) -> None:
    web.serves(wav(500), cache_control="max-age=1000", etag='"1"')
    (await library.audio(URL)).path.unlink()
    assert (await library.audio(URL)).path.exists()
    assert web.asked == [{}, {}], "without the file, a 304 would be of no use"


@pytest.mark.parametrize(
    ("status", "kind", "body", "code"),
    [
        (404, "audio/wav", wav(500), 11200),
        (304, "audio/wav", b"", 11200),
        (200, None, wav(500), 11200),
        (200, "text/html", wav(500), 13420),
        (200, "audio/wav", b"", 13420),
        (200, "audio/wav", b"<html>", 13420),
        (200, "audio/wav", wav(70_000), 11750),
    ],
)
async def test_what_cannot_be_played_is_refused_with_twilios_code(
    status: int, kind: str | None, body: bytes, code: int, library: PromptLibrary, web: Web
) -> None:
    web.serves(body, status, kind)
    with pytest.raises(PromptError) as refused:
        await library.audio(URL)
    assert refused.value.code == code


async def test_a_failure_is_each_callers_own_and_is_not_remembered(library: PromptLibrary, web: Web) -> None:
    web.serves(b"", 500)
    web.serves(wav(500))
    results = await asyncio.gather(library.audio(URL), library.audio(URL), return_exceptions=True)
    assert [type(result) for result in results] == [PromptError, PromptError]
    assert results[0] is not results[1]
    assert (await library.audio(URL)).duration_ms == 500


async def test_a_caller_who_hangs_up_stops_nobody_else(library: PromptLibrary, web: Web) -> None:
    web.serves(wav(500))
    web.gate = asyncio.Event()
    gone, waiting = asyncio.create_task(library.audio(URL)), asyncio.create_task(library.audio(URL))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    web.gate.set()
    assert (await waiting).duration_ms == 500
    assert gone.cancelled()


async def test_closing_tells_whoever_still_waits(library: PromptLibrary, web: Web) -> None:
    web.gate = asyncio.Event()
    waiting = asyncio.create_task(library.audio(URL))
    await asyncio.sleep(0)
    await library.close()
    with pytest.raises(PromptError, match="closing"):
        await waiting


@pytest.mark.parametrize("url", ["ftp://example.com/a.wav", "file:///etc/passwd", "/etc/passwd", "", "a.wav"])
async def test_11100_what_is_neither_a_web_address_nor_a_media_name(url: str, library: PromptLibrary) -> None:
    with pytest.raises(PromptError) as refused:
        await library.audio(url)
    assert refused.value.code == 11100


# --- from the media folder -------------------------------------------------------------------------------------


async def test_a_file_of_the_media_folder_is_played_and_a_changed_one_anew(
    library: PromptLibrary, folder: Path
) -> None:
    (folder / "greetings").mkdir()
    (folder / "greetings" / "hello there.wav").write_bytes(wav(500))
    assert (await library.audio("media:greetings/hello there.wav")).duration_ms == 500
    (folder / "greetings" / "hello there.wav").write_bytes(wav(700))
    assert (await library.audio("media:greetings/hello there.wav")).duration_ms == 700


async def test_a_name_that_is_not_there_is_answered_with_the_names_that_are(
    library: PromptLibrary, folder: Path
) -> None:
    for number in range(25):
        (folder / f"{number:02}.wav").write_bytes(b"")
    with pytest.raises(PromptError, match=r"no media:helo\.wav; the media folder has 00\.wav, .* and 5 more"):
        await library.audio("media:helo.wav")


@pytest.mark.parametrize(
    "name", ["../secret.wav", "/etc/passwd", "a/../../secret.wav", "link.wav", "linked/secret.wav", "../media2/x.wav"]
)
async def test_nothing_outside_the_media_folder_is_reached(
    name: str, library: PromptLibrary, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.wav").write_bytes(wav(500))
    (tmp_path / "media2").mkdir()
    (tmp_path / "media2" / "x.wav").write_bytes(wav(500))
    (folder / "a").mkdir()
    (folder / "link.wav").symlink_to(tmp_path / "secret.wav")
    (folder / "linked").symlink_to(tmp_path)
    with pytest.raises(PromptError, match="out of the media folder") as refused:
        await library.audio(f"media:{name}")
    assert refused.value.code == NOT_RETRIEVABLE


@pytest.mark.parametrize("name", ["", ".", "a\0b", "x" * 5000, "é" * 300, "🎵", "a\nb", "\udc80"])
async def test_odd_names_are_refused_like_any_other(name: str, library: PromptLibrary) -> None:
    with pytest.raises(PromptError) as refused:
        await library.audio(f"media:{name}")
    assert refused.value.code == NOT_RETRIEVABLE
    assert refused.value.message.isprintable()


# --- speech, music, the folder ---------------------------------------------------------------------------------


async def test_the_same_words_are_spoken_once(library: PromptLibrary, parrot: Parrot) -> None:
    prompts = await asyncio.gather(*(library.speech("one two three") for _ in range(5)))
    again = await library.speech("<p>one two three</p>", "man", "en-US")
    assert {prompt.duration_ms for prompt in (*prompts, again)} == {300}
    assert len(parrot.said) == 1


async def test_another_voice_or_language_is_another_prompt(library: PromptLibrary, parrot: Parrot) -> None:
    for voice, language in ((None, None), ("woman", None), (None, "de-DE")):
        await library.speech("hello", voice, language)
    assert len(parrot.said) == 3


async def test_music_and_beeps_come_with_the_package(library: PromptLibrary) -> None:
    assert (await library.music()).duration_ms > 40_000
    assert (await library.enter_beep()).path != (await library.exit_beep()).path


async def test_the_least_recently_heard_is_thrown_out_when_the_folder_is_full(
    library: PromptLibrary, web: Web, clock: Clock
) -> None:
    prompts = []
    for number in range(5):
        web.answers.clear()
        web.serves(wav(1000, number))
        prompts.append(await library.audio(f"{URL}?{number}"))
        os.utime(prompts[-1].path, (number, number))  # as if heard long ago, by the folder's own time
        clock.now += 100
    assert [prompt.path.exists() for prompt in prompts] == [False, False, True, True, True]


async def test_what_was_left_unfinished_long_ago_is_swept_away(tmp_path: Path, web: Web, parrot: Parrot) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    abandoned, growing = kept / ".abc.0123.part", kept / ".abc.4567.part"
    growing.touch()
    abandoned.touch()
    os.utime(abandoned, (0, 0))
    PromptLibrary(kept, tmp_path, fetch=web.fetch, voice=parrot, now=lambda: 0.0)
    assert os.listdir(kept) == [growing.name]
