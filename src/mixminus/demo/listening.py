"""Who hears whom, and who hears music, measured while music plays.

As `mixminus.testing.listening`, with two differences. The notes are those of the palette that the house music leaves
alone: it sounds C5 (523 Hz) as loud as a phone hums 521 Hz. And what is left of a sound when the notes are taken out
tells whether there was music.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from mixminus.demo.judging import Heard
from mixminus.demo.story import CAST, MUSIC
from mixminus.testing import PALETTE
from mixminus.testing.audible import Audible
from mixminus.testing.detection import RATE_HZ, level_db
from mixminus.testing.ear import is_present
from mixminus.testing.g711 import Samples

Notes = Mapping[str, int]
"""Everybody's note, in hertz."""


def notes_of(cast: Iterable[str]) -> Notes:
    """A note for each of at most five. The house music stays 40 dB below a hummed note there."""
    return dict(zip(cast, (PALETTE[name] for name in ("nu", "pi", "rho", "tau", "chi")), strict=False))


NOTES: Final = notes_of(CAST)
"""All five."""

SETTLE_S: Final = 0.25
LISTEN_S: Final = 0.6

BLOCK: Final = RATE_HZ * 40 // 1000
"""Long enough to tell notes 110 Hz apart, short enough that a lost packet spoils only one."""

MUSIC_RMS: Final = 300.0
"""Of 32,767. The house music never falls below 1,600 (its quietest 0.6 s, median of blocks); what G.711 adds to five
hummed notes stays below 80."""


async def listen(calls: Mapping[str, Audible], notes: Notes = NOTES) -> tuple[Heard, tuple[float, float]]:
    """Let everybody hum at once. Returns what each of them heard, and from when to when (the loop's clock)."""
    before = {name: call.voice for name, call in calls.items()}
    for name, call in calls.items():
        call.hum(notes[name])
    loop = asyncio.get_running_loop()
    try:
        await asyncio.sleep(SETTLE_S + LISTEN_S)
    finally:
        end = loop.time()
        for name, call in calls.items():
            call.voice = before[name]
    begin = end - LISTEN_S
    return {name: sounds_in(call.heard_between(begin, end), notes) for name, call in calls.items()}, (begin, end)


def sounds_in(samples: Samples, notes: Notes = NOTES) -> frozenset[str]:
    """Who hums in *samples*, and `MUSIC`."""
    humming = frozenset(name for name, hz in notes.items() if is_present(level_db(samples, hz)))
    return humming | {MUSIC} if has_music(samples) else humming


def has_music(samples: Samples) -> bool:
    """Tell whether something besides the notes sounds in most of *samples*."""
    return residue_rms(samples) > MUSIC_RMS


def residue_rms(samples: Samples) -> float:
    """How loud the rest is when all notes are taken out: the median of 40 ms blocks."""
    count = len(samples) // BLOCK
    if count == 0:
        return 0.0
    blocks = samples[: count * BLOCK].reshape(count, BLOCK).astype(np.float64)
    rest = blocks - blocks @ _NOTE_SPACE @ _NOTE_SPACE.T
    return float(np.median(np.sqrt(np.mean(rest**2, axis=1))))


def _note_space() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """An orthonormal base, (samples of a block, 2 a note), of everything that the notes can sound like."""
    turns = 2 * np.pi * np.outer(np.arange(BLOCK), list(NOTES.values())) / RATE_HZ
    base, _ = np.linalg.qr(np.hstack([np.sin(turns), np.cos(turns)]))
    return base


_NOTE_SPACE: Final = _note_space()
