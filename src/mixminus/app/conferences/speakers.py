"""Who speaks in a conference, told to those who subscribed to it (`speaker`)."""

import asyncio
from collections.abc import Callable, Mapping, Set

from mixminus.app.media_link import MediaLink
from mixminus.base.types import Sid
from mixminus.calls.dominance import Dominance


class Speakers:
    """Watches the legs of one conference. Only who can be heard by somebody speaks."""

    def __init__(
        self,
        media: MediaLink,
        now: Callable[[], float],
        spoke: Callable[[Sid, bool], None],
        took_the_floor: Callable[[Sid], None],
    ) -> None:
        """`spoke` and `took_the_floor` are called from the loop, never from within a method of this object."""
        self._media = media
        self._now = now
        self._spoke = spoke
        self._took_the_floor = took_the_floor
        self._legs: dict[Sid, int] = {}
        self._audible: frozenset[Sid] = frozenset()
        self._sounding: set[Sid] = set()
        self._told: set[Sid] = set()
        self._floor = Dominance()
        self._timer: asyncio.TimerHandle | None = None

    def rewire(self, legs: Mapping[Sid, int], audible: Set[Sid]) -> None:
        """Who is in the conference, and which of them somebody hears now."""
        for call_sid, leg in tuple(self._legs.items()):
            if legs.get(call_sid) != leg:
                self._media.watch_speech(leg, None)
                self._forget(call_sid)
        for call_sid, leg in legs.items():
            if call_sid not in self._legs:
                self._legs[call_sid] = leg
                self._media.watch_speech(leg, lambda speaks, sid=call_sid: self._heard(sid, speaks))  # type: ignore[misc]
        self._audible = frozenset(audible)
        asyncio.get_running_loop().call_soon(self._tell)

    def close(self) -> None:
        """The conference is over."""
        self.rewire({}, frozenset())
        if self._timer is not None:
            self._timer.cancel()

    def _forget(self, call_sid: Sid) -> None:
        del self._legs[call_sid]
        self._sounding.discard(call_sid)
        self._told.discard(call_sid)
        self._floor.stopped(call_sid)

    def _heard(self, call_sid: Sid, speaks: bool) -> None:
        (self._sounding.add if speaks else self._sounding.discard)(call_sid)
        self._tell()

    def _tell(self) -> None:
        """Tell what has changed since the last time."""
        speaking = self._sounding & self._audible
        for call_sid in sorted(self._told - speaking):
            self._floor.stopped(call_sid)
            self._spoke(call_sid, False)
        for call_sid in sorted(speaking - self._told):
            self._floor.started(call_sid, self._now())
            self._spoke(call_sid, True)
        self._told = speaking
        self._settle()

    def _settle(self) -> None:
        """Give the floor to whom it belongs; later, if it changed hands a moment ago."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (speaker := self._floor.settle(self._now())) is not None:
            self._took_the_floor(speaker)
        elif (wait_s := self._floor.wait_s(self._now())) is not None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._settle)
