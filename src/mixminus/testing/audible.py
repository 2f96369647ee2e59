"""The audible half of a call: what the phone says into it, and what it hears."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from mixminus.testing.clips import load_clip, save_clip
from mixminus.testing.detection import CELL_S, RATE_HZ, Cell
from mixminus.testing.detection import chord as chord_of
from mixminus.testing.ear import Ear, is_present
from mixminus.testing.g711 import Samples
from mixminus.testing.palette import FREQUENCIES_HZ
from mixminus.testing.rtp import check_keys
from mixminus.testing.voice import Clip, Hum, Silence, Voice

_MOMENT_MS: Final = 200


class Line(Protocol):
    """Where the audio of a call goes and comes from."""

    ear: Ear
    voice: Voice
    keys_heard: str

    async def press(self, keys: str) -> None: ...


class Audible:
    """Speaking and listening; all times are seconds of the event loop's clock."""

    line: Line

    def __init__(self, line: Line) -> None:
        self.line = line

    # --- saying ------------------------------------------------------------------------------------------------

    @property
    def voice(self) -> Voice:
        """What is being said; assign to change it."""
        return self.line.voice

    @voice.setter
    def voice(self, voice: Voice) -> None:
        self.line.voice = voice

    def hum(self, frequency_hz: float, level_db: float = 0.0) -> None:
        """Hum a note from the next packet on, until told otherwise; 0 dB is the level detection expects."""
        self.voice = Hum(frequency_hz, level_db)

    def silence(self) -> None:
        """Say nothing from the next packet on (packets go on being sent)."""
        self.voice = Silence()

    def play(self, clip: Samples | str | Path) -> None:
        """Play samples or a WAV file once, then be silent; returns at once. Raises `ClipError`."""
        self.voice = Clip(load_clip(clip) if isinstance(clip, str | Path) else clip)

    async def say(self, clip: Samples | str | Path) -> None:
        """Play samples or a WAV file, wait for its end, and go back to what was said before."""
        before = self.voice
        self.play(clip)
        said = self.voice
        assert isinstance(said, Clip)
        await asyncio.sleep(said.remaining / RATE_HZ + CELL_S)
        if self.voice is said:
            self.voice = before

    async def press(self, keys: str) -> None:
        """Press keys one after another (RFC 4733), 160 ms each; returns when the last one is released."""
        await self.line.press(check_keys(keys))

    # --- hearing -----------------------------------------------------------------------------------------------

    @property
    def heard(self) -> Samples:
        """Everything heard so far, from the first packet on."""
        return self.line.ear.heard

    @property
    def keys_heard(self) -> str:
        """The keys that the far end pressed so far."""
        return self.line.keys_heard

    def heard_between(self, t0: float, t1: float) -> Samples:
        """What was heard between two moments, always that long; silence where nothing came."""
        return self.line.ear.between(t0, t1)

    def level_db(self, frequency_hz: float, last_ms: float = _MOMENT_MS) -> float:
        """How loud a frequency was just now; 0 dB is a hummed note, -120 dB silence."""
        now = asyncio.get_running_loop().time()
        return self.line.ear.level_db(frequency_hz, now - last_ms / 1000, now)

    def hears(self, frequency_hz: float, last_ms: float = _MOMENT_MS) -> bool:
        """Tell whether a note sounds just now: louder than -8.4 dB on average over the last moment."""
        return is_present(self.level_db(frequency_hz, last_ms))

    def chord(self, last_ms: float = _MOMENT_MS, frequencies_hz: Sequence[int] = FREQUENCIES_HZ) -> frozenset[int]:
        """Every note that sounds just now."""
        now = asyncio.get_running_loop().time()
        return chord_of(self.heard_between(now - last_ms / 1000, now), frequencies_hz)

    def notes(
        self, t0: float | None = None, t1: float | None = None, frequencies_hz: Sequence[int] = FREQUENCIES_HZ
    ) -> list[Cell]:
        """The notes of every 20 ms between two moments, by default of the whole call."""
        return self.line.ear.notes(t0, t1, frequencies_hz)

    def first_heard(self, frequency_hz: int) -> float | None:
        """When a note was first heard, to 20 ms; None if never."""
        return self.line.ear.first_heard(frequency_hz)

    def last_heard(self, frequency_hz: int) -> float | None:
        """When a note was last heard, to 20 ms; None if never."""
        return self.line.ear.last_heard(frequency_hz)

    def save(self, path: str | Path) -> None:
        """Write everything heard as a WAV file."""
        save_clip(path, self.heard)
