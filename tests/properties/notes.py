"""Every voice and every sound of a test conference is a note, and one frame tells which notes are in it.

A note is a multiple of 50 Hz, so a whole number of its periods fits into the 160 samples of a frame, and it is one
bin of the frame's Fourier transform: exactly as loud as it was hummed, but for the noise of µ-law, which is less than
a tenth of the softest note.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mixminus.media.contract import Tone
from mixminus.testing.g711 import PCMU, Samples

FRAME: Final = 160
RATE_HZ: Final = 8000

Note = str
"""Whose voice, or which sound."""

VOICES: Final[tuple[Note, ...]] = ("ann", "bob", "cid", "dot", "eve", "fay")
MUSIC: Final = "house music"
SOUNDS: Final[tuple[Note, ...]] = (
    MUSIC,
    "wait file",
    "hold file",
    "notice",
    "whispered notice",
    "enter beep",
    "exit beep",
)
ALL: Final = VOICES + SOUNDS

VOICE_PEAK: Final = 2400
SOUND_PEAK: Final = 1200
"""Six voices and a few sounds at once stay below full scale."""

Levels = NDArray[np.float64]
"""Peaks of the notes: a row a frame, a column a note, in the order of `ALL`."""

_PEAKS: Final = np.array([VOICE_PEAK] * len(VOICES) + [SOUND_PEAK] * len(SOUNDS))


NOISE: Final = 100
"""Peak of a sound that nobody hums; µ-law makes up to 40."""
SILENT, LOUD, TWICE = 0.1, 0.9, 1.1
"""Shares of a note's peak: below the first it is not there, from the second it is, above the third more than once."""


def frequency_hz(note: Note) -> int:
    return 350 + 100 * ALL.index(note)


def hummed(note: Note, frames: int = 1) -> Samples:
    """That many frames of a note."""
    at = np.arange(frames * FRAME) / RATE_HZ
    wave = _PEAKS[ALL.index(note)] * np.sin(2 * np.pi * frequency_hz(note) * at)
    return np.asarray(np.round(wave), np.int16)


def beep(note: Note, frames: int) -> tuple[Tone]:
    return (Tone((float(frequency_hz(note)),), 20 * frames, float(20 * np.log10(SOUND_PEAK / 32767))),)


def write_note(path: Path, note: Note, frames: int) -> Path:
    """A decoded file, as players take it."""
    path.write_bytes(hummed(note, frames).astype("<i2").tobytes())
    return path


def columns(notes: Sequence[Note] | frozenset[Note]) -> NDArray[np.bool_]:
    """A row of a table with a column for every note."""
    return np.array([note in notes for note in ALL])


_BINS: Final = [frequency_hz(note) * FRAME // RATE_HZ for note in ALL]


def levels(frames: NDArray[np.int16]) -> Levels:
    """How loud each note is in each frame, as a share of how loud it is hummed."""
    return np.asarray(_spectrum(frames)[:, _BINS] / _PEAKS)


def strange(frames: NDArray[np.int16]) -> Levels:
    """The loudest peak of each frame that is no note: a note that is cut off leaves one."""
    spectrum = _spectrum(frames)
    spectrum[:, _BINS] = 0
    return np.asarray(spectrum.max(axis=1))


def _spectrum(frames: NDArray[np.int16]) -> Levels:
    return np.asarray(np.abs(np.fft.rfft(frames.reshape(-1, FRAME))) * 2 / FRAME)


def decoded(payloads: Sequence[bytes]) -> NDArray[np.int16]:
    """µ-law frames as samples, a row each."""
    return PCMU.sample_of[np.frombuffer(b"".join(payloads), np.uint8)].reshape(-1, FRAME)
