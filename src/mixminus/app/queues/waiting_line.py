"""One live queue: the calls that wait in it, and those who dialled it and wait for a call."""

import asyncio
from collections import deque
from collections.abc import Iterable
from datetime import datetime

from mixminus.app.documents.bridge import Bridge
from mixminus.app.documents.stage import Stage
from mixminus.base.clock import Clock
from mixminus.base.types import FormPairs, Sid
from mixminus.calls.queue import CallQueue, QueueFigures, QueueMember
from mixminus.twiml.effects import GoTo


class Summons:
    """Somebody dialled the queue: from then on until the two part."""

    def __init__(self, bridge: Bridge, dialler: Stage, whisper: GoTo | None) -> None:
        self.dialler = dialler
        self.whisper = whisper
        """What the queued call hears before it is joined."""
        self.taken: QueueMember | None = None
        """Who is on the way; None while nobody is. Once joined, as it stood then."""
        self.joined_at: datetime | None = None
        self.changed = asyncio.Event()
        """One of the above has."""
        self.over = asyncio.Event()
        self._bridge = bridge

    def take(self, member: QueueMember | None) -> None:
        self.taken = member
        self.changed.set()

    @property
    def joined(self) -> bool:
        return self.joined_at is not None

    def join(self, member: QueueMember, leg: int, now: datetime) -> None:
        """From the next tick on the two hear each other."""
        self.taken, self.joined_at = member, now
        self._bridge.join(self.dialler.leg, leg)
        self.changed.set()

    def part(self) -> None:
        """Whoever goes first; the other one notices."""
        if not self.over.is_set():
            self.over.set()
            self.changed.set()
            if self.joined:
                self._bridge.part()


class Place:
    """A call's place in a queue, as the call sees it."""

    def __init__(self, line: "WaitingLine", call_sid: Sid, max_size: int) -> None:
        self._line = line
        self._call_sid = call_sid
        self._max_size = max_size
        self.called: asyncio.Future[Summons] = asyncio.get_running_loop().create_future()
        """Who wants the call."""

    @property
    def member(self) -> QueueMember:
        return self._line.member(self._call_sid)

    @property
    def summons(self) -> Summons | None:
        return self.called.result() if self.called.done() and not self.called.cancelled() else None

    @property
    def parameters(self) -> FormPairs:
        """What requests for the wait document are told besides."""
        member, figures = self.member, self._line.figures
        told = {
            "QueuePosition": member.position,
            "QueueSid": member.queue_sid,
            "QueueTime": member.wait_time_s,
            "AvgQueueTime": figures.average_wait_time_s,
            "CurrentQueueSize": figures.current_size,
            "MaxQueueSize": self._max_size,
        }
        return tuple((name, str(value)) for name, value in told.items())

    def out(self) -> None:
        """It is joined to somebody, and waits no more."""
        self._line.leave(self._call_sid)

    def wait_on(self) -> None:
        """Who wanted the call is gone."""
        self.called = asyncio.get_running_loop().create_future()
        self._line.give_back(self._call_sid)


class WaitingLine:
    """First come, first served, on both sides. Its methods change everything that follows before they return."""

    def __init__(self, queue: CallQueue, clock: Clock) -> None:
        self.queue = queue
        self._clock = clock
        self._places: dict[Sid, Place] = {}
        self._summoning: deque[Summons] = deque()

    @property
    def figures(self) -> QueueFigures:
        return self.queue.figures(self._clock.utc())

    def members(self) -> Iterable[QueueMember]:
        return self.queue.members(self._clock.utc())

    def member(self, call_sid_or_front: str) -> QueueMember:
        """Raises 20404."""
        return self.queue.member(call_sid_or_front, self._clock.utc())

    # --- those who wait -------------------------------------------------------------------------------------------

    def enter(self, call_sid: Sid, max_size: int | None) -> Place:
        """Raises 14207 when the queue is full."""
        self.queue.enter(call_sid, self._clock.utc(), max_size)
        place = self._places[call_sid] = Place(self, call_sid, max_size or self.queue.record.max_size)
        self._match()
        return place

    def give_back(self, call_sid: Sid) -> None:
        """It was called, and is not wanted any more."""
        self.queue.give_back(call_sid)
        self._match()

    def leave(self, call_sid: Sid) -> None:
        """Whoever had called it gets the next one, unless the two were joined."""
        self.queue.leave(call_sid)
        place = self._places.pop(call_sid, None)
        summons = place.summons if place is not None else None
        if summons is not None and not summons.joined and not summons.over.is_set():
            summons.take(None)
            self._summoning.appendleft(summons)
            self._match()

    # --- those who dial -------------------------------------------------------------------------------------------

    def summon(self, summons: Summons) -> None:
        """It gets the first call that nobody else has."""
        self._summoning.append(summons)
        self._match()

    def withdraw(self, summons: Summons) -> None:
        """The dialler goes, or has waited long enough."""
        if summons in self._summoning:
            self._summoning.remove(summons)
        summons.part()

    def _match(self) -> None:
        while self._summoning and (call_sid := self.queue.take()) is not None:
            summons = self._summoning.popleft()
            summons.take(self.member(call_sid))
            self._places[call_sid].called.set_result(summons)
