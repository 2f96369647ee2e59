"""Who has the floor: one of those who speak, and no more news of it than people can follow."""

from typing import Final

from mixminus.base.types import Sid

LEAST_S: Final = 0.5
"""Between two changes: at most two a second."""


class Dominance:
    """Whoever speaks keeps the floor until silent; then it is whose of the others has spoken longest.

    Times are of any clock that does not go back.
    """

    def __init__(self) -> None:
        self._since: dict[Sid, float] = {}
        self._changed_at = float("-inf")
        self.speaker: Sid | None = None
        """Who has it, or had it last."""

    def started(self, call_sid: Sid, now: float) -> None:
        self._since.setdefault(call_sid, now)

    def stopped(self, call_sid: Sid) -> None:
        """Harmless for somebody who did not speak."""
        self._since.pop(call_sid, None)

    def settle(self, now: float) -> Sid | None:
        """The new speaker, if there is one who may have the floor now."""
        due_s = self.wait_s(now)
        if due_s is None or due_s > 0:
            return None
        self.speaker, self._changed_at = min(self._since, key=self._since.__getitem__), now
        return self.speaker

    def wait_s(self, now: float) -> float | None:
        """How long until `settle` has a new speaker to tell, if nobody starts or stops; None: it has none."""
        if not self._since or self.speaker in self._since:
            return None
        return max(0.0, self._changed_at + LEAST_S - now)
