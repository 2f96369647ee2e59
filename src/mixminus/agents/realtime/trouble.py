"""What is done while the service fails: it is tried again, and the caller is asked for a moment. Pure."""

from collections.abc import Callable
from typing import Final

from mixminus.agents.realtime.ear import Ear
from mixminus.agents.realtime.events import RateLimits, ResponseError
from mixminus.agents.realtime.link import FOR_GOOD, Broken, Link, asked_pause_s
from mixminus.agents.realtime.responses import Responses
from mixminus.agents.realtime.timers import Timers, Why

MOMENT_S: Final = 2.0
"""Of silence since something failed; then the caller is told to wait (livekit/agents#6009: dead air on 429)."""


class Trouble:
    """*luck* draws from [0, 1)."""

    def __init__(self, link: Link, responses: Responses, ear: Ear, timers: Timers, luck: Callable[[], float]) -> None:
        self._link = link
        self._responses = responses
        self._ear = ear
        self._timers = timers
        self._luck = luck
        self._said_moment = False
        self._limit_s = 0.0

    def limits(self, event: RateLimits) -> None:
        """What is left of the service's limits, and when there is more."""
        used_up = [each.reset_seconds or 0.0 for each in event.rate_limits if each.remaining == 0]
        self._limit_s = max(used_up, default=0.0)

    def broke(self, broken: Broken, now: float) -> bool:
        """There is no session. Returns whether there is to be another."""
        pause_s = None if broken.for_good else self._link.pause_s(now, self._luck())
        return self._after(Why.DIAL, pause_s, now)

    def response_failed(self, error: ResponseError, now: float) -> bool:
        """Returns whether it is asked for again."""
        limit_s = self._limit_s if error.code == "rate_limit_exceeded" else 0.0
        floor_s = max(limit_s, asked_pause_s(error.message or ""))
        pause_s = None if error.code in FOR_GOOD else self._link.failure_pause_s(now, self._luck(), floor_s)
        self._responses.owe()
        return self._after(Why.ASK, pause_s, now)

    def recovered(self) -> None:
        """The service has answered."""
        self._link.recovered()
        self._timers.off(Why.MOMENT)
        self._said_moment = False

    def says_moment(self) -> None:
        """Once is enough."""
        self._said_moment = True

    def _after(self, why: Why, pause_s: float | None, now: float) -> bool:
        if pause_s is None:
            return False
        self._timers.set(why, now + pause_s)
        waits = self._ear.is_unanswered or self._responses.is_owed or self._link.sessions == 0
        if waits and not self._said_moment and Why.MOMENT not in self._timers:
            self._timers.set(Why.MOMENT, now + MOMENT_S)
        return True
