"""Runs a sequence and convicts it of the first frame that breaks the law."""

import asyncio
import wave
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.properties import notes
from tests.properties.asking import Step
from tests.properties.hall import ON_THE_BEAT, TAPPED, TRACKING, Hall, WrittenNotes
from tests.properties.law import Law
from tests.properties.notes import ALL, VOICES, Note

from mixminus.media.engine import EngineSettings
from mixminus.testing.virtual_time import run_virtual

Intrude = Callable[[Hall], None]
"""What strangers do before every tick."""

SETTLED = 12
"""So many turns of the loop, and every task waits for the next tick."""


class BrokenLaw(AssertionError):
    """A frame had a note that it must not have, or lacked one."""


@dataclass
class Ledger:
    """For every tick: what each listener must and may hear, and what the recording must and may."""

    must: list[list[frozenset[Note]]] = field(default_factory=list)
    may: list[list[frozenset[Note]]] = field(default_factory=list)
    in_room: list[list[bool]] = field(default_factory=list)
    recorded: list[tuple[frozenset[Note], frozenset[Note]]] = field(default_factory=list)

    def write(self, law: Law) -> None:
        law.tick()
        self.must.append([law.must_hear(name) for name in VOICES])
        self.may.append([law.may_hear(name) for name in VOICES])
        self.in_room.append([name in law.people and law.in_room(law.people[name]) for name in VOICES])
        public = law.recorded() if law.started else frozenset()
        self.recorded.append((public | law.on_air(None, sure=True), public | law.on_air(None, sure=False)))
        law.ticked()

    def forgive(self, served: list[set[Note]]) -> None:
        """Who sits out a tick hears nothing in it, is not heard, and its sounds may last one more.

        Voices are not forgiven: nobody hears one that it may not hear in that very tick.
        """
        late: list[set[Note]] = [set() for _ in VOICES]
        for tick, present in enumerate(served):
            absent = set(VOICES) - present
            public, allowed = self.recorded[tick]
            self.recorded[tick] = public - absent if not absent else frozenset(), allowed
            for at, name in enumerate(VOICES):
                must, may = self.must[tick][at], self.may[tick][at]
                self.may[tick][at] = may | late[at]
                self.must[tick][at] = must & may - absent if name in present else frozenset()
                self.in_room[tick][at] &= name in present
                late[at] = set(may) - set(VOICES)


def convict(
    sequence: Iterable[Step],
    folder: Path,
    prompts: WrittenNotes,
    intrude: Intrude = lambda hall: None,
    settings: EngineSettings = ON_THE_BEAT,
) -> int:
    """Run it in virtual time and judge every frame. Returns how many were judged; raises `BrokenLaw`."""
    return run_virtual(_run(tuple(sequence), lambda: Hall(folder, prompts, settings), intrude))


async def _run(sequence: tuple[Step, ...], make_hall: Callable[[], Hall], intrude: Intrude) -> int:
    hall, law, ledger = make_hall(), Law(), Ledger()
    for step in sequence:
        for request in step.requests:
            request.ask(law, hall)
        for number in range(step.ticks):
            for _ in range(SETTLED if number else step.yields):
                await asyncio.sleep(0)
            intrude(hall)
            ledger.write(law)
            hall.tick()
    hall.settle()
    recordings = dict(hall.began)
    if hall.settings != ON_THE_BEAT:
        ledger.forgive(hall.served)
    judged = _judge_ears(hall, ledger)
    _judge_tracks(hall, ledger)
    _judge_eavesdropper(hall)
    await hall.close()
    for sid, began in recordings.items():
        _judge_recording(hall.folder / hall.memory.recordings[sid].file_name, began, ledger)
    return judged


def _judge_ears(hall: Hall, ledger: Ledger) -> int:
    frames = notes.decoded([sent[name] for sent in hall.heard for name in VOICES])
    levels = notes.levels(frames).reshape(len(hall.heard), len(VOICES), len(ALL))
    wrong = _wrong(levels, _table(ledger.must), _table(ledger.may))
    if wrong.any():
        tick, ear, note = (int(at) for at in np.argwhere(wrong)[0])
        _complain(f"in tick {tick} {VOICES[ear]}", ALL[note], levels[tick, ear], ledger.must[tick][ear])
    if (strange := notes.strange(frames) > notes.NOISE).any():
        tick, ear = divmod(int(np.argmax(strange)), len(VOICES))
        raise BrokenLaw(f"in tick {tick} {VOICES[ear]} hears something that nobody hums")
    _judge_together(levels[:, :, ALL.index("notice")] > notes.SILENT, np.array(ledger.in_room))
    return len(frames)


def _judge_tracks(hall: Hall, ledger: Ledger) -> None:
    """On each track there is what its listener hears of one speaker, in that very tick, and nothing else."""
    rows = [(tick, *pair, frame) for tick, frames in enumerate(hall.tracked) for pair, frame in frames.items()]
    for tick, frames in enumerate(hall.tracked):
        for listener in TRACKING:
            missing = ledger.must[tick][VOICES.index(listener)] & set(VOICES) - {who for _, who in frames}
            if missing:
                raise BrokenLaw(f"in tick {tick} {listener} has no track of {sorted(missing)}")
    if not rows:
        return
    levels = notes.levels(notes.decoded([frame for *_, frame in rows]))
    must, may = (
        np.array([notes.columns(table[tick][VOICES.index(ear)] & {who}) for tick, ear, who, _ in rows])
        for table in (ledger.must, ledger.may)
    )
    wrong = _wrong(levels, must, may)
    if wrong.any():
        at, note = (int(place) for place in np.argwhere(wrong)[0])
        tick, ear, who, _ = rows[at]
        _complain(
            f"in tick {tick} {ear}'s track of {who}", ALL[note], levels[at], ledger.must[tick][VOICES.index(ear)]
        )


def _judge_eavesdropper(hall: Hall) -> None:
    """Who listens to a phone hears what is said into it, and what it is played, frame by frame; nothing else."""
    for tick, (inbound, outbound) in enumerate(hall.overheard):
        if inbound != hall.people[TAPPED].payload:
            raise BrokenLaw(f"in tick {tick} the listener takes for {TAPPED}'s voice what is not")
        if outbound != hall.heard[tick][TAPPED]:
            raise BrokenLaw(f"in tick {tick} the listener hears something else than {TAPPED}")


def _wrong(levels: notes.Levels, must: NDArray[np.bool_], may: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which notes are missing, or there without leave; a voice is heard once, while beeps may coincide."""
    wrong = (must & (levels < notes.LOUD)) | (~may & (levels > notes.SILENT))
    wrong[..., : len(VOICES)] |= levels[..., : len(VOICES)] > notes.TWICE
    return np.asarray(wrong)


def _judge_together(heard: NDArray[np.bool_], in_room: NDArray[np.bool_]) -> None:
    """What is for the room reaches all who are in it in the same ticks, or none."""
    some, everybody = (heard & in_room).any(axis=1), (heard | ~in_room).all(axis=1)
    if (some & ~everybody).any():
        raise BrokenLaw(f"in tick {int(np.argmax(some & ~everybody))} a notice reached some ears, and not all")


def _judge_recording(path: Path, began: int, ledger: Ledger) -> None:
    with wave.open(str(path)) as file:
        channels = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
    frames = channels.sum(axis=1, dtype=np.int32)
    path.unlink()
    wanted = ledger.recorded[began:]
    levels = notes.levels(frames)[: len(wanted)]
    must, may = (np.array([notes.columns(row[n]) for row in wanted[: len(levels)]]) for n in (0, 1))
    wrong = _wrong(levels, must, may)
    if wrong.any():
        tick, note = (int(at) for at in np.argwhere(wrong)[0])
        _complain(f"in tick {began + tick} the recording", ALL[note], levels[tick], wanted[tick][0])


def _table(rows: list[list[frozenset[Note]]]) -> NDArray[np.bool_]:
    known = {heard: notes.columns(heard) for row in rows for heard in row}
    return np.array([[known[heard] for heard in row] for row in rows])


def _complain(who: str, note: Note, levels: notes.Levels, must: frozenset[Note]) -> None:
    sounds = ", ".join(f"{ALL[at]} ({levels[at]:.2f})" for at in np.flatnonzero(levels > notes.SILENT)) or "nothing"
    wanted = ", ".join(sorted(must)) or "nothing"
    raise BrokenLaw(f"{who} hears {sounds}; the law says {wanted} (wrong: {note})")
