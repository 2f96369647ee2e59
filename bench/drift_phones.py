"""Phones on real sockets whose clocks are wrong by a little, for `bench/drift.py`."""

import select
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.clicks import RATE_HZ, song
from bench.load import ulaw

FRAME: Final = 160
_SO_TIMESTAMPNS: Final = 35
_TIMESPEC: Final = struct.Struct("@qq")
_HEADER: Final = struct.Struct(">BBHII")
_PCMU: Final = 0
_LONGEST: Final = 1500


@dataclass(frozen=True, slots=True)
class Heard:
    """A packet of the server."""

    number: int
    """Counted on beyond 16 bits."""
    came_s: float
    """By the kernel's clock, since 1970."""
    payload: bytes


class Phone:
    """Says a known sound for ever, a packet each 20 ms of its own clock, and keeps what it hears."""

    def __init__(self, drift: float) -> None:
        self.drift = drift
        """A clock that is fast counts more than a second in a second."""
        self.heard: list[Heard] = []
        self.begun_s = 0.0
        """When the first packet was due, since 1970."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._frames = ulaw.encode(song()).reshape(-1, FRAME)
        self._sent: list[float] = []
        """How late each packet was sent, in seconds."""
        self._server = ("", 0)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()
        return host, port

    def dial(self, host: str, port: int) -> None:
        self._server = (host, port)

    def due_s(self) -> float:
        """When the next packet is."""
        return self._due_s(len(self._sent))

    def speak(self) -> None:
        """Send the next packet, now."""
        n = len(self._sent)
        header = _HEADER.pack(0x80, 0, n % 2**16, n * FRAME % 2**32, 7)
        self.socket.sendto(header + self._frames[n % len(self._frames)].tobytes(), self._server)
        self._sent.append(time.time() - self._due_s(n))

    def listen(self) -> None:
        """Keep what has arrived."""
        while True:
            try:
                data, extras, _, _ = self.socket.recvmsg(_LONGEST, socket.CMSG_SPACE(_TIMESPEC.size))
            except BlockingIOError:
                return
            if len(data) != _HEADER.size + FRAME or data[1] & 0x7F != _PCMU:
                continue  # RTCP, for a neighbour's port
            seconds, nanoseconds = _TIMESPEC.unpack(extras[0][2])
            number = _HEADER.unpack_from(data)[2]
            if self.heard:  # the nearest number that ends in these 16 bits
                last = self.heard[-1].number
                number = last + (number - last + 2**15) % 2**16 - 2**15
            self.heard.append(Heard(number, seconds + nanoseconds / 1e9, data[_HEADER.size :]))

    def heard_after(self, seconds: float) -> list[Heard]:
        """In order, without the beginning."""
        return sorted(
            (packet for packet in self.heard if packet.came_s >= self.begun_s + seconds),
            key=lambda packet: packet.number,
        )

    def stalls(self, longer_than_s: float) -> list[float]:
        """When it spoke so late, since 1970."""
        return [self._due_s(n) for n, late_s in enumerate(self._sent) if late_s > longer_than_s]

    def close(self) -> None:
        self.socket.close()

    def _due_s(self, n: int) -> float:
        return self.begun_s + n * FRAME / RATE_HZ / (1 + self.drift)


def talk(phones: Sequence[Phone], seconds: float) -> None:
    """Let all talk and listen for that long. Their packets are not in step."""
    begin = time.time()
    for n, phone in enumerate(phones):
        phone.begun_s = begin + n * FRAME / RATE_HZ / len(phones)
    sockets = {phone.socket: phone for phone in phones}
    while (now := time.time()) < begin + seconds:
        for phone in phones:
            if phone.due_s() <= now:
                phone.speak()
        wait_s = min(phone.due_s() for phone in phones) - time.time()
        for ready in select.select(list(sockets), [], [], max(0.0, wait_s))[0]:
            sockets[ready].listen()
