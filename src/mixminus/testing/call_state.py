"""The life of a call as its phone sees it: states, the legal steps between them, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final


class CallState(Enum):
    CALLING = auto()
    """INVITE sent or received, nothing else yet."""
    RINGING = auto()
    """A 18x was sent or received, with or without early media."""
    TALKING = auto()
    """Answered; also while on hold."""
    ENDED = auto()


STEPS: Final[Mapping[CallState, frozenset[CallState]]] = {
    CallState.CALLING: frozenset({CallState.RINGING, CallState.TALKING, CallState.ENDED}),
    CallState.RINGING: frozenset({CallState.RINGING, CallState.TALKING, CallState.ENDED}),
    CallState.TALKING: frozenset({CallState.ENDED}),
    CallState.ENDED: frozenset(),
}


class Party(Enum):
    US = auto()
    THEM = auto()


@dataclass(frozen=True, slots=True)
class Ended:
    """Who ended the call, when, and with which SIP status (200 for a BYE, 0 when a phone just vanished)."""

    by: Party
    status: int
    at: float
