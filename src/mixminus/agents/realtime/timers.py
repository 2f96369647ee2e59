"""When a core wants to be woken, and why. Pure."""

from dataclasses import dataclass
from enum import Enum, auto


class Why(Enum):
    DIAL = auto()
    """The service is to be reached again."""
    SET_UP = auto()
    """The session ought to be there by now."""
    RENEW = auto()
    """The session is old; the service ends it at sixty minutes."""
    STUCK = auto()
    """A response ought to have gone on by now."""
    ASK = auto()
    """A response that failed is to be asked for again."""
    OWED = auto()
    """The caller has stopped, and the service ought to have begun a response by itself."""
    MOMENT = auto()
    """The caller has been waiting in silence since something failed."""
    SILENCE = auto()
    """Nobody has spoken for long."""
    KEYS = auto()
    """No further key has come."""
    REPORT = auto()
    """The stream ought to have told by now how much was played."""
    PLAYED = auto()
    """All that was given must have been played, marks or not."""


@dataclass(frozen=True, slots=True, order=True)
class Wake:
    at: float
    why: str


class Timers:
    """At most one deadline for each reason."""

    def __init__(self) -> None:
        self._at: dict[Why, float] = {}

    def __contains__(self, why: Why) -> bool:
        return why in self._at

    def set(self, why: Why, at: float) -> None:
        self._at[why] = at

    def off(self, *whys: Why) -> None:
        for why in whys:
            self._at.pop(why, None)

    def clear(self) -> None:
        self._at.clear()

    @property
    def next(self) -> Wake | None:
        """The earliest."""
        return min((Wake(at, why.name) for why, at in self._at.items()), default=None)

    def due(self, now: float) -> list[Why]:
        """Those whose time has come, the earliest first; they are off."""
        found = sorted((at, why.value, why) for why, at in self._at.items() if at <= now)
        for _, _, why in found:
            del self._at[why]
        return [why for _, _, why in found]
