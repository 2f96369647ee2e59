"""Verdicts from two waveforms on one clock: what the mixer took from the caller, and what it took from the agent.

Nothing the agent says about itself is asked. Where a sound of the caller lies in its track is found by correlation
with the sound; when the agent speaks, by the energy of 10 ms of its track.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.listening.calls import Recorded
from bench.listening.scripts import Answer, Kind, Over, Pause
from bench.speech import Samples

RATE_HZ: Final = 8_000
CELL: Final = 80
CELL_S: Final = CELL / RATE_HZ
LOUD: Final = 200.0
"""RMS of 10 ms in which the agent is heard. The pauses inside synthesised speech stay below 50."""
GAP_S: Final = 0.4
"""The agent's own pauses between sentences are shorter: a longer silence is a stop."""
YIELD_S: Final = 1.0
"""Who is silent for so long has given up its turn."""
SAME: Final = 0.6
"""Correlation from which on two stretches of sound are the same words."""
FOUND: Final = 0.4
"""The same, for a caller's sound in its track, which a room's noise is in as well."""
ANSWER_WITHIN_S: Final = 6.0


@dataclass(frozen=True, slots=True)
class OverVerdict:
    """What a sound over the agent's speech did. Times in s, from the sound's first sample."""

    call: str
    kind: Kind
    name: str
    at_s: float
    stop_s: float | None
    """Until the agent's last sound before it fell silent; None: it did not."""
    silent_s: float
    """The longest of its silences until a second after the sound; to the end of the recording if it said no more."""
    same_words: bool
    """It went on with what it had been saying."""
    played_s: float
    """So much of its greeting had been heard by then."""
    context: str | None

    @property
    def yielded(self) -> bool:
        """It gave up its turn: silent for a second and not to go on, or other words."""
        if self.stop_s is None:
            return False
        if self.kind is Kind.INTERRUPTION:
            return not self.same_words
        return self.silent_s >= YIELD_S or not self.same_words


@dataclass(frozen=True, slots=True)
class TurnVerdict:
    """How an answer of the caller was received."""

    call: str
    name: str
    pause: Pause
    pause_s: float
    at_s: float
    answer_s: float | None
    """From the caller's last sound to the agent's first after it; None: there was none within 6 s."""
    cut_in_s: float | None
    """When the agent spoke before the caller had finished: how long after the pause had begun."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Something that could not be judged, and why."""

    call: str
    name: str
    why: str


Verdict = OverVerdict | TurnVerdict | Missed


def verdicts(recorded: Recorded, greeting: Samples) -> Iterator[Verdict]:
    """All of a call's. *greeting* is what the agent says when nobody disturbs it."""
    name, since = recorded.script.name, 0
    loud = loudness(recorded.agent)
    for act in recorded.script.acts:
        at = located(act.sound, recorded.caller, since)
        if at is None:
            yield Missed(name, act.name, "was not said" if recorded.gave_up else "is not in the caller's track")
            continue
        since = at + len(act.sound)
        if isinstance(act, Over):
            yield _over(recorded, act, at, loud, greeting)
        else:
            yield _turn(name, act, at, loud)


def loudness(track: Samples) -> NDArray[np.bool_]:
    """Whether somebody is heard, each 10 ms."""
    cells = track[: len(track) // CELL * CELL].reshape(-1, CELL).astype(np.float64)
    return np.asarray(np.sqrt((cells**2).mean(axis=1)) > LOUD)


def located(sound: Samples, track: Samples, since: int) -> int | None:
    """The first sample of *sound* in *track*, not before *since*."""
    rest = track[since:]
    if len(rest) < len(sound) or not len(sound):
        return None
    at, likeness = best_match(sound, rest)
    return since + at if likeness >= FOUND else None


def best_match(sound: Samples, track: Samples) -> tuple[int, float]:
    """Where *sound* is in *track*, and the correlation there, 0 to 1."""
    size = 1 << int(np.ceil(np.log2(len(track) + len(sound))))
    wanted = sound.astype(np.float64)
    given = track.astype(np.float64)
    products = np.fft.irfft(np.fft.rfft(given, size) * np.conj(np.fft.rfft(wanted, size)), size)
    products = products[: len(track) - len(sound) + 1]
    energy = np.concatenate([[0.0], np.cumsum(given**2)])
    under = np.sqrt((energy[len(sound) :] - energy[: len(products)]) * (wanted**2).sum()) + 1e4
    likeness = products / under
    at = int(np.argmax(likeness))
    return at, float(likeness[at])


def _over(recorded: Recorded, act: Over, at: int, loud: NDArray[np.bool_], greeting: Samples) -> Verdict:
    call, begin = recorded.script.name, at // CELL
    if not loud[max(0, begin - round(GAP_S / CELL_S)) : begin].any():
        return Missed(call, act.name, "the agent was silent already")
    until = (at + len(act.sound)) // CELL + round(YIELD_S / CELL_S)
    over = int(np.argmax(loud)) + round((len(greeting) / RATE_HZ - 0.3) / CELL_S)  # it was at its end anyway
    silences = list(_silences(loud, begin, min(until, over)))
    if not silences:
        return OverVerdict(call, act.kind, act.name, at / RATE_HZ, None, 0.0, True, 0.0, recorded.context)
    stop = silences[0][0]
    played_s = (stop - int(np.argmax(loud))) * CELL_S
    after = recorded.agent[silences[-1][1] * CELL :]
    return OverVerdict(
        call,
        act.kind,
        act.name,
        at / RATE_HZ,
        max(0.0, (stop - begin) * CELL_S),
        max((end - start) * CELL_S for start, end in silences),
        same_words(after, greeting, played_s),
        played_s,
        recorded.context,
    )


def _silences(loud: NDArray[np.bool_], begin: int, until: int) -> Iterator[tuple[int, int]]:
    """Silences of `GAP_S` or more that begin before *until*, in cells; the first may have begun before the sound."""
    cell = begin
    while cell > 0 and not loud[cell - 1]:
        cell -= 1
    while cell < min(until, len(loud)):
        if loud[cell]:
            cell += 1
            continue
        end = cell
        while end < len(loud) and not loud[end]:
            end += 1
        if end - max(cell, begin) >= round(GAP_S / CELL_S):
            yield cell, end
        cell = end


def same_words(after: Samples, greeting: Samples, played_s: float) -> bool:
    """Whether *after* goes on with the greeting, at most 2 s before where it was stopped or a few behind that.

    Half a second is compared, or less if the agent is stopped again.
    """
    heard = loudness(after)
    if not heard.any():
        return False
    first = int(np.argmax(heard))
    quiet = np.flatnonzero(np.convolve(heard[first : first + 50], np.ones(15), "valid") == 0)
    words = after[first * CELL : (first + (int(quiet[0]) if len(quiet) else 50)) * CELL]
    low, high = round((played_s - 2.0) * RATE_HZ), round((played_s + 6.0) * RATE_HZ) + len(words)
    near = greeting[max(0, low) : high]
    return RATE_HZ // 10 <= len(words) <= len(near) and best_match(words, near)[1] >= SAME


def _turn(call: str, act: Answer, at: int, loud: NDArray[np.bool_]) -> TurnVerdict:
    begin, end = at // CELL, -(-(at + len(act.sound)) // CELL)
    cut_in_s = None
    if len(act.parts) > 1:
        paused = (at + len(act.parts[0])) // CELL
        during = loud[paused:end]
        cut_in_s = int(np.argmax(during)) * CELL_S if during.any() else None
    elif loud[begin + round(0.3 / CELL_S) : end].any():
        cut_in_s = 0.0
    after = loud[end : end + round(ANSWER_WITHIN_S / CELL_S)]
    answer_s = int(np.argmax(after)) * CELL_S if after.any() else None
    return TurnVerdict(call, act.name, act.pause, act.pause_s, at / RATE_HZ, answer_s, cut_in_s)
