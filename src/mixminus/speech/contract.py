"""What recognisers and voices are to those who use them: relays, and whoever else has speech to recognise.

Audio is 16-bit little-endian PCM, one channel, 8 kHz, everywhere in this package.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from mixminus.base.errors import MixminusError

RATE_HZ: Final = 8_000
SAMPLE_BYTES: Final = 2
FRAME_MS: Final = 20
FRAME_SAMPLES: Final = 160


class SpeechError(MixminusError):
    """Nobody is there who could recognise or speak this, or whoever is there failed. A sentence for the log."""


# --- ears ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listening:
    """What is to be recognised."""

    language: str = "en-US"
    """A BCP-47 tag, or `multi` where the recogniser knows what to make of it."""
    hints: tuple[str, ...] = ()
    """Words that are likely."""
    model: str | None = None
    profanity_filter: bool = False
    smart_format: bool = True
    """Numbers and dates as people write them, where the recogniser can."""
    end_of_turn: float | None = None
    """How sure a model that detects turns has to be, 0.5 to 0.9."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What the phrase may be that is being spoken; the next guess replaces it."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stay. Empty text: there were none."""

    text: str
    language: str
    settles: bool = False
    """The answer to `Ear.settle`: no more comes of what was heard before it."""


@dataclass(frozen=True, slots=True)
class TurnOver:
    """A model is sure that the speaker has finished; all phrases of the turn have come."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The ear hears nothing any more."""

    message: str


Recognised = Guess | Phrase | TurnOver | Failure

Tell = Callable[[Recognised], None]
"""Called from the loop, never from within a method of an ear."""


class Ear(Protocol):
    """One speaker, listened to. Nothing here waits."""

    def hear(self, audio: bytes) -> None:
        """The next piece, silence too, as fast as it is spoken."""

    def begin(self) -> None:
        """Somebody began to speak up to half a second ago."""

    def settle(self) -> None:
        """They paused: a `Phrase` that settles is to follow soon."""

    def close(self) -> None:
        """Nothing is told after this. Harmless twice."""


class Recogniser(Protocol):
    """Makes ears."""

    @property
    def name(self) -> str: ...

    def understands(self, language: str) -> bool: ...

    def listen(self, wish: Listening, tell: Tell) -> Ear:
        """An ear; what it needs is made ready in the background."""

    async def close(self) -> None: ...


# --- voices -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Speaking:
    """What is to be said, and by whom."""

    text: str
    language: str = "en-US"
    voice: str | None = None
    """In the words of whoever asked; a voice that does not know it speaks as it always does."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """`ends_at` is a sample, counted from the beginning of the text."""

    text: str
    ends_at: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """A piece of speech. Words may come with a later piece than their sound, and none may come at all."""

    audio: bytes
    words: tuple[SpokenWord, ...] = ()


class Voice(Protocol):
    """Speaks."""

    @property
    def name(self) -> str: ...

    def speaks(self, language: str) -> bool: ...

    def say(self, wish: Speaking) -> AsyncIterator[Spoken]:
        """The pieces, as soon as they are there. Raises `SpeechError`."""

    async def close(self) -> None: ...


# --- voice or none ------------------------------------------------------------------------------------------------


class Activity(Protocol):
    """One line."""

    def is_voice(self, frame: NDArray[np.int16]) -> bool:
        """Whether somebody speaks, as far as is known; *frame* is the next 20 ms. Does not wait."""


# --- who is there -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """What serves under a provider's name."""

    remark: str | None
    """For the log of the call, when it is another than the name says."""


@dataclass(frozen=True, slots=True)
class FoundRecogniser(Found):
    recogniser: Recogniser


@dataclass(frozen=True, slots=True)
class FoundVoice(Found):
    voice: Voice


class Providers(Protocol):
    """Recognisers and voices by the names that documents use."""

    def activity(self) -> Activity:
        """For a line that begins."""

    def recogniser(self, provider: str, language: str) -> FoundRecogniser:
        """Raises `SpeechError` when nobody understands that language."""

    def voice(self, provider: str, language: str) -> FoundVoice:
        """Raises `SpeechError` when nobody speaks that language."""
