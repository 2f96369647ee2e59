"""What the agent says on its way to the caller's ear, and what the model is told when it is cut off. Pure."""

from enum import Enum, auto
from typing import Final

from mixminus.agents.description import Dialect
from mixminus.agents.realtime.history import History
from mixminus.agents.realtime.link import Link
from mixminus.agents.realtime.outputs import Clear, Outbox, Send
from mixminus.agents.realtime.playback import OCTETS_PER_MS, Cleared, Cut, Playback
from mixminus.agents.realtime.requests import CreateItem, DeleteItem, Request, TruncateItem
from mixminus.agents.realtime.timers import Timers, Why

REPORT_WITHIN_S: Final = 0.25
"""For `played` after a `clear` (docs/streams.md); the model says nothing before the caller has stopped anyway."""


class Reports(Enum):
    """Whether the stream tells how much was played."""

    UNKNOWN = auto()
    YES = auto()
    NO = auto()


class Mouth:
    """Audio, marks, `clear`; and truncations, never longer than what was given of an item."""

    def __init__(self, history: History, link: Link, outbox: Outbox, timers: Timers, dialect: Dialect) -> None:
        self._history = history
        self._link = link
        self._out = outbox
        self._timers = timers
        self._dialect = dialect
        self._playback = Playback()
        self._reports = Reports.UNKNOWN
        self._cleared: Cleared | None = None
        self._live: set[str] = set()
        """Items of the response that runs."""
        self._late: set[str] = set()
        """Items of which audio came that nobody will hear; the service believes that it was heard."""
        self._unheard: set[str] = set()
        """Those of them of which nothing was heard."""
        self._trimmed: set[str] = set()

    @property
    def is_speaking(self) -> bool:
        return self._playback.is_playing

    def say(self, item: str, payload: str, now: float) -> None:
        """Audio for the caller; *item* is empty if it is none of the service's."""
        if item:
            self._live.add(item)
        self._out.put(*self._playback.say(item, payload, now))
        self._watch()

    def drop(self, item: str) -> None:
        """Audio of a response that was interrupted."""
        self._late.add(item)

    def end(self) -> None:
        """An utterance is whole."""
        self._out.put(*self._playback.end())

    def marked(self, name: str, now: float) -> None:
        self._playback.marked(name, now)
        self._watch()

    def presume_heard(self, now: float) -> None:
        """Marks that have not come by now will not come."""
        self._playback.presume_heard(now)
        self._watch()

    def interrupt(self, now: float) -> None:
        """Stop at once, and find out what was heard."""
        if not self._playback.is_playing:
            return
        self.settle()
        self._cleared = self._playback.clear(now)
        self._out.put(Clear())
        self._watch()
        if self._reports is Reports.NO:
            self.settle()
        else:
            self._timers.set(Why.REPORT, now + REPORT_WITHIN_S)

    def played(self, played_ms: int) -> None:
        """The stream tells how much was played before the `clear`."""
        self._reports = Reports.YES
        if self._cleared is not None:
            self._settle(self._cleared, played_ms * OCTETS_PER_MS)

    def no_report(self) -> None:
        """It did not tell in time; one that never did will not."""
        if self._reports is Reports.UNKNOWN:
            self._reports = Reports.NO
        self.settle()

    def settle(self) -> None:
        """What was heard is what marks and the clock tell."""
        if self._cleared is not None:
            self._settle(self._cleared, self._cleared.reached)

    def response_done(self) -> None:
        """It makes no more audio."""
        self._live.clear()
        if self._cleared is None:
            self._take_back()

    def session_lost(self) -> None:
        """The items are gone with their session; the next one is told of them as text."""
        self.settle()
        self._live.clear()
        self._late.clear()
        self._unheard.clear()
        self._trimmed.clear()

    def _settle(self, cleared: Cleared, reached: int) -> None:
        self._cleared = None
        self._timers.off(Why.REPORT)
        for cut in cleared.cuts(reached):
            self._trim(cut)
        if not self._live:
            self._take_back()

    def _take_back(self) -> None:
        """What came too late to be heard is taken out of its items, now that they are not being made any more."""
        for item in sorted(self._late - self._trimmed):
            self._history.agent_heard(item, 1.0)
            self._cut_short(item, 0 if item in self._unheard else self._playback.given_ms(item))
        self._late.clear()
        self._unheard.clear()

    def _trim(self, cut: Cut) -> None:
        self._out.log("realtime_cut", heard_ms=cut.heard_ms, given_ms=cut.given_ms)
        self._history.agent_heard(cut.item, cut.heard_ms / max(1, cut.given_ms))
        if self._history.was_told_as_text(cut.item):
            self._tell_anew(cut.item)
        elif cut.heard_ms == 0 and cut.item in self._live:
            self._late.add(cut.item)  # it cannot be deleted while it is made
            self._unheard.add(cut.item)
        else:
            self._cut_short(cut.item, cut.heard_ms)

    def _cut_short(self, item: str, heard_ms: int) -> None:
        """An unheard item is deleted: the service refuses to cut one to nothing (livekit/agents#6157)."""
        self._trimmed.add(item)
        name = self._out.name()
        self._send(TruncateItem(name, item, heard_ms) if heard_ms > 0 else DeleteItem(name, item))

    def _tell_anew(self, item: str) -> None:
        """The session knows it as text, which cannot be truncated: it is replaced."""
        before = self._history.before(item)
        self._send(DeleteItem(self._out.name(), item))
        self._history.replaced(item)
        text = self._history.item(item, self._dialect)
        if text is not None:
            del text["id"]
            self._send(CreateItem(self._out.name(), text, before))

    def _send(self, request: Request) -> None:
        """A session that is not there need not know: the next one is told what was heard."""
        if self._link.is_ready:
            self._out.put(Send(request))

    def _watch(self) -> None:
        """Marks may stay away."""
        if self._playback.is_playing:
            self._timers.set(Why.PLAYED, self._playback.over_at())
        else:
            self._timers.off(Why.PLAYED)
