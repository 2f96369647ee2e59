"""Keys that legs press towards their far ends, one step a tick."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mixminus.media.contract import DigitPressed, DigitsSent, Event
from mixminus.media.legs import Legs
from mixminus.rtp.telephone_event import KeyPacket, key_packets


class DigitSenders:
    """Works off each leg's strings of digits, in the order they came."""

    def __init__(self, legs: Legs) -> None:
        self._legs = legs
        self._waiting: dict[int, deque[Iterator[KeyPacket | None]]] = {}

    def send(self, leg: int, digits: str) -> None:
        """Append digits to what the leg has to send."""
        if leg in self._legs.slots:
            self._waiting.setdefault(leg, deque()).append(key_packets(digits))

    def drop(self, leg: int) -> None:
        """Forget a leg that is gone."""
        self._waiting.pop(leg, None)

    def step(self) -> Iterator[Event]:
        """Prepare what this tick's packets carry."""
        for leg, scripts in tuple(self._waiting.items()):
            row = self._legs.slots.row(leg)
            assert row is not None
            try:
                packet = next(scripts[0])
            except StopIteration:
                scripts.popleft()
                if not scripts:
                    del self._waiting[leg]
                yield DigitsSent(leg)
                continue
            if packet is not None:
                yield from self._press(row, packet)

    def _press(self, row: int, packet: KeyPacket) -> Iterator[Event]:
        other = self._legs.peer(row)
        if other is not None and packet.starts:
            yield DigitPressed(other, packet.digit)
        transmission = self._legs.transmission
        transmission.event_due[row] = self._legs.line.event_payload_type[row] >= 0
        transmission.event_starts[row] = packet.starts
        event = replace(packet.event, duration=packet.event.duration * int(self._legs.line.event_scale[row]))
        transmission.event_payload[row] = np.frombuffer(bytes(event), np.uint8)
