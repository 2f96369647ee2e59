"""Whose turn it is: frames of voice, and what a recogniser makes of them, become turns. No clock but frames."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from mixminus.speech.contract import FRAME_MS, Failure, Guess, Phrase, Recognised, TurnOver
from mixminus.speech.patience import patience_ms

SETTLE_FRAMES: Final = 12
"""240 ms without voice: a pause between phrases. Stops inside words are shorter."""
RESUME_FRAMES: Final = 3
LATE_FRAMES: Final = 150
"""3 s: a recogniser that has not settled by then is not waited for."""


class TurnState(Enum):
    QUIET = auto()
    SPEAKING = auto()
    PAUSED = auto()
    """No voice, and the turn is not over yet."""


@dataclass(frozen=True, slots=True)
class Began:
    """Somebody began to speak."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """They went on after a pause: the same turn."""


@dataclass(frozen=True, slots=True)
class Settle:
    """They paused: the recogniser is to say what it has heard."""


@dataclass(frozen=True, slots=True)
class SoFar:
    """All words of the turn up to now."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn is over. Empty text: there was a voice, and no word."""

    text: str
    language: str


TurnEvent = Began | Resumed | Settle | SoFar | Turn


@dataclass(frozen=True, slots=True)
class TurnTerms:
    begin_frames: int = 5
    """Of voice; each one without it takes one back."""
    timeout_ms: int | None = None
    """Silence that ends a turn; None: as its words ask for."""
    language: str = "en-US"


class TurnTaking:
    """One speaker."""

    def __init__(self, terms: TurnTerms) -> None:
        self.terms = terms
        self.state = TurnState.QUIET
        self.voiced_ms = 0
        """Of the turn that is going on."""
        self._language = terms.language
        self._kept: list[str] = []
        self._guess = ""
        self._run = 0
        self._silence = 0
        self._unsettled = 0
        """Answers that the recogniser owes."""

    @property
    def text(self) -> str:
        """What was said in this turn so far."""
        return " ".join(part for part in (*self._kept, self._guess) if part)

    def frame(self, is_voice: bool) -> list[TurnEvent]:
        """20 ms have passed."""
        self._run = self._run + 1 if is_voice else max(0, self._run - 1)
        self._silence = 0 if is_voice else self._silence + 1
        if is_voice and self.state is not TurnState.QUIET:
            self.voiced_ms += FRAME_MS
        return _BY_STATE[self.state](self)

    def retune(self, language: str) -> None:
        """Another recogniser listens from now on; what the last one owes does not come."""
        self.terms = replace(self.terms, language=language)
        self._language = language
        self._unsettled = 0

    def recognised(self, event: Recognised) -> list[TurnEvent]:
        """The recogniser says something."""
        match event:
            case Guess(text, language):
                return self._heard(text, language, is_guess=True)
            case Phrase(text, language, settles):
                if settles:
                    self._unsettled = max(0, self._unsettled - 1)
                return self._heard(text, language, is_guess=False)
            case TurnOver():
                return [self._over()] if self.text else []
            case Failure():
                self._unsettled = 0
                return []

    # --- inside ---------------------------------------------------------------------------------------------------

    def _quiet(self) -> list[TurnEvent]:
        if self._run < self.terms.begin_frames:
            return []
        self.state = TurnState.SPEAKING
        self.voiced_ms = self._run * FRAME_MS
        return [Began()]

    def _speaking(self) -> list[TurnEvent]:
        if self._silence < SETTLE_FRAMES:
            return []
        self.state = TurnState.PAUSED
        self._run = 0
        self._unsettled += 1
        return [Settle()]

    def _paused(self) -> list[TurnEvent]:
        if self._run >= RESUME_FRAMES:
            self.state = TurnState.SPEAKING
            return [Resumed()]
        is_settled = not self._unsettled or self._silence >= SETTLE_FRAMES + LATE_FRAMES
        patience = self.terms.timeout_ms if self.terms.timeout_ms is not None else patience_ms(self.text)
        return [self._over()] if is_settled and self._silence * FRAME_MS >= patience else []

    def _heard(self, text: str, language: str, *, is_guess: bool) -> list[TurnEvent]:
        text = text.strip()
        self._language = language or self._language
        before = self.text
        self._guess = text if is_guess else ""
        if text and not is_guess:
            self._kept.append(text)
        if not text or self.text == before:
            return []
        so_far = SoFar(self.text, self._language)
        if self.state is not TurnState.QUIET:
            return [so_far]
        # Words where no voice was noticed: it was there all the same.
        self.state, self._silence = TurnState.PAUSED, 0
        return [Began(), so_far]

    def _over(self) -> Turn:
        turn = Turn(self.text, self._language)
        self.state = TurnState.QUIET
        self._kept, self._guess, self._language = [], "", self.terms.language
        self._run = self.voiced_ms = self._unsettled = 0
        return turn


_BY_STATE: Final[dict[TurnState, Callable[[TurnTaking], list[TurnEvent]]]] = {
    TurnState.QUIET: TurnTaking._quiet,
    TurnState.SPEAKING: TurnTaking._speaking,
    TurnState.PAUSED: TurnTaking._paused,
}
