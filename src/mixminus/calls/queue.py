"""A queue of calls: who waits, in which order, since when, and who is about to be taken."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from mixminus.base.errors import Refusal, not_found
from mixminus.base.types import Sid
from mixminus.calls.records import QueueRecord

DEFAULT_MAX_SIZE: Final = 1_000
MOST_MAX_SIZE: Final = 5_000
MOST_NAME_CHARACTERS: Final = 64

FRONT: Final = "Front"
"""In the place of a call SID: whoever is first."""


class QueueFull(Refusal):
    """14207"""

    def __init__(self, name: str, max_size: int) -> None:
        super().__init__(14207, 409, f"The queue {name!r} is full: it takes {max_size} calls.")


class AlreadyQueued(Refusal):
    """14207, too: Twilio has no code of its own for a call that would wait twice."""

    def __init__(self, call_sid: Sid) -> None:
        super().__init__(14207, 409, f"The call {call_sid} waits in this queue already.")


@dataclass(frozen=True, slots=True)
class QueueMember:
    """A call that waits. `number` counts all who ever came: the order of the queue, whoever leaves it."""

    queue_sid: Sid
    call_sid: Sid
    number: int
    position: int
    """From 1."""
    date_enqueued: datetime
    wait_time_s: int


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """How a queue stands."""

    current_size: int
    average_wait_time_s: int
    max_size: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    number: int
    since: datetime
    taken: bool = False
    """Somebody has called it out of the queue, and it is still on its way: nobody else gets it."""


class CallQueue:
    """First come, first served. `record` is what is kept of the queue itself."""

    def __init__(self, record: QueueRecord) -> None:
        self.record = record
        self._waiting: dict[Sid, _Waiting] = {}
        self._came = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def enter(self, call_sid: Sid, now: datetime, max_size: int | None = None) -> None:
        """Stand at the end; *max_size* holds for this call instead of the queue's own. Raises 14207."""
        if call_sid in self._waiting:
            raise AlreadyQueued(call_sid)
        most = self.record.max_size if max_size is None else max_size
        if len(self._waiting) >= most:
            raise QueueFull(self.record.friendly_name, most)
        self._came += 1
        self._waiting[call_sid] = _Waiting(self._came, now)

    def leave(self, call_sid: Sid) -> None:
        """Harmless for one that is not here."""
        self._waiting.pop(call_sid, None)

    def take(self) -> Sid | None:
        """The first whom nobody has taken yet is taken now; it keeps its place until it leaves."""
        for call_sid, waiting in self._waiting.items():
            if not waiting.taken:
                self._waiting[call_sid] = replace(waiting, taken=True)
                return call_sid
        return None

    def give_back(self, call_sid: Sid) -> None:
        """Who took it does not want it any more: it waits on, where it was."""
        if waiting := self._waiting.get(call_sid):
            self._waiting[call_sid] = replace(waiting, taken=False)

    def members(self, now: datetime) -> Iterator[QueueMember]:
        """The first one first."""
        for position, (call_sid, waiting) in enumerate(self._waiting.items(), start=1):
            wait_s = int((now - waiting.since).total_seconds())
            yield QueueMember(self.record.sid, call_sid, waiting.number, position, waiting.since, wait_s)

    def member(self, call_sid_or_front: str, now: datetime) -> QueueMember:
        """Raises 20404 when there is no such call, or nobody at all."""
        for member in self.members(now):
            if call_sid_or_front in (FRONT, member.call_sid):
                return member
        record = self.record
        path = f"/2010-04-01/Accounts/{record.account_sid}/Queues/{record.sid}/Members/{call_sid_or_front}.json"
        raise not_found(path)

    def figures(self, now: datetime) -> QueueFigures:
        """The average is of those who wait now (Queue resource: `average_wait_time`)."""
        waits = [(now - waiting.since).total_seconds() for waiting in self._waiting.values()]
        average_s = int(sum(waits) / len(waits)) if waits else 0
        return QueueFigures(len(waits), average_s, self.record.max_size)
