"""What to load a server with: values that travel to the generator's process as one JSON line."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.load import sounds
from bench.load.codecs import CODECS

_TAPED_ROOMS: Final = 9


@dataclass(frozen=True, slots=True)
class Scenario:
    """Rooms of phones: the first *talkers* of a room speak and send markers, the others make *quiet_sound*."""

    server: tuple[str, int]
    numbers: tuple[str, ...]
    """The number to dial for each room: the user part of the request-URI."""
    room_size: int = 3
    talkers: int = 2
    calls_per_s: float = 50.0
    speech_sound: int = sounds.SPEECH
    quiet_sound: int = sounds.SILENCE
    codecs: tuple[str, ...] = ("PCMU",)
    """Phone n speaks the n-th, in turn."""
    loss: float = 0.0
    """Share of their packets that phones keep to themselves."""
    jitter_ms: int = 0
    """Phones hold a packet back for a while between 0 and this, drawn anew each time; beyond 20 they reorder."""
    churn_per_s: float = 0.0
    """So many phones a second hang up and call again, once all are up."""
    coach: int | None = None
    """Place in each room of the phone that whispers to `coachee` alone; who makes it so is not the generator."""
    coachee: int | None = None
    username: str = ""
    password: str = ""
    seed: int = 1

    @property
    def legs(self) -> int:
        """How many phones there are: leg `n` calls room `n // room_size`."""
        return len(self.numbers) * self.room_size

    def number_of(self, leg: int) -> str:
        """Return what *leg* dials."""
        return self.numbers[leg // self.room_size]

    def codec_of(self, leg: int) -> str:
        """Return what *leg* speaks."""
        return self.codecs[leg % len(self.codecs)]

    @property
    def taped(self) -> list[int]:
        """Return the phones whose ears are listened to after the run; none when markers can be read in passing.

        Of a few rooms the last phone, which only listens, and of every third of these a talker, who may hear an echo.
        """
        if all(CODECS[name].is_g711 for name in self.codecs):
            return []
        rooms = range(0, len(self.numbers), max(1, len(self.numbers) // _TAPED_ROOMS))
        listeners = [(room + 1) * self.room_size - 1 for room in rooms]
        return sorted({*listeners, *(room * self.room_size for room in rooms[::3])})

    def speaks(self, leg: int) -> bool:
        """Tell whether *leg* is one of its room's talkers."""
        return leg % self.room_size < self.talkers

    def hears(self, listener: NDArray[np.int64], speaker: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell, pair by pair, whether two different phones of one room may hear each other: not the whispers."""
        if self.coach is None:
            return np.ones(len(listener), bool)
        whispers = speaker % self.room_size == self.coach
        allowed: NDArray[np.bool_] = ~whispers | (listener % self.room_size == self.coachee)
        return allowed

    def to_json(self) -> str:
        """Return one line."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Scenario":
        """Read what `to_json` wrote."""
        fields = json.loads(text)
        host, port = fields.pop("server")
        numbers, codecs = tuple(fields.pop("numbers")), tuple(fields.pop("codecs"))
        return cls(server=(host, port), numbers=numbers, codecs=codecs, **fields)
