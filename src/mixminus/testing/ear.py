"""What a phone has heard, laid out on the clock, and the questions one may ask of it.

A packet is heard when it arrives: its first sample at its arrival, the following ones at 8,000 a second. Within a
stream the RTP timestamps decide (so reordered packets fall into place and lost ones leave silence); a new SSRC, a
jump of the timestamps or the marker of a new talkspurt starts again from the arrival.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from mixminus.testing import detection
from mixminus.testing.detection import CELL, CELL_S, PRESENT_DB, RATE_HZ, Cell
from mixminus.testing.g711 import Law, Samples
from mixminus.testing.palette import FREQUENCIES_HZ
from mixminus.testing.rtp import Packet

_JUMP: Final = 2_000  # samples: a timestamp further than 250 ms from its arrival does not belong to the stream
_PAUSE: Final = 80  # samples: what a marker's timestamp may be off before the arrival is believed


class Ear:
    """Keeps everything heard in one call. Times are seconds of the event loop's clock."""

    def __init__(self) -> None:
        self.begins_at: float | None = None
        """Arrival of the first packet; None while nothing came."""
        self.packets = 0
        self._ssrc: int | None = None
        self._first_timestamp = 0
        self._first_position = 0
        self._pending: list[tuple[int, Law, bytes]] = []
        self._samples = np.zeros(RATE_HZ, np.int16)
        self._length = 0

    def hear(self, packet: Packet, law: Law, now: float) -> None:
        """Take in one packet that arrived *now*."""
        if self.begins_at is None:
            self.begins_at = now
        arrival = round((now - self.begins_at) * RATE_HZ)
        position = self._first_position + _signed(packet.timestamp - self._first_timestamp)
        tolerance = _PAUSE if packet.marker else _JUMP
        if packet.ssrc != self._ssrc or abs(position - arrival) > tolerance:
            self._ssrc = packet.ssrc
            self._first_timestamp, self._first_position = packet.timestamp, arrival
            position = arrival
        self.packets += 1
        self._pending.append((position, law, packet.payload))

    @property
    def heard(self) -> Samples:
        """Everything heard since `begins_at`, silence where nothing came."""
        for position, law, payload in self._pending:
            self._lay(position, law.decode(payload))
        self._pending.clear()
        return self._samples[: self._length].copy()

    def between(self, t0: float, t1: float) -> Samples:
        """What was heard from *t0* to *t1*, always that long: silence before the first packet and after the last."""
        result = np.zeros(max(0, round((t1 - t0) * RATE_HZ)), np.int16)
        if self.begins_at is None:
            return result
        heard = self.heard
        start = round((t0 - self.begins_at) * RATE_HZ)
        low, high = max(0, start), min(len(heard), start + len(result))
        if low < high:
            result[low - start : high - start] = heard[low:high]
        return result

    def level_db(self, frequency_hz: float, t0: float, t1: float) -> float:
        """How loud a frequency was between two moments; 0 dB is a hummed note."""
        return detection.level_db(self.between(t0, t1), frequency_hz)

    def notes(
        self, t0: float | None = None, t1: float | None = None, frequencies_hz: Sequence[int] = FREQUENCIES_HZ
    ) -> list[Cell]:
        """The notes of every 20 ms between two moments; by default of everything heard."""
        if self.begins_at is None:
            return []
        begin = self.begins_at if t0 is None else t0
        end = self.begins_at + len(self.heard) / RATE_HZ if t1 is None else t1
        return detection.notes(self.between(begin, end), begin, frequencies_hz)

    def first_heard(self, frequency_hz: int) -> float | None:
        """When the note was first present, to 20 ms; None if never."""
        return next((cell.at for cell in self._cells_with(frequency_hz)), None)

    def last_heard(self, frequency_hz: int) -> float | None:
        """When the note was last present: the end of its last 20 ms; None if never."""
        cells = self._cells_with(frequency_hz)
        return cells[-1].at + CELL_S if cells else None

    def _cells_with(self, frequency_hz: int) -> list[Cell]:
        return [cell for cell in self.notes(frequencies_hz=(frequency_hz,)) if cell.notes]

    def _lay(self, position: int, samples: Samples) -> None:
        if position < 0:  # older than the first packet, by reordering
            samples, position = samples[-position:], 0
        end = position + len(samples)
        if end > len(self._samples):
            grown = np.zeros(max(end + CELL, 2 * len(self._samples)), np.int16)
            grown[: self._length] = self._samples[: self._length]
            self._samples = grown
        self._samples[position:end] = samples
        self._length = max(self._length, end)


def is_present(level_db: float) -> bool:
    """Tell whether a note at this level counts as heard."""
    return level_db >= PRESENT_DB


def _signed(difference: int) -> int:
    """A difference of 32-bit timestamps, across their wrap."""
    return (difference + 0x8000_0000) % 0x1_0000_0000 - 0x8000_0000
