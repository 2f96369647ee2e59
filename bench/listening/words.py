"""When each word of a known text was said in a sound, by forced alignment: pocketsphinx, which comes in a wheel."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import soxr

from bench.speech import Samples

FRAMES_S: Final = 100
FILLERS: Final = frozenset({"<s>", "</s>", "<sil>", "[NOISE]", "[SPEECH]"})


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    begins_s: float
    ends_s: float


def plain(text: str) -> list[str]:
    """Words without punctuation, in lower case."""
    return ["".join(c for c in word if c.isalnum() or c == "'") for word in text.lower().split()]


def aligned(sound: Samples, text: str) -> list[Word]:
    """The words of *text* in *sound* (8 kHz); none if they are not in it, or if a word is unknown."""
    import pocketsphinx

    decoder: Any = pocketsphinx.Decoder(samprate=16_000, loglevel="FATAL")
    try:
        decoder.set_align_text(" ".join(plain(text)))
    except RuntimeError:
        return []
    louder = soxr.resample(sound.astype(np.float32), 8_000, 16_000)
    decoder.start_utt()
    decoder.process_raw(np.clip(louder, -32_768, 32_767).astype("<i2").tobytes(), False, True)
    decoder.end_utt()
    return [
        Word(segment.word.partition("(")[0], segment.start_frame / FRAMES_S, (segment.end_frame + 1) / FRAMES_S)
        for segment in decoder.seg() or ()
        if segment.word not in FILLERS
    ]


def heard_words(words: list[Word], played_s: float) -> int:
    """So many of them were heard when the sound stopped there: those of which more than half was."""
    return sum((word.begins_s + word.ends_s) / 2 <= played_s for word in words)
