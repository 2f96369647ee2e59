"""Which of many things is due first."""

import heapq
import itertools
from typing import Final, Generic, TypeVar

SPARE: Final = 64
"""Entries left behind that are not worth sweeping."""

T = TypeVar("T")


class Deadlines(Generic[T]):
    """At most one deadline per (hashable) item. Moving one leaves an entry behind, skipped when it surfaces, or swept
    out with others: a call that ended must not be held until the refresh that it would have seen.
    """

    def __init__(self) -> None:
        self._at: dict[T, float] = {}
        self._heap: list[tuple[float, int, T]] = []
        self._order = itertools.count()

    def set(self, item: T, at: float | None) -> None:
        """Wake *item* at that time and no other; None: not at all."""
        if at is None:
            self._at.pop(item, None)
            if len(self._heap) > 2 * len(self._at) + SPARE:
                self._sweep()
        elif self._at.get(item) != at:
            self._at[item] = at
            heapq.heappush(self._heap, (at, next(self._order), item))

    def earliest(self) -> float | None:
        while self._heap:
            at, _, item = self._heap[0]
            if self._at.get(item) == at:
                return at
            heapq.heappop(self._heap)
        return None

    def pop_due(self, now: float) -> T | None:
        """Take out the item that has been due for longest."""
        at = self.earliest()
        if at is None or at > now:
            return None
        item = heapq.heappop(self._heap)[2]
        del self._at[item]
        return item

    def _sweep(self) -> None:
        self._heap = [entry for entry in self._heap if self._at.get(entry[2]) == entry[0]]
        heapq.heapify(self._heap)
