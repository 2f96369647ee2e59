"""The way to the service: when it is tried again, when a session is made anew, and when it is given up. Pure."""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 3.0
MOST_FAILURES: Final = 4
"""Of responses in a row."""


class State(Enum):
    OPENING = auto()
    SETTING_UP = auto()
    READY = auto()
    WAITING = auto()
    """It broke; after a pause it is tried again."""
    GONE = auto()
    """Given up, or not wanted any more."""


class Step(Enum):
    OPENED = auto()
    SET_UP = auto()
    BROKE = auto()
    DIAL = auto()
    GIVE_UP = auto()


STEPS: Final = {
    (State.OPENING, Step.OPENED): State.SETTING_UP,
    (State.OPENING, Step.BROKE): State.WAITING,
    (State.SETTING_UP, Step.SET_UP): State.READY,
    (State.SETTING_UP, Step.BROKE): State.WAITING,
    (State.READY, Step.BROKE): State.WAITING,
    (State.WAITING, Step.DIAL): State.OPENING,
    (State.OPENING, Step.GIVE_UP): State.GONE,
    (State.SETTING_UP, Step.GIVE_UP): State.GONE,
    (State.READY, Step.GIVE_UP): State.GONE,
    (State.WAITING, Step.GIVE_UP): State.GONE,
}
"""A step that is not here changes nothing: what is told of a socket may come after it was given up."""

FOR_GOOD: Final = frozenset(
    {
        "insufficient_quota", "invalid_api_key", "invalid_model", "model_not_found", "billing_hard_limit_reached",
        "account_deactivated", "unsupported_country_region_territory",
    }
)  # fmt: skip
"""Codes of errors that trying again does not mend."""


_AGAIN_IN: Final = re.compile(r"try again in ([0-9]{1,5}(?:\.[0-9]{1,6})?)(ms|s)\b")


@dataclass(frozen=True, slots=True)
class Broken:
    """Why there is no session: in words for the log, and whether trying again is of use."""

    why: str
    for_good: bool = False


class Link:
    """The state, and how long it has been bad."""

    def __init__(self, away_s: float) -> None:
        self._away_s = away_s
        self.state = State.OPENING
        self.sessions = 0
        """That were set up."""
        self._bad_since: float | None = None
        self._tries = 0
        self._failures = 0

    @property
    def is_ready(self) -> bool:
        return self.state is State.READY

    def step(self, step: Step) -> bool:
        """Returns whether the step was one."""
        before = self.state
        self.state = STEPS.get((before, step), before)
        return self.state is not before

    def set_up(self) -> bool:
        if not self.step(Step.SET_UP):
            return False
        self.sessions += 1
        return True

    def recovered(self) -> None:
        """The service has answered: what was bad is forgotten. A session alone does not show it."""
        self._bad_since = None
        self._tries = self._failures = 0

    def pause_s(self, now: float, luck: float) -> float | None:
        """After it broke: how long to wait before the next try, or None: it has been away for too long.

        The first try is at once. Then with exponential backoff and full jitter.
        """
        self._bad_since = now if self._bad_since is None else self._bad_since
        self._tries += 1
        if self._tries == 1:
            return 0.0
        pause_s = luck * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (self._tries - 2))
        return pause_s if now + pause_s < self._bad_since + self._away_s else None

    def failure_pause_s(self, now: float, luck: float, floor_s: float = 0.0) -> float | None:
        """After a response failed: the same. *floor_s* is what the service asks for."""
        self._bad_since = now if self._bad_since is None else self._bad_since
        self._failures += 1
        pause_s = floor_s + luck * min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (self._failures - 1))
        is_late = now + pause_s > self._bad_since + self._away_s
        return None if self._failures > MOST_FAILURES or is_late else pause_s


def asked_pause_s(message: str) -> float:
    """What a refusal asks for: "Please try again in 1.2s"; 0 if it does not say."""
    found = _AGAIN_IN.search(message)
    return float(found[1]) / (1_000 if found[2] == "ms" else 1) if found else 0.0
