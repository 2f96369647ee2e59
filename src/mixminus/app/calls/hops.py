"""How far calls have come: a call for a call has a hop less to go, so that a circle of calls ends (RFC 7332)."""

from typing import Final

from mixminus.base.types import Sid

FULL: Final = 70
"""What a call of our own has before it (RFC 3261 8.1.1.6)."""


class Hops:
    """By the SID of live calls that came in, and of those that were made for them."""

    def __init__(self) -> None:
        self._left: dict[Sid, int] = {}

    def came_in(self, sid: Sid, left: int) -> None:
        """Its INVITE said so in Max-Forwards."""
        self._left[sid] = min(left, FULL)

    def for_child_of(self, parent: Sid | None) -> int:
        """What a call that is made for another may say; below 0: it must not be made."""
        return self._left.get(parent, FULL + 1) - 1 if parent is not None else FULL

    def inherits(self, sid: Sid, parent: Sid | None) -> None:
        """A call of ours was made for another; what is made for it has come as far."""
        if parent in self._left:
            self.came_in(sid, self.for_child_of(parent))

    def over(self, sid: Sid) -> None:
        self._left.pop(sid, None)
