"""What the cast says: clips that come with the demo, so that the recording is worth listening to.

They were spoken by the node's own offline voice; tests/demo/speak_lines.py speaks them anew when the story changes.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mixminus.demo.story import Scene
from mixminus.testing.clips import load_clip
from mixminus.testing.g711 import Samples

FOLDER: Final = Path(__file__).parent / "voices"


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody's words, as sound (8 kHz)."""

    who: str
    samples: Samples


def clip_of(text: str) -> Path:
    """The WAV file of a sentence."""
    return FOLDER / f"{re.sub('[^a-z]+', '-', text.lower()).strip('-')}.wav"


def line_of(scene: Scene) -> Line | None:
    """What is said in a scene, if anything."""
    if scene.line is None:
        return None
    who, text = scene.line
    return Line(who, load_clip(clip_of(text)))
