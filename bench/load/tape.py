"""What a few phones heard, kept as it came and listened to after the window: markers that only a decoder can find."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.load import arrays, chirp
from bench.load.arrays import Legs
from bench.load.codecs import CODECS
from bench.load.scenario import Scenario

_SOON_NS: Final = 500_000_000
"""What is heard later than this after it was said is taken for something else."""
_NS_PER_S: Final = 1_000_000_000


def rewind(legs: Legs) -> None:
    """Forget what was recorded."""
    legs.tally[arrays.TAPED] = 0


def heard(legs: Legs, scenario: Scenario, spoken: NDArray[np.int64]) -> tuple[NDArray[np.int64], int, int]:
    """Return rows as in `Legs.heard`, how many markers were nobody's, and how many were of another room.

    A marker was said by whoever of the room spoke that kind last before it was heard; a row tells of a speaker that
    is the listener too, which is an echo. What codecs delay on the phones' side is taken off.
    """
    rows: list[tuple[int, int, int, int]] = []
    unknown = foreign = 0
    for leg in np.flatnonzero(legs.phones["taped"]).tolist():
        room = leg // scenario.room_size
        sound = _Sound(legs, scenario, leg)
        for place in range(2):
            foreign += len(sound.arrivals_ns(chirp.kind_of(room + 1, place)))
            speakers = spoken[:, arrays.SPOKEN_BY]
            of_kind = (speakers // scenario.room_size == room) & (speakers % scenario.room_size % 2 == place)
            for arrival_ns in sound.arrivals_ns(chirp.kind_of(room, place)):
                found = _said(spoken[of_kind], arrival_ns, scenario)
                if found is None:
                    unknown += 1
                else:
                    rows.append((leg, found[0], found[1], arrival_ns))
    return np.array(rows, np.int64).reshape(-1, 4), unknown, foreign


def _said(said: NDArray[np.int64], arrival_ns: int, scenario: Scenario) -> tuple[int, int] | None:
    """Return who said what was heard then, and its age without its speaker's encoder; None: nobody did."""
    before = said[said[:, arrays.SPOKEN_NS] <= arrival_ns]
    if not len(before):
        return None
    speaker, spoken_ns = before[np.argmax(before[:, arrays.SPOKEN_NS])].tolist()
    delay_ns = arrival_ns - spoken_ns - round(CODECS[scenario.codec_of(speaker)].encoder_delay_s * _NS_PER_S)
    return (speaker, delay_ns) if delay_ns < _SOON_NS else None


class _Sound:
    """What one phone heard, decoded once."""

    def __init__(self, legs: Legs, scenario: Scenario, leg: int) -> None:
        self._codec = CODECS[scenario.codec_of(leg)]
        tape = legs.tape[: min(int(legs.tally[arrays.TAPED]), len(legs.tape))]
        mine = np.flatnonzero(tape[:, arrays.TAPED_LEG] == leg)
        payloads = (legs.tape_bytes[at, : tape[at, arrays.TAPED_BYTES]].tobytes() for at in mine)
        parts = self._codec.decode(payloads)
        self._begins = np.cumsum([0, *(len(part) for part in parts)])
        self._arrived_ns = tape[mine, arrays.TAPED_NS]
        self._samples = np.concatenate([np.zeros(0, np.int16), *parts])

    def arrivals_ns(self, kind: int) -> list[int]:
        """Return when the first samples of such markers reached this ear, less its own decoder's delay."""
        rate_hz, decoder_ns = self._codec.rate_hz, round(self._codec.decoder_delay_s * _NS_PER_S)
        arrivals = []
        for place in chirp.find(self._samples, rate_hz, kind):
            nth = int(np.searchsorted(self._begins, place, side="right")) - 1
            into_ns = (place - int(self._begins[nth])) * _NS_PER_S // rate_hz
            arrivals.append(int(self._arrived_ns[nth]) + into_ns - decoder_ns)
        return arrivals
