"""What the stream was given to play, and how much of it was heard. Pure.


Positions are octets of µ-law since the stream was last cleared. A mark that comes back tells a position that was
reached; between two marks time goes on as the audio does, but never beyond the next mark. A server that
reports what it has played is believed instead. After a `clear` the pending marks come back at once and mean nothing
(vellum-assistant#38316): they are forgotten when it is sent.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

OCTETS_PER_MS: Final = 8
PIECE_CHARACTERS: Final = 1_280
"""Of base64: 960 octets, 120 ms, a whole number of 20 ms frames. So long is the way from one mark to the next."""
PIECE_OCTETS: Final = PIECE_CHARACTERS // 4 * 3
PATIENCE_S: Final = 3.0
"""How much later than its audio a mark may come. A server that returns no marks must not stop the talk."""


@dataclass(frozen=True, slots=True)
class Play:
    """Audio for the stream, µ-law in base64."""

    payload: str


@dataclass(frozen=True, slots=True)
class Mark:
    name: str


@dataclass(frozen=True, slots=True)
class Span:
    """A part of an item, between two positions; `offset` octets of the item came before it."""

    item: str
    offset: int
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Of an item of which `given_ms` were given, this much was heard."""

    item: str
    heard_ms: int
    given_ms: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was on its way when the stream was cleared, and the position that was reached, as far as marks tell."""

    spans: tuple[Span, ...]
    reached: int

    def cuts(self, reached: int) -> Iterator[Cut]:
        """The items that were not heard to the end of what was given, if *reached* is where it stopped."""
        for span in self.spans:
            if span.item and reached < span.ends:
                heard = span.offset + max(0, reached - span.begins)
                given = span.offset + span.ends - span.begins
                yield Cut(span.item, heard // OCTETS_PER_MS, given // OCTETS_PER_MS)


class Playback:
    """One for each stream."""

    def __init__(self) -> None:
        self._named = 0
        self._marks: deque[tuple[str, int]] = deque()
        """Names and positions, of those that were sent and did not come back."""
        self._spans: deque[Span] = deque()
        """That are not known to be heard, the one that is being given last."""
        self._given: dict[str, int] = {}
        """Octets, by item."""
        self._said = self._marked = self._reached = 0
        self._since = 0.0
        """When `_reached` was reached, or its first audio given."""
        self._marks_come = False

    @property
    def is_playing(self) -> bool:
        """There is audio that is not known to be heard."""
        return self._reached < self._said

    def say(self, item: str, payload: str, now: float) -> list[Play | Mark]:
        """Give audio of *item* (empty: of nobody's). Returns what to send, or nothing for what is no base64."""
        if len(payload) % 4:
            return []
        found: list[Play | Mark] = []
        for at in range(0, len(payload), PIECE_CHARACTERS):
            piece = payload[at : at + PIECE_CHARACTERS]
            self._give(item, octets(piece), now)
            found.append(Play(piece))
            if self._said - self._marked >= PIECE_OCTETS:
                found += self.end()
        return found

    def end(self) -> list[Play | Mark]:
        """An utterance is whole, or long enough: a mark, unless there is one already."""
        if self._marked == self._said:
            return []
        self._named += 1
        self._marked = self._said
        self._marks.append((name := f"realtime-{self._named}", self._said))
        return [Mark(name)]

    def marked(self, name: str, now: float) -> None:
        """A mark came back: it and those before it were reached."""
        positions = dict(self._marks)
        if name not in positions:
            return
        self._marks_come = True
        while self._marks[0][0] != name:
            self._marks.popleft()
        self._marks.popleft()
        self._reach(positions[name], now)

    def given_ms(self, item: str) -> int:
        return self._given.get(item, 0) // OCTETS_PER_MS

    def over_at(self) -> float:
        """When all that was given must have been heard, marks or not."""
        left_s = (self._said - self._reached) / (1_000 * OCTETS_PER_MS)
        return self._since + left_s + PATIENCE_S * self._marks_come

    def presume_heard(self, now: float) -> None:
        """No more marks are waited for."""
        self._marks.clear()
        self._reach(self._said, now)

    def clear(self, now: float) -> Cleared:
        """The stream is being cleared: a new beginning."""
        found = Cleared(tuple(self._spans), self._estimate(now))
        self._spans.clear()
        self._marks.clear()
        self._said = self._marked = self._reached = 0
        return found

    def _give(self, item: str, length: int, now: float) -> None:
        if not self.is_playing:
            self._since = now
        offset = self._given.get(item, 0)
        self._given[item] = offset + length
        begins, self._said = self._said, self._said + length
        if self._spans and self._spans[-1].item == item:
            last = self._spans.pop()
            offset, begins = last.offset, last.begins
        self._spans.append(Span(item, offset, begins, self._said))

    def _reach(self, position: int, now: float) -> None:
        self._reached, self._since = position, now
        while self._spans and self._spans[0].ends <= position:
            self._spans.popleft()

    def _estimate(self, now: float) -> int:
        """Where playing has come. Without marks there is only the clock."""
        by_clock = self._reached + int((now - self._since) * 1_000) * OCTETS_PER_MS
        limit = self._marks[0][1] if self._marks and self._marks_come else self._said
        return max(self._reached, min(by_clock, limit))


def octets(payload: str) -> int:
    """The length of what base64 stands for."""
    return len(payload) // 4 * 3 - payload.count("=", -2)
