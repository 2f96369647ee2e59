"""Who hears whom, measured by listening: everybody hums a note of its own, and tells what it hears.

Phones (`Call`) and agents (`AgentCall`) alike.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from mixminus.testing.audible import Audible
from mixminus.testing.detection import CELL_S
from mixminus.testing.ear import is_present
from mixminus.testing.palette import FREQUENCIES_HZ

Pairs = frozenset[tuple[str, str]]
"""(listener, speaker): the first hears the second."""

_SETTLE_S: Final = 0.2  # jitter buffers and mixers have passed on the last of the old voice by then
_LISTEN_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class Matrix:
    """What was measured: a level for every listener and speaker, also for everybody and themselves."""

    names: tuple[str, ...]
    levels_db: Mapping[tuple[str, str], float]
    """(listener, speaker) to level; 0 dB is a hummed note, -120 dB silence."""

    def hears(self, listener: str, speaker: str) -> bool:
        return is_present(self.levels_db[listener, speaker])

    def heard_by(self, listener: str) -> frozenset[str]:
        """Everybody whom *listener* hears."""
        return frozenset(name for name in self.names if self.hears(listener, name))

    @property
    def pairs(self) -> Pairs:
        """Every (listener, speaker) that is heard; compare it with what the law says."""
        return frozenset(pair for pair, level in self.levels_db.items() if is_present(level))

    def text(self, expected: Pairs | None = None) -> str:
        """A table, one row a listener, one column a speaker.

        `yes` is heard, `.` is not; against *expected*, `LEAK` is heard but must not be and `DEAF` the opposite.
        """
        width = max(len("hears"), *(len(name) for name in self.names))
        rows = [[name, *(self._mark(name, speaker, expected) for speaker in self.names)] for name in self.names]
        lines = [["hears", *self.names], *rows]
        return "\n".join("  ".join(word.ljust(width) for word in line).rstrip() for line in lines)

    def _mark(self, listener: str, speaker: str, expected: Pairs | None) -> str:
        heard = self.hears(listener, speaker)
        if expected is None or heard is ((listener, speaker) in expected):
            return "yes" if heard else "."
        return "LEAK" if heard else "DEAF"


@dataclass(frozen=True, slots=True)
class Leak:
    """A stretch of time in which a note was heard, in seconds of the clock."""

    begins_at: float
    ends_at: float


async def measure_matrix(
    calls: Mapping[str, Audible], *, settle_s: float = _SETTLE_S, listen_s: float = _LISTEN_S
) -> Matrix:
    """Let everybody hum at once and listen; afterwards they say again what they said before.

    Takes *settle_s* + *listen_s*. At most 24 calls, one for each note of the palette. Calls that ended are fine:
    they neither hear nor are heard.
    """
    if len(calls) > len(FREQUENCIES_HZ):
        raise ValueError(f"{len(calls)} phones cannot hum {len(FREQUENCIES_HZ)} different notes")
    notes = dict(zip(calls, FREQUENCIES_HZ, strict=False))
    before = {name: call.voice for name, call in calls.items()}
    for name, call in calls.items():
        call.hum(notes[name])
    try:
        await asyncio.sleep(settle_s + listen_s)
    finally:
        for name, call in calls.items():
            call.voice = before[name]
    levels = {
        (listener, speaker): call.level_db(hz, last_ms=1000 * listen_s)
        for listener, call in calls.items()
        for speaker, hz in notes.items()
    }
    return Matrix(tuple(calls), levels)


def leaks(listener: Audible, frequency_hz: int, t0: float, t1: float) -> list[Leak]:
    """Every stretch between two moments in which *listener* heard the note; 20 ms of it are enough to be seen.

    Empty is what a test wants when the note must not be heard from *t0* to *t1*.
    """
    return _joined(cell.at for cell in listener.notes(t0, t1, (frequency_hz,)) if cell.notes)


def _joined(cells: Iterable[float]) -> list[Leak]:
    stretches: list[Leak] = []
    for at in cells:
        if stretches and at - stretches[-1].ends_at < CELL_S / 2:
            stretches[-1] = Leak(stretches[-1].begins_at, at + CELL_S)
        else:
            stretches.append(Leak(at, at + CELL_S))
    return stretches
