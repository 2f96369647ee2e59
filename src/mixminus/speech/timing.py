"""When each word of a text is spoken, where the voice does not say: by letters and by the pauses of punctuation."""

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mixminus.speech.contract import RATE_HZ, SpokenWord

SAMPLES_PER_LETTER: Final = 530
"""66 ms: Flite's `rms`. For text whose speech is not complete yet."""
PAUSE_LETTERS: Final = 4
"""A comma is silent for about as long as this many letters take: 0.26 s."""
SILENT: Final = 200
"""Speech begins and ends with samples that are not louder."""
SOFT: Final = RATE_HZ // 20
"""A "th" or an "h" before the first loud sample."""
KEPT: Final = RATE_HZ // 10
"""Of the silence behind a text: so much belongs to it."""

_PART: Final = re.compile(r"\S+")
_CLOSES: Final = frozenset(".,;:!?")


def letters(word: str) -> int:
    """How long a word lasts, in letters, with the pause behind it."""
    return sum(PAUSE_LETTERS if letter in _CLOSES else 1 for letter in word) + 1


def spoken_words(text: str, samples: int) -> tuple[SpokenWord, ...]:
    """The words of a text that takes so many samples without silence around it. The last one ends with it."""
    words = _PART.findall(text)
    total = sum(map(letters, words))
    found: list[SpokenWord] = []
    reached = 0
    for word in words:
        reached += letters(word)
        found.append(SpokenWord(word, round(samples * reached / total)))
    return tuple(found)


def at_usual_pace(text: str) -> tuple[SpokenWord, ...]:
    """The same for a text of unknown length."""
    return spoken_words(text, SAMPLES_PER_LETTER * sum(map(letters, _PART.findall(text))))


def without_silence(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Without the silence around it, but for 50 ms before and 100 ms after: a caller waits through both."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > SILENT)
    if not len(loud):
        return samples[:0]
    return samples[max(0, int(loud[0]) - SOFT) : int(loud[-1]) + KEPT]
