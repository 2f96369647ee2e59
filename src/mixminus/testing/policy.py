"""What a phone does by itself when somebody calls it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waits:
    """Nothing: whoever takes `next_call` decides."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Ring for so long, then answer."""

    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class AnswersAfterEarlyMedia:
    """Send early media for so long, then answer."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Rejects:
    """Refuse with this status; ring before, if for a while."""

    status: int = 486
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RingsForever:
    """Ring, and never answer."""


Policy = Waits | Answers | AnswersAfterEarlyMedia | Rejects | RingsForever
