"""Which notes are in a piece of audio, and when: int16 in, frequencies and levels out.

Audio is looked at through an 80 ms Blackman-Harris window that moves by 20 ms. Its side lobes are 92 dB down and
its main lobe is 50 Hz wide to each side, so steady notes of the palette cannot be taken for one another. What
remains is the smear of sudden changes. A note that begins at the border of a cell reaches 0.19 of its level in the
cell before; five other notes that stop there at the same moment add at most 0.16, at the least favourable phases.
A note of a single 20 ms frame reaches 0.62, and 0.47 when it lies half in one cell and half in the next. The
threshold of 0.38 lies between: a leak of one frame is seen, and a change of six notes is told to the frame.

Speech and music have notes of their own: only ask for what is hummed while phones hum, are silent, or play clips
that are known to stay away from the palette.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mixminus.testing.g711 import Samples
from mixminus.testing.palette import FREQUENCIES_HZ, HUM_AMPLITUDE

RATE_HZ: Final = 8_000
CELL: Final = 160  # samples: 20 ms, one packet
WINDOW: Final = 640  # samples: 80 ms
CELL_S: Final = CELL / RATE_HZ

PRESENT_DB: Final = 20 * float(np.log10(0.38))
"""A note is present from this level on, relative to a hummed note (see the module's text for why)."""

ABSENT_DB: Final = -120.0
"""The level of silence; nothing is ever reported below it."""


@dataclass(frozen=True, slots=True)
class Cell:
    """The notes present in one 20 ms step that begins at `at`, in seconds of the clock."""

    at: float
    notes: frozenset[int]


def level_db(samples: Samples, frequency_hz: float) -> float:
    """How loud a frequency is in the whole of *samples*; 0 dB is a hummed note, `ABSENT_DB` is silence."""
    if len(samples) == 0:
        return ABSENT_DB
    probe = _probes(len(samples), (frequency_hz,))
    return float(_decibels(np.abs(samples.astype(np.float64) @ probe))[0])


def levels_db(samples: Samples, frequencies_hz: Sequence[float] = FREQUENCIES_HZ) -> NDArray[np.float64]:
    """Levels of shape (cells, frequencies), 0 dB for a hummed note; a last partial cell counts as one.

    What lies outside *samples* is silence to the windows, so only audio inside can make a note present.
    """
    cells = -(-len(samples) // CELL)
    if cells == 0:
        return np.empty((0, len(frequencies_hz)))
    margin = (WINDOW - CELL) // 2
    padded = np.zeros(cells * CELL + 2 * margin)
    padded[margin : margin + len(samples)] = samples
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::CELL]
    return _decibels(np.abs(windows @ _probes(WINDOW, tuple(frequencies_hz))))


def notes(samples: Samples, begins_at: float, frequencies_hz: Sequence[int] = FREQUENCIES_HZ) -> list[Cell]:
    """The notes of every 20 ms of *samples*, whose first sample was heard at *begins_at*."""
    present = levels_db(samples, frequencies_hz) >= PRESENT_DB
    return [
        Cell(begins_at + step * CELL_S, frozenset(frequencies_hz[int(n)] for n in np.flatnonzero(row)))
        for step, row in enumerate(present)
    ]


def chord(samples: Samples, frequencies_hz: Iterable[int] = FREQUENCIES_HZ) -> frozenset[int]:
    """The notes that sound through the whole of *samples*, taken as one piece (at least 60 ms to be exact)."""
    return frozenset(hz for hz in frequencies_hz if level_db(samples, hz) >= PRESENT_DB)


def _decibels(amplitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    floor = 10 ** (ABSENT_DB / 20)
    return 20 * np.log10(np.maximum(amplitudes / HUM_AMPLITUDE, floor))


@lru_cache(maxsize=64)
def _probes(length: int, frequencies_hz: tuple[float, ...]) -> NDArray[np.complex128]:
    """Windowed oscillators, scaled so that a product's magnitude is the peak amplitude of the note."""
    n = np.arange(length)
    window = _blackman_harris(length)
    turns = np.exp(-2j * np.pi * np.outer(n, frequencies_hz) / RATE_HZ)
    probes: NDArray[np.complex128] = turns * (2 * window / window.sum())[:, None]
    return probes


def _blackman_harris(length: int) -> NDArray[np.float64]:
    """The four-term window with 92 dB side lobes (F. J. Harris, Proc. IEEE 66, 1978, table I)."""
    phase = 2 * np.pi * (np.arange(length) + 0.5) / length
    window: NDArray[np.float64] = (
        0.35875 - 0.48829 * np.cos(phase) + 0.14128 * np.cos(2 * phase) - 0.01168 * np.cos(3 * phase)
    )
    return window
