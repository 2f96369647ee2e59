"""Which row of the arrays belongs to whom."""

import heapq
from collections.abc import Iterator
from typing import Generic, TypeVar

import numpy as np

K = TypeVar("K", int, str)


class Slots(Generic[K]):
    """Gives rows to ids, the lowest free one first, so that the rows in use stay close together.

    `active[:count]` are the rows in use, for the kernels, in no order.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.active = np.zeros(capacity, np.int32)
        self._free = list(range(capacity))
        self._row_of: dict[K, int] = {}
        self._key_of: dict[int, K] = {}
        self._place_of: dict[int, int] = {}

    @property
    def count(self) -> int:
        return len(self._row_of)

    @property
    def is_full(self) -> bool:
        return not self._free

    def __contains__(self, key: K) -> bool:
        return key in self._row_of

    def __iter__(self) -> Iterator[K]:
        return iter(tuple(self._row_of))

    def grow(self, capacity: int) -> None:
        """More rows, behind the ones there are."""
        self._free.extend(range(self.capacity, capacity))
        self.active = np.concatenate([self.active, np.zeros(capacity - self.capacity, np.int32)])
        self.capacity = capacity

    def take(self, key: K) -> int:
        """Give a row to a new key. There must be a free one."""
        row = heapq.heappop(self._free)
        self._row_of[key], self._key_of[row] = row, key
        self._place_of[row] = self.count - 1
        self.active[self.count - 1] = row
        return row

    def release(self, key: K) -> int:
        """Take the row back. Raises `KeyError` for a key without one."""
        row = self._row_of.pop(key)
        del self._key_of[row]
        place, last = self._place_of.pop(row), int(self.active[self.count])
        if last != row:
            self.active[place] = last
            self._place_of[last] = place
        heapq.heappush(self._free, row)
        return row

    def row(self, key: K) -> int | None:
        return self._row_of.get(key)

    def key(self, row: int) -> K:
        return self._key_of[row]


class Chains:
    """Free rows of arrays that are linked lists; -1 ends a list."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._free = list(range(capacity - 1, -1, -1))

    @property
    def is_full(self) -> bool:
        return not self._free

    def grow(self, capacity: int) -> None:
        self._free.extend(range(capacity - 1, self.capacity - 1, -1))
        self.capacity = capacity

    def take(self) -> int:
        return self._free.pop()

    def release(self, row: int) -> None:
        self._free.append(row)
