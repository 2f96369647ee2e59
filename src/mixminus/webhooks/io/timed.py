"""A `Fetch` that remembers how its exchanges went: for the metrics."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Final

from mixminus.webhooks.contract import Fetch, HttpAnswer, HttpFailure, HttpRequest

BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
"""From an application beside us to the time-out of 15 s."""


class Durations:
    """How many took at most so long."""

    def __init__(self) -> None:
        self.total_s = 0.0
        self._counts = [0] * (len(BOUNDS_S) + 1)

    def note(self, took_s: float) -> None:
        self.total_s += took_s
        self._counts[bisect_left(BOUNDS_S, took_s)] += 1

    def cumulative(self) -> Sequence[tuple[str, int]]:
        """Each bound and how many took no longer; the last one is infinity, and so all of them."""
        return list(zip((*map(str, BOUNDS_S), "+Inf"), accumulate(self._counts), strict=True))


class TimedFetch:
    """Counts what goes through: answers by status class, failures by Twilio's code, durations of all."""

    def __init__(self, fetch: Fetch, now: Callable[[], float]) -> None:
        self.answers: Counter[str] = Counter()
        self.failures: Counter[int] = Counter()
        self.durations = Durations()
        self._fetch = fetch
        self._now = now

    async def __call__(self, request: HttpRequest) -> HttpAnswer:
        since = self._now()
        try:
            answer = await self._fetch(request)
        except HttpFailure as failure:
            self.failures[failure.code] += 1
            raise
        else:
            self.answers[f"{answer.status // 100}xx"] += 1
            return answer
        finally:
            self.durations.note(self._now() - since)
