"""What a session wants to be done, and how it ended."""

from dataclasses import dataclass
from enum import Enum

from mixminus.relay.terms import Hearer


@dataclass(frozen=True, slots=True)
class Tell:
    """Send this to the application."""

    message: bytes


@dataclass(frozen=True, slots=True)
class Silence:
    """Drop what is being made and what waits to be played. `cut_off` is to be called with what was played of it."""


@dataclass(frozen=True, slots=True)
class BeginPhrase:
    """The ear is to listen: somebody speaks."""


@dataclass(frozen=True, slots=True)
class SettlePhrase:
    """The ear is to say what it has heard."""


@dataclass(frozen=True, slots=True)
class ListenAnew:
    """With another ear."""

    hearer: Hearer


@dataclass(frozen=True, slots=True)
class PressKeys:
    digits: str


@dataclass(frozen=True, slots=True)
class Warn:
    """For the log of the call."""

    code: int
    message: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The session is over: close the WebSocket, and let the document go on."""

    close_code: int = 1000


Action = Tell | Silence | BeginPhrase | SettlePhrase | ListenAnew | PressKeys | Warn | Finish


class Status(Enum):
    """`SessionStatus` of the action callback."""

    COMPLETED = "completed"
    """The caller hung up."""
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended."""

    status: Status
    handoff_data: str | None = None
    error_code: int | None = None
    error_message: str | None = None
