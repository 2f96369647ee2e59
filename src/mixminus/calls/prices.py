"""What calls cost: prices per begun minute by the number that is called, in millionths of the currency's unit."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MICROS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Tariff:
    """What carries a call, and its price per begun minute; None: nobody said one."""

    trunk: str
    micros_per_minute: int | None

    def price_micros(self, talked_s: int | None) -> int | None:
        """Of a whole call; *talked_s* is None for one that was never answered, which costs nothing."""
        if self.micros_per_minute is None:
            return None
        return 0 if talked_s is None else self.micros_per_minute * max(1, math.ceil(talked_s / 60))

    def seconds_for(self, micros: float) -> float:
        """How long a call may last that must not cost more."""
        if not self.micros_per_minute or micros == math.inf:
            return math.inf
        return 60.0 * (micros // self.micros_per_minute)


def micros_per_minute(number: str, rates: Iterable[tuple[str, float]]) -> int | None:
    """The rate of the longest prefix that matches; None: there is none."""
    matching = [(len(prefix), rate) for prefix, rate in rates if number.startswith(prefix)]
    return round(max(matching)[1] * MICROS) if matching else None
