"""The events of the account in one order, and those who follow them.

Events are told from the store: what a follower was told survives a crash, one who comes back goes on where it was,
and a slow one costs nobody memory.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

from mixminus.base.sids import CALL, CONFERENCE, RECORDING, is_sid
from mixminus.base.types import Sid
from mixminus.calls.records import EventRecord
from mixminus.store.contract import Store

BATCH: Final = 500
PACE_S: Final = 0.05
"""What happens in so long is told together: each follower asks the database once for it."""


class EventLog:
    """Numbers every event, writes it down, and wakes those who follow."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._number = 0
        self._followers: set[asyncio.Event] = set()
        self._is_over = False

    def __len__(self) -> int:
        """How many follow."""
        return len(self._followers)

    @property
    def number(self) -> int:
        """Of the last event."""
        return self._number

    async def restore(self) -> None:
        """Count on from what the store has."""
        self._number = await self._store.highest(EventRecord, "number") or 0

    def numbered(self, event: EventRecord) -> EventRecord:
        """The same with the next number."""
        self._number += 1
        return replace(event, number=self._number)

    def write(self, event: EventRecord) -> None:
        """Keep an event and tell it; never waits."""
        self._store.save_soon(self.numbered(event))
        for follower in self._followers:
            follower.set()

    async def follow(self, after: int, silence_s: float) -> AsyncIterator[Sequence[EventRecord]]:
        """Everything behind number *after*, in order, for ever; nothing, when there was nothing for *silence_s*.

        Ends when the node does, with what there is.
        """
        news = asyncio.Event()
        self._followers.add(news)
        try:
            while True:
                news.clear()
                events = await self._store.following(EventRecord, "number", after, BATCH)
                if events:
                    after = events[-1].number or after
                    yield events
                    await asyncio.sleep(0 if len(events) == BATCH else PACE_S)
                elif self._is_over:
                    return
                elif not await _within(silence_s, news):
                    yield ()
        finally:
            self._followers.discard(news)

    def close(self) -> None:
        """The node stops: let everybody go."""
        self._is_over = True
        for follower in self._followers:
            follower.set()


async def _within(seconds: float, news: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        return False
    return True


def type_of(event: EventRecord) -> str:
    """`call-ringing`, `conference-start`, `participant-join`, `recording-completed`, `stream-started`…"""
    return f"call-{event.name}" if is_sid(CALL, event.subject_sid) else event.name


def call_of(event: EventRecord) -> Sid | None:
    """The call that it happened to."""
    return event.subject_sid if is_sid(CALL, event.subject_sid) else event.call_sid


def conference_of(event: EventRecord) -> Sid | None:
    """The conference that it happened in."""
    if is_sid(CONFERENCE, event.subject_sid):
        return event.subject_sid
    said = event.details.get("ConferenceSid") if is_sid(RECORDING, event.subject_sid) else None
    return Sid(said) if said else None
