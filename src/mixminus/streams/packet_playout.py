"""What an agent that speaks Opus has said: whole packets. Lengths and positions are samples at 48 kHz."""

from collections import deque
from typing import Final

from mixminus.streams.opus import samples_of
from mixminus.streams.playout import Playout

MOST_WAITING_OCTETS: Final = 16 << 20
"""Of ten minutes at 220 kbit/s; more is discarded. Packets may be short and large."""

LENGTH_OCTETS: Final = 2
"""Of a packet's length, in network order."""


class PacketPlayout(Playout):
    """The same promises, kept for packets."""

    def __init__(self, lead: int, most: int) -> None:
        super().__init__(lead, most)
        self._packets: deque[tuple[bytes, int]] = deque()
        """And the samples of each."""
        self._octets = 0
        self._sent: deque[tuple[bytes, int, int]] = deque()
        """What the engine was given and has not wholly played: packets, their samples, and where they end."""

    @property
    def is_waiting(self) -> bool:
        return bool(self._packets) and self._recall is None

    def say(self, audio: bytes, loud: int = 0) -> int:
        """Append one packet. Returns how much was discarded: nothing, or all of it."""
        samples = samples_of(audio)
        if self.pending + samples > self._most or self._octets + len(audio) > MOST_WAITING_OCTETS:
            self.discarded += samples
            return samples
        self._packets.append((audio, samples))
        self._octets += len(audio)
        self._said += samples
        if loud:
            self._loud = self._said
        return 0

    def clear(self) -> None:
        if not self._said:
            return
        super().clear()
        self._packets.clear()
        self._sent.clear()
        self._octets = 0

    def take_audio(self) -> bytes:
        """What the engine is to be given now, each packet behind its length; often nothing."""
        taken = bytearray()
        while self.is_waiting and self._given - self._played < self._lead:
            packet, samples = self._packets.popleft()
            self._octets -= len(packet)
            self._given += samples
            if self.can_recall:
                self._sent.append((packet, samples, self._given))
            taken += len(packet).to_bytes(LENGTH_OCTETS) + packet
        return bytes(taken)

    def begin_recalls(self) -> None:
        super().begin_recalls()
        self._sent.clear()

    def _advance(self, to: int) -> None:
        super()._advance(to)
        while self._sent and self._sent[0][2] <= self._played:
            self._sent.popleft()

    def _take_back(self, stop: int) -> None:
        """The packet that was cut is played again from its beginning: nobody can begin in the middle of one."""
        self._advance(stop)
        if self._sent:
            self._given = self._sent[0][2] - self._sent[0][1]
        else:
            self._given = self._played
        for packet, samples, _ in reversed(self._sent):
            self._packets.appendleft((packet, samples))
            self._octets += len(packet)
        self._sent.clear()
        self._start = self._given
        self._recall = None
