"""What to load a server with: values that travel to the generator's process as one JSON line."""

import dataclasses
import json
from dataclasses import dataclass

from bench.load import sounds


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

    def speaks(self, leg: int) -> bool:
        """Tell whether *leg* is one of its room's talkers."""
        return leg % self.room_size < self.talkers

    def to_json(self) -> str:
        """Return one line."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Scenario":
        """Read what `to_json` wrote."""
        fields = json.loads(text)
        host, port = fields.pop("server")
        return cls(server=(host, port), numbers=tuple(fields.pop("numbers")), **fields)
