"""What the cast says, spoken by the node's own offline voice: the recording is worth listening to."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mixminus.demo.story import CAST, Scene
from mixminus.prompts.io.library import PromptLibrary
from mixminus.prompts.io.voice import offline_voice
from mixminus.prompts.prompt import Fetched, Limits
from mixminus.testing.g711 import Samples


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody's words, as sound (8 kHz)."""

    who: str
    samples: Samples


async def speak(story: Sequence[Scene], folder: Path) -> Mapping[str, Line]:
    """Return the line of every scene that has one, by its title. The prompts are kept in *folder*."""
    limits = Limits()
    library = PromptLibrary(
        folder, folder, fetch=_never_fetch, voice=offline_voice(limits), now=time.monotonic, limits=limits
    )
    lines = {}
    try:
        for scene in story:
            if scene.line is not None:
                who, text = scene.line
                spoken = await library.speech(text, CAST[who], "en-US")
                lines[scene.title] = Line(who, np.fromfile(spoken.path, "<i2"))
    finally:
        await library.close()
    return lines


async def _never_fetch(url: str, headers: Mapping[str, str]) -> Fetched:
    raise NotImplementedError("lines are spoken, not fetched")
