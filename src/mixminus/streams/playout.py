"""What the agent said and nobody has heard yet: audio and marks in their order.

The engine plays; it is given audio a little ahead of time and tells, tick by tick, how much it has really played.
Marks are due by that figure alone, so a mark never comes back early, however fast the agent talks. A `clear` begins a
new *epoch*: what the engine still tells of the last one is about audio that is no more. So does a `recall`, which
takes back what the engine was given and has not played: nothing is lost, and marks stay where they were.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

LEAD_MS: Final = 200
"""How far the engine is ahead: for so long the control process may be late without a gap. A `clear` reaches what was
given ahead, too."""

MOST_MS: Final = 600_000
"""10 minutes may wait; more is discarded (31931)."""

MOST_MARKS: Final = 65_536
"""That may wait. Ten minutes of a mark with every 20 ms are 30,000."""


PIECE: Final = 16_384
"""Octets up to which small messages are kept as one."""


@dataclass(slots=True)
class _Recall:
    """What the engine is asked to give back."""

    start: int
    """Where the epoch began that is over."""
    stop: int | None = None
    """Up to where it was played; None: not told yet."""


@dataclass(frozen=True, slots=True)
class _Cleared:
    """What was said before a `clear`."""

    said: int
    began: int
    recall: _Recall | None
    """One that was under way then."""

    @property
    def start(self) -> int:
        """Where the epoch began that was cleared."""
        return self.began if self.recall is None or self.recall.stop is None else self.recall.stop


@dataclass(frozen=True, slots=True)
class Interruption:
    """How a `clear` left it, in octets since the one before: what was said, and how much of it was heard."""

    said: int
    played: int


class Playout:
    """One for each stream that its agent speaks on. Lengths and positions are octets of the stream's format."""

    def __init__(self, lead: int, most: int) -> None:
        self.epoch = 0
        self.discarded = 0
        """Octets for which there was no room, ever."""
        self._lead = lead
        self._most = most
        self._waiting: deque[bytearray] = deque()
        self._taken = 0
        """Of the first of these."""
        self._said = self._given = self._played = 0
        """Since the last `clear`."""
        self._start = 0
        """Where this epoch began: a recall is none of the agent's."""
        self._loud = 0
        """Where the last speech ends that was said."""
        self._marks: deque[tuple[int, str]] = deque()
        """Position and name."""
        self._cleared: dict[int, _Cleared] = {}
        self._recalled: dict[int, _Recall] = {}
        """By epochs that the engine has not told the last of."""
        self._recall: _Recall | None = None
        """Under way: meanwhile the engine is given nothing."""
        self.can_recall = False
        """What the engine was given is kept."""
        self._ahead = bytearray()

    @property
    def pending(self) -> int:
        """How much was said and not heard, as far as is known."""
        return self._said - self._played

    @property
    def is_waiting(self) -> bool:
        """Whether there is audio that the engine was not given yet."""
        return bool(self._waiting) and self._recall is None

    @property
    def has_marks(self) -> bool:
        """Whether there are any, due or not."""
        return bool(self._marks)

    @property
    def is_loud(self) -> bool:
        """Whether there is speech that was not heard yet, as far as is known."""
        return self._loud > self._played

    def say(self, audio: bytes, loud: int = 0) -> int:
        """Append audio, of which speech are the first so many octets. Returns how much of it was discarded."""
        kept = audio if self.pending + len(audio) <= self._most else audio[: max(0, self._most - self.pending)]
        if kept:
            # One object for each octet would take a gigabyte.
            if self._waiting and len(self._waiting[-1]) + len(kept) <= PIECE:
                self._waiting[-1] += kept
            else:
                self._waiting.append(bytearray(kept))
            if loud:
                self._loud = self._said + min(loud, len(kept))
            self._said += len(kept)
        lost = len(audio) - len(kept)
        self.discarded += lost
        return lost

    def mark(self, name: str) -> bool:
        """Append a mark; it is due at once if nothing waits (`take_due`). False: there are too many."""
        if len(self._marks) >= MOST_MARKS:
            return False
        self._marks.append((self._said, name))
        return True

    def clear(self) -> None:
        """Drop what was not played. All marks are due. Where nothing was said since the last one, nothing changes."""
        if not self._said:
            return
        self._cleared[self.epoch] = _Cleared(self._said, self._start, self._recall)
        self.epoch += 1
        self._waiting.clear()
        self._ahead.clear()
        self._recall = None
        self._taken = 0
        self._said = self._given = self._played = self._start = self._loud = 0
        self._marks = deque((0, name) for _, name in self._marks)

    def begin_recalls(self) -> None:
        """From now on what the engine is given is kept; whatever was said before is taken for speech."""
        self.can_recall = True
        self._ahead.clear()
        self._loud = self._said

    def recall(self) -> bool:
        """Take back what was given ahead. False: there is nothing. Else the engine's epoch is over."""
        if self._given == self._played or self._recall is not None:
            return False
        self._recall = self._recalled[self.epoch] = _Recall(self._start)
        self.epoch += 1
        return True

    def played(self, epoch: int, octets: int) -> Interruption | None:
        """The engine has played that much since *epoch* began; `~epoch`: in all of an epoch that is over there.

        What is told late of an epoch that is over here is no news.
        """
        if epoch == self.epoch:
            self._advance(self._start + octets)
        elif epoch >= 0:
            return None
        elif (recall := self._recalled.pop(~epoch, None)) is not None:
            recall.stop = recall.start + octets
            if recall is self._recall:
                self._take_back(recall.stop)
        elif (cleared := self._cleared.pop(~epoch, None)) is not None:
            return Interruption(cleared.said, min(cleared.start + octets, cleared.said))
        return None

    def reached(self, epoch: int, octets: int) -> int | None:
        """Where in what was said between two clears such a figure is (see `played`, which is told afterwards)."""
        if epoch == self.epoch:
            return self._start + octets
        over = max(epoch, ~epoch)
        known = self._recalled.get(over) or self._cleared.get(over)
        return None if known is None else known.start + octets

    def _advance(self, to: int) -> None:
        before, self._played = self._played, max(self._played, min(to, self._given))
        if self.can_recall:
            del self._ahead[: self._played - before]

    def _take_back(self, stop: int) -> None:
        """The engine has played up to there, and gives the rest back."""
        self._advance(stop)
        if self._ahead:
            if self._taken:
                del self._waiting[0][: self._taken]
                self._taken = 0
            self._waiting.appendleft(self._ahead)
            self._ahead = bytearray()
        self._given = self._start = self._played
        self._recall = None

    def take_due(self) -> list[str]:
        """Marks whose audio was heard, in order."""
        due: list[str] = []
        while self._marks and self._marks[0][0] <= self._played:
            due.append(self._marks.popleft()[1])
        return due

    def take_audio(self) -> bytes:
        """What the engine is to be given now, so that it is ahead by the lead; often nothing."""
        room = self._lead - (self._given - self._played)
        if room <= 0 or not self.is_waiting:
            return b""
        audio = bytearray()
        while room > len(audio) and self._waiting:
            first = self._waiting[0]
            piece = first[self._taken : self._taken + room - len(audio)]
            audio += piece
            self._taken += len(piece)
            if self._taken == len(first):
                self._waiting.popleft()
                self._taken = 0
        self._given += len(audio)
        if self.can_recall:
            self._ahead += audio
        return bytes(audio)
