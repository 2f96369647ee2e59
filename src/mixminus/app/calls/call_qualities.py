"""How calls sound, by figures: asked of the media plane while a call lives, remembered a while when it is over."""

import asyncio
from dataclasses import fields
from typing import Final

from mixminus.app.media_link import MediaLink
from mixminus.base.types import Sid
from mixminus.calls.quality import CallQuality
from mixminus.media.contract import Statistics
from mixminus.media.figures import WorkerHealth

MOST_REMEMBERED: Final = 10_000
"""Ended calls, 425 bytes each, 4 MB together; then the oldest is forgotten."""

REFRESH_S: Final = 5.0
"""How old the worker's own figures may be when metrics are read."""

_SHOWN: Final = tuple(field.name for field in fields(CallQuality))
"""Of all that is counted at a leg, what concerns its call."""


class CallQualities:
    """One per node."""

    def __init__(self, media: MediaLink) -> None:
        self._media = media
        self._of_ended: dict[Sid, CallQuality] = {}
        self.worker = WorkerHealth()
        """As of at most `REFRESH_S` ago."""

    async def of_leg(self, leg: int) -> CallQuality | None:
        """How it is now; None for a leg that is gone."""
        return _of(await self._media.statistics(leg))

    def of_ended(self, call_sid: Sid) -> CallQuality | None:
        """How it was when the call ended."""
        return self._of_ended.get(call_sid)

    def remember(self, call_sid: Sid, leg: int) -> None:
        """Ask a last time, before the leg is closed."""
        self._media.statistics(leg).add_done_callback(lambda asked: self._keep(call_sid, asked))

    async def keep_fresh(self) -> None:
        """Ask the worker how it keeps up, for ever."""
        while True:
            self.worker = (await self._media.statistics()).worker
            await asyncio.sleep(REFRESH_S)

    def _keep(self, call_sid: Sid, asked: "asyncio.Future[Statistics]") -> None:
        if asked.cancelled() or (quality := _of(asked.result())) is None:
            return
        if len(self._of_ended) >= MOST_REMEMBERED:
            del self._of_ended[next(iter(self._of_ended))]
        self._of_ended[call_sid] = quality


def _of(statistics: Statistics) -> CallQuality | None:
    if not statistics.legs:
        return None
    leg = statistics.legs[0]
    return CallQuality(**{name: getattr(leg, name) for name in _SHOWN})
