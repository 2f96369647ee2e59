"""Prompts to a leg or a room: text and URLs become clips, clips become a player, one after another."""

import asyncio
from collections.abc import Callable

from mixminus.app.media_link import MediaLink, Playback
from mixminus.app.sounds.sound_sources import DecodedPrompt, Prompts
from mixminus.base.errors import Refusal
from mixminus.media.contract import Clip, Command, Pcm, Silence
from mixminus.twiml.effects import Pause, PlayUrl, Prompt, SayText

MOST_LOOPS = 1_000
"""`loop="0"` means until hang-up, at most this often (TwiML Voice: Play)."""

FOREVER = 0


class Unplayable(Refusal):
    """A clip that was decoded could not be played after all."""

    def __init__(self, error: str) -> None:
        super().__init__(13420, 400, f"Could not play the audio: {error}")


class Loudspeaker:
    """Plays to one leg, or to everybody in a room; one clip at a time."""

    def __init__(
        self,
        media: MediaLink,
        *,
        leg: int | None = None,
        room: int | None = None,
        on_player: Callable[[int], None] = lambda player: None,
    ) -> None:
        """*on_player* is told of each player that is started."""
        self._media = media
        self._on_player = on_player
        self._leg = leg
        self._room = room
        self._playing: Playback | None = None

    async def play(self, *clips: Clip, loops: int = 1) -> None:
        """Returns when the last sample was heard. Raises `Unplayable`."""
        playback = self._playing = self._media.play(clips, loops=loops, leg=self._leg, room=self._room)
        self._on_player(playback.player)
        try:
            error = await playback.finished
        finally:
            playback.stop()
        if error is not None:
            raise Unplayable(error)

    def hush(self) -> tuple[Command, ...]:
        """What stops it at a tick boundary, to be applied together with whatever else changes there."""
        return self._playing.hush() if self._playing is not None else ()


async def play_prompts(prompts: Prompts, wanted: tuple[Prompt, ...], loudspeaker: Loudspeaker) -> None:
    """Play them back to back; returns when the last one was heard. Raises `Refusal` for what cannot be played.

    All are fetched and decoded at once, so that the second one is ready when the first one ends.
    """
    loading = [asyncio.ensure_future(_clip(prompts, prompt)) for prompt in wanted]
    try:
        for prompt, clip in zip(wanted, loading, strict=True):
            await loudspeaker.play(await clip, loops=_loops(prompt))
    finally:
        for clip in loading:
            clip.cancel()
        await asyncio.gather(*loading, return_exceptions=True)


async def _clip(prompts: Prompts, prompt: Prompt) -> Clip:
    match prompt:
        case SayText(text, voice, language):
            return as_clip(await prompts.speech(text, voice, language))
        case PlayUrl(url):
            return as_clip(await prompts.audio(url))
        case Pause(duration_s):
            return Silence(round(duration_s * 1_000))


def as_clip(prompt: DecodedPrompt) -> Pcm:
    """What the engine plays."""
    return Pcm(str(prompt.path), prompt.rate_hz)


def _loops(prompt: Prompt) -> int:
    return 1 if isinstance(prompt, Pause) else prompt.loops or MOST_LOOPS
