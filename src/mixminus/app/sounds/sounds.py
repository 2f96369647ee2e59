"""Wait, hold and announcement sound: a file, or a document of `Play`, `Say`, `Pause` and `Redirect`."""

import asyncio
from dataclasses import dataclass

from mixminus.app.documents.documents import Documents, Trail
from mixminus.app.sounds.prompting import FOREVER, Loudspeaker, as_clip, play_prompts
from mixminus.app.sounds.sound_sources import Prompts
from mixminus.base.types import FormPairs
from mixminus.calls.options import AudioDocument, HouseMusic, NoSound, Sound
from mixminus.media.contract import Pcm
from mixminus.twiml.effects import GoTo, Prompting
from mixminus.twiml.interpreter import run
from mixminus.twiml.restricted import CONFERENCE_SOUND, check

MEDIA_FOLDER = "media:"

LEAST_TIME_BETWEEN_DOCUMENTS_S = 1.0
"""A document that redirects to itself and plays nothing must not hammer its server."""


@dataclass(frozen=True, slots=True)
class SoundSystem:
    """Knows how to play any `Sound`."""

    prompts: Prompts
    documents: Documents

    async def play(self, sound: Sound, loudspeaker: Loudspeaker, parameters: FormPairs) -> None:
        """Returns when there is nothing more to play. Raises `Refusal` or `TwimlError` with Twilio's code.

        House music and files of the node's own media folder go round for ever; a file behind a URL plays once, as
        Twilio has it, and a document decides for itself.
        """
        match sound:
            case NoSound():
                return
            case HouseMusic():
                await loudspeaker.play(as_clip(await self.prompts.music()), loops=FOREVER)
            case AudioDocument(url) if url.startswith(MEDIA_FOLDER):
                await loudspeaker.play(await self.file(url), loops=FOREVER)
            case AudioDocument(url, method):
                await self._perform(GoTo(url, method), loudspeaker, parameters)

    async def play_once(self, sound: AudioDocument, loudspeaker: Loudspeaker, parameters: FormPairs) -> None:
        """An announcement: the same, but nothing goes round for ever."""
        if sound.url.startswith(MEDIA_FOLDER):
            await loudspeaker.play(await self.file(sound.url))
        else:
            await self._perform(GoTo(sound.url, sound.method), loudspeaker, parameters)

    async def file(self, url: str) -> Pcm:
        """A file, decoded."""
        return as_clip(await self.prompts.audio(url))

    async def _perform(self, first: GoTo, loudspeaker: Loudspeaker, parameters: FormPairs) -> None:
        trail = self.documents.trail(lambda: parameters)
        wanted: GoTo | None = first
        while wanted is not None:
            not_before = asyncio.get_running_loop().time() + LEAST_TIME_BETWEEN_DOCUMENTS_S
            wanted = await self._one_document(trail, wanted, loudspeaker)
            if wanted is not None:
                await asyncio.sleep(max(0.0, not_before - asyncio.get_running_loop().time()))

    async def _one_document(self, trail: Trail, wanted: GoTo, loudspeaker: Loudspeaker) -> GoTo | None:
        opened = await trail.open(wanted)
        check(opened.document, CONFERENCE_SOUND)
        steps = run(opened.document, opened.context)
        try:
            effect = next(steps)
            while True:
                if isinstance(effect, Prompting):
                    await play_prompts(self.prompts, effect.prompts, loudspeaker)
                effect = steps.send(None)
        except StopIteration as end:
            return end.value if isinstance(end.value, GoTo) else None
