"""The physical limit of this machine: the two system calls per packet pair that a server cannot do without."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.load import libc
from bench.load.generator import raise_file_limit
from bench.rows import Row, row

PART: Final = "floor"
RTP_BYTES: Final = 172
PAIRS_PER_LEG_SECOND: Final = 50


@dataclass(frozen=True, slots=True)
class Floor:
    """CPU time of one bare `recvfrom` + `sendto` of 172 bytes on loopback, round robin over *sockets*."""

    sockets: int
    us_per_pair: float

    @property
    def us_per_leg_second(self) -> float:
        """What a leg would cost a server that did nothing else: 50 packets in and 50 out a second."""
        return self.us_per_pair * PAIRS_PER_LEG_SECOND

    def row(self) -> Row:
        """Return it as a row."""
        figures = {"us_per_pair": self.us_per_pair, "cpu_us": self.us_per_leg_second}
        return row(PART, name(self.sockets), figures)


def name(sockets: int) -> str:
    """Return the row's name."""
    return f"{sockets:,} socket{'s' if sockets != 1 else ''}"


@njit(cache=True, nogil=True)
def pump(fds: NDArray[np.int32], packet: NDArray[np.uint8], pairs: int) -> int:
    """Send and receive *pairs* packets, each on a socket that is connected to itself. Return how many came."""
    came = 0
    for i in range(pairs):
        fd, data = fds[i % len(fds)], packet.ctypes.data
        libc.sendto(fd, data, np.uintp(RTP_BYTES), np.int32(0), np.uintp(0), np.uint32(0))
        flags = np.int32(libc.MSG_DONTWAIT)
        got = libc.recvfrom(fd, data, np.uintp(RTP_BYTES), flags, np.uintp(0), np.uintp(0))
        came += got == RTP_BYTES
    return came


def measure(sockets: int, pairs: int = 50_000, runs: int = 5) -> Floor:
    """Return the median of *runs*; one socket is the warm case, thousands are what a server has."""
    with _self_connected(sockets) as fds:
        packet = np.zeros(RTP_BYTES, np.uint8)
        pump(fds, packet, sockets)
        costs = []
        for _ in range(runs):
            begin_ns = time.thread_time_ns()
            if pump(fds, packet, pairs) != pairs:
                raise RuntimeError("loopback lost packets of a socket to itself")
            costs.append((time.thread_time_ns() - begin_ns) / 1e3 / pairs)
    return Floor(sockets, float(np.median(costs)))


@contextmanager
def _self_connected(count: int) -> Iterator[NDArray[np.int32]]:
    raise_file_limit(count)
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(count)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
            s.connect(s.getsockname())
        yield np.array([s.fileno() for s in sockets], np.int32)
