"""Speaks the lines of the demo anew: `python tests/demo/speak_lines.py`, after its story has changed."""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mixminus.demo.ai_stories import PLAYS
from mixminus.demo.lines import FOLDER, clip_of
from mixminus.prompts.io.library import PromptLibrary
from mixminus.prompts.io.voice import offline_voice
from mixminus.prompts.prompt import Fetched, Limits
from mixminus.testing.clips import save_clip
from mixminus.testing.g711 import Samples


async def spoken() -> dict[Path, Samples]:
    """Every line by the file that it belongs in."""
    limits, lines = Limits(), {}
    with tempfile.TemporaryDirectory() as folder:
        library = PromptLibrary(
            Path(folder), Path(folder), fetch=_nothing, voice=offline_voice(limits), now=time.monotonic, limits=limits
        )
        for play in PLAYS.values():
            for who, text in (scene.line for scene in play.scenes if scene.line is not None):
                prompt = await library.speech(text, play.cast[who], "en-US")
                lines[clip_of(text)] = np.fromfile(prompt.path, "<i2").astype(np.int16)
        await library.close()
    return lines


async def _nothing(url: str, headers: Mapping[str, str]) -> Fetched:
    raise NotImplementedError("lines are spoken, not fetched")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.wav"):
        old.unlink()
    for path, samples in asyncio.run(spoken()).items():
        save_clip(path, samples)


if __name__ == "__main__":
    main()
