"""Everything a caller may hear besides people: files, speech, hold music, beeps. Asked for by name, had decoded."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from mixminus.prompts.cache import key
from mixminus.prompts.formats import RAW_BY_SUFFIX, RAW_BY_TYPE, content_type, is_audio
from mixminus.prompts.io import media_folder as folder
from mixminus.prompts.io.decode import Decoder
from mixminus.prompts.io.shelf import Shelf
from mixminus.prompts.io.voice import Voice
from mixminus.prompts.level import SPEECH_DBFS
from mixminus.prompts.prompt import (
    INTERNAL,
    INVALID_URL,
    NOT_AUDIO,
    NOT_RETRIEVABLE,
    TOO_LARGE,
    Fetch,
    Fetched,
    Limits,
    Prompt,
    PromptError,
)
from mixminus.prompts.speech import Speech, speech
from mixminus.prompts.validators import Validators, validators

_MEDIA: Final = "media:"
# A few hundred bytes each; an application that makes a URL per call must not fill the memory.
_URLS_REMEMBERED: Final = 10_000


class PromptLibrary:
    """Gets, decodes and keeps prompts. What several callers want at once is made once; what fails, fails alone."""

    def __init__(
        self,
        directory: Path,
        media_folder: Path,
        *,
        fetch: Fetch,
        voice: Voice,
        now: Callable[[], float],
        limits: Limits = Limits(),
    ) -> None:
        self._media_folder = media_folder
        self._fetch = fetch
        self._voice = voice
        self._now = now
        self._limits = limits
        self._shelf = Shelf(directory, limits, now)
        self._decoder = Decoder(limits)
        self._answers: OrderedDict[str, Validators] = OrderedDict()
        self._making: dict[str, asyncio.Task[Prompt | PromptError]] = {}

    async def audio(self, url: str) -> Prompt:
        """Return what `<Play>` names: an `http(s)://` URL or `media:NAME`. Raises `PromptError`."""
        if url.startswith(_MEDIA):
            return await self._file(folder.find(self._media_folder, url.removeprefix(_MEDIA)))
        if url.lower().startswith(("http://", "https://")):
            return await self._once(key("url", url), lambda: self._from_url(url))
        raise PromptError(INVALID_URL, "audio is named by an http(s) URL or by media:NAME")

    async def speech(self, text: str, voice: str | None = None, language: str | None = None) -> Prompt:
        """Return a `<Say>`, spoken offline; *voice* and *language* are Twilio's words. Raises `PromptError`."""
        wanted = speech(text, voice, language)
        name = key("speech", self._voice.name, wanted.language, wanted.speaker, wanted.text)
        return await self._once(name, lambda: self._spoken(name, wanted))

    async def music(self) -> Prompt:
        """Return the hold music: made to be looped."""
        return await self._shipped("hold-music.flac")

    async def enter_beep(self) -> Prompt:
        """Return the tones that announce who comes."""
        return await self._shipped("enter-beep.flac")

    async def exit_beep(self) -> Prompt:
        """Return the tones that tell that somebody went."""
        return await self._shipped("exit-beep.flac")

    async def close(self) -> None:
        """Give up what is being made, and end the worker processes."""
        tasks = list(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._decoder.close()
        await self._voice.close()

    async def _shipped(self, name: str) -> Prompt:
        return await self._file(Path(str(resources.files("mixminus.prompts") / "music" / name)))

    async def _file(self, path: Path) -> Prompt:
        """Decode a local file, again only when it has changed."""
        name = _fingerprint(path)
        demuxer = RAW_BY_SUFFIX.get(path.suffix.lower())
        return await self._once(name, lambda: self._decoded(name, path, demuxer=demuxer))

    async def _from_url(self, url: str) -> Prompt:
        held = self._answers.get(url)
        kept = self._shelf.take(held.name) if held else None
        if held and kept and self._now() < held.fresh_until:
            return kept
        answer = await self._fetch(url, held.request_headers() if held and kept else {})
        if answer.status == 304 and held and kept:
            # A 304 may leave out what has not changed (RFC 9110, section 15.4.5).
            known = {"etag": held.etag, "last-modified": held.last_modified}
            self._remember(url, held.name, {k: v for k, v in known.items() if v} | dict(answer.headers))
            return kept
        demuxer = self._checked(answer)
        name = await asyncio.to_thread(key, "body", demuxer or "", answer.body)
        with self._shelf.scratch(name) as body:
            await asyncio.to_thread(body.write_bytes, answer.body)
            prompt = await self._decoded(name, body, demuxer=demuxer)
        self._remember(url, name, answer.headers)
        return prompt

    def _checked(self, answer: Fetched) -> str | None:
        """Return the demuxer that the content type asks for; raise for what is no audio."""
        if not 200 <= answer.status < 300:
            raise PromptError(NOT_RETRIEVABLE, f"the audio's URL answered {answer.status}")
        media_type = content_type(answer.headers.get("content-type"))
        if not media_type:
            raise PromptError(NOT_RETRIEVABLE, "the audio's URL answered without a Content-Type")
        if not is_audio(media_type):
            raise PromptError(NOT_AUDIO, f"the audio's URL answered with {media_type[:80]}, which is not audio")
        if len(answer.body) > self._limits.file_bytes:
            raise PromptError(TOO_LARGE, f"the audio is larger than {self._limits.file_bytes} bytes")
        return RAW_BY_TYPE.get(media_type)

    def _remember(self, url: str, name: str, headers: Mapping[str, str]) -> None:
        self._answers.pop(url, None)
        if (answer := validators(name, headers, self._now())) is not None:
            self._answers[url] = answer
        if len(self._answers) > _URLS_REMEMBERED:
            self._answers.popitem(last=False)

    async def _spoken(self, name: str, wanted: Speech) -> Prompt:
        if (kept := self._shelf.take(name)) is not None:
            return kept
        with self._shelf.scratch(name) as wav:
            await self._voice.say(wanted, wav)
            return await self._decoded(name, wav, level_dbfs=SPEECH_DBFS)

    async def _decoded(
        self, name: str, source: Path, *, demuxer: str | None = None, level_dbfs: float | None = None
    ) -> Prompt:
        if (kept := self._shelf.take(name)) is not None:
            return kept
        with self._shelf.scratch(name) as part:
            target = self._shelf.place(name)
            await self._decoder.decode(source, part, target, demuxer=demuxer, level_dbfs=level_dbfs)
        if (made := self._shelf.take(name)) is None:
            raise PromptError(INTERNAL, "the decoded audio vanished")
        return made

    async def _once(self, name: str, make: Callable[[], Awaitable[Prompt]]) -> Prompt:
        """Make a prompt, or wait for the one who is already at it. A waiter that is cancelled stops nobody else."""
        if (task := self._making.get(name)) is None:
            task = asyncio.create_task(_verdict(make), name=f"prompt {name}")
            task.add_done_callback(lambda _: self._making.pop(name, None))
            self._making[name] = task
        try:
            outcome = await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():  # the library was closed; otherwise it is the waiter who was cancelled
                raise PromptError(INTERNAL, "the node is closing") from None
            raise
        if isinstance(outcome, PromptError):
            raise PromptError(outcome.code, outcome.message)  # each caller has an exception of its own
        return outcome


def _fingerprint(path: Path) -> str:
    """A key that changes when the file does."""
    try:
        status = path.stat()
    except OSError as error:
        raise PromptError(NOT_RETRIEVABLE, f"{path.name} cannot be read: {error.strerror}") from error
    return key("file", str(path), str(status.st_size), str(status.st_mtime_ns))


async def _verdict(make: Callable[[], Awaitable[Prompt]]) -> Prompt | PromptError:
    """The top of a making task: a prompt or the reason why not, for any number of waiters."""
    try:
        return await make()
    except PromptError as error:
        return error
    except OSError as error:
        return PromptError(INTERNAL, f"the audio could not be kept: {error.strerror}")
