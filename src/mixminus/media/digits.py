"""Keys that legs press towards their far ends, one step a tick."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mixminus.audio.frames import Samples
from mixminus.audio.key_tones import key_tone
from mixminus.media.contract import DigitPressed, DigitsSent, Event
from mixminus.media.legs import Legs
from mixminus.media.shared_state import ITS_OWN
from mixminus.media.turn import Turn
from mixminus.rtp.telephone_event import TONE_TICKS, KeyPacket, key_packets


class DigitSenders:
    """Works off each leg's strings of digits, in the order they came."""

    def __init__(self, legs: Legs) -> None:
        self._legs = legs
        self._waiting: dict[int, deque[Iterator[KeyPacket | None]]] = {}
        self._sounding: dict[int, Iterator[Samples]] = {}
        """Frames of tones, by row, for far ends that know no telephone events."""

    @property
    def is_idle(self) -> bool:
        """Whether no tone sounds."""
        return not self._sounding

    def send(self, leg: int, digits: str) -> None:
        """Append digits to what the leg has to send."""
        if leg in self._legs.slots:
            self._waiting.setdefault(leg, deque()).append(key_packets(digits))

    def drop(self, leg: int) -> None:
        """Forget a leg that is gone."""
        self._waiting.pop(leg, None)
        if (row := self._legs.slots.row(leg)) is not None:
            self._sounding.pop(row, None)

    def sound(self, turn: Turn) -> None:
        """Put tones in place of what their legs hear, where it is their turn."""
        for row, frames in tuple(self._sounding.items()):
            if not turn.serves(row):
                continue
            frame = next(frames, None)
            if frame is None:
                del self._sounding[row]
            else:
                self._legs.mixing.heard[row] = frame
                self._legs.mixing.hears[row] = ITS_OWN
                self._legs.coded.sound(row, frame)

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
        if other is not None:
            if packet.starts:
                yield DigitPressed(other, packet.digit)
            return
        if self._legs.line.event_payload_type[row] < 0:
            if packet.starts:
                self._sounding[row] = iter(key_tone(packet.digit, TONE_TICKS))
            return
        transmission = self._legs.transmission
        transmission.event_due[row] = 1
        transmission.event_starts[row] = packet.starts
        event = replace(packet.event, duration=packet.event.duration * int(self._legs.line.event_scale[row]))
        transmission.event_payload[row] = np.frombuffer(bytes(event), np.uint8)
