"""What was heard against what the law says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from mixminus.demo.story import MUSIC, Scene

Heard = Mapping[str, frozenset[str]]
"""Listener to everything that was heard."""

RECORDING: Final = "recording"
"""A listener of its own (law 3)."""


class Verdict(Enum):
    """One cell of the matrix, right or wrong."""

    HEARS = "hears"
    SILENT = "silent"
    LEAK = "LEAK"
    """Heard, and must not be."""
    DEAF = "DEAF"
    """Not heard, and should be."""

    @property
    def right(self) -> bool:
        return self in (Verdict.HEARS, Verdict.SILENT)


@dataclass(frozen=True, slots=True)
class Claim:
    """*listener* hears *speaker*, or does not: what the law says, and what was found."""

    scene: str
    listener: str
    speaker: str
    expected: bool
    measured: bool

    @property
    def verdict(self) -> Verdict:
        if self.measured is self.expected:
            return Verdict.HEARS if self.expected else Verdict.SILENT
        return Verdict.LEAK if self.measured else Verdict.DEAF

    def __str__(self) -> str:
        does = "hears" if self.measured else "does not hear"
        return f"{self.listener} {does} {self.speaker} ({self.scene})"


def judge(scene: Scene, heard: Heard) -> tuple[Claim, ...]:
    """Every cell of the scene's matrix: everybody present against everybody present, and the music."""
    return tuple(_rows(scene, scene.hears, heard))


def judge_recording(scene: Scene, recorded: frozenset[str]) -> tuple[Claim, ...]:
    """The recording's row of a scene in which it runs."""
    return tuple(_rows(scene, {RECORDING: scene.recorded or frozenset()}, {RECORDING: recorded}))


def _rows(scene: Scene, law: Heard, heard: Heard) -> Iterator[Claim]:
    for listener, expected in law.items():
        measured = heard.get(listener, frozenset())
        for speaker in (*scene.present, MUSIC):
            yield Claim(scene.title, listener, speaker, speaker in expected, speaker in measured)
