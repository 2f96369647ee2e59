"""What the agent said and nobody has heard yet: audio and marks in their order.

The engine plays; it is given audio a little ahead of time and tells, tick by tick, how much it has really played.
Marks are due by that figure alone, so a mark never comes back early, however fast the agent talks. A `clear` begins a
new *epoch*: what the engine still tells of the last one is about audio that is no more.
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
        """In this epoch."""
        self._marks: deque[tuple[int, str]] = deque()
        """Position and name."""
        self._said_before: dict[int, int] = {}
        """By epoch that the engine has not told the last of."""

    @property
    def pending(self) -> int:
        """How much was said and not heard, as far as is known."""
        return self._said - self._played

    @property
    def is_waiting(self) -> bool:
        """Whether there is audio that the engine was not given yet."""
        return bool(self._waiting)

    @property
    def has_marks(self) -> bool:
        """Whether there are any, due or not."""
        return bool(self._marks)

    def say(self, audio: bytes) -> int:
        """Append audio. Returns how much of it was discarded."""
        kept = audio if self.pending + len(audio) <= self._most else audio[: max(0, self._most - self.pending)]
        if kept:
            # One object for each octet would take a gigabyte.
            if self._waiting and len(self._waiting[-1]) + len(kept) <= PIECE:
                self._waiting[-1] += kept
            else:
                self._waiting.append(bytearray(kept))
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
        self._said_before[self.epoch] = self._said
        self.epoch += 1
        self._waiting.clear()
        self._taken = 0
        self._said = self._given = self._played = 0
        self._marks = deque((0, name) for _, name in self._marks)

    def played(self, epoch: int, octets: int) -> Interruption | None:
        """The engine has played that much since *epoch* began; for an epoch that was cleared, at its end."""
        if epoch == self.epoch:
            self._played = max(self._played, min(octets, self._given))
        elif (said := self._said_before.pop(epoch, None)) is not None:
            return Interruption(said, min(octets, said))
        return None

    def take_due(self) -> list[str]:
        """Marks whose audio was heard, in order."""
        due: list[str] = []
        while self._marks and self._marks[0][0] <= self._played:
            due.append(self._marks.popleft()[1])
        return due

    def take_audio(self) -> bytes:
        """What the engine is to be given now, so that it is ahead by the lead; often nothing."""
        room = self._lead - (self._given - self._played)
        if room <= 0 or not self._waiting:
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
        return bytes(audio)
