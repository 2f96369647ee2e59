"""The physical limit of this machine: the two system calls per packet pair that a server cannot do without.

And other ways to make them, side by side, so that a choice between them can be looked at again (decision 0008).
"""

import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from bench import floor_calls, uring
from bench.floor_calls import Packets
from bench.load import libc
from bench.load.generator import raise_file_limit
from bench.rows import Row, row

PART: Final = "floor"
PAIRS_PER_LEG_SECOND: Final = 50
ROUNDS: Final = 60
LEAST_PAIRS: Final = 1_000
"""So many are timed at once: that takes milliseconds."""
BATCH: Final = 64
UNDISTURBED: Final = 1.1
"""Elapsed time of a round may be so many times its CPU time. In others the system did some of the work in a thread
of its own, which nobody counts; above all when a single system call sends a thousand packets."""
LOST: Final = 0.01
"""Of the packets of a round; a system under load may lose some."""


@dataclass(frozen=True, slots=True)
class Floor:
    """CPU time to send and receive 172 bytes on loopback, in rounds over *sockets*, and nothing else."""

    sockets: int
    way: str
    us_per_pair: float

    @property
    def us_per_leg_second(self) -> float:
        """What a leg would cost a server that did nothing else: 50 packets in and 50 out a second."""
        return self.us_per_pair * PAIRS_PER_LEG_SECOND

    def row(self) -> Row:
        """Return it as a row."""
        figures = {"us_per_pair": self.us_per_pair, "cpu_us": self.us_per_leg_second}
        return row(PART, name(self.sockets, self.way), figures)


def name(sockets: int, way: str = "") -> str:
    """Return the row's name."""
    return f"{sockets:,} socket{'s' if sockets != 1 else ''}" + (f", {way}" if way else "")


def measure(sockets: int, rounds: int = ROUNDS) -> Floor:
    """Measure the least: connected sockets, and nothing known of a packet but its bytes."""
    with _packets(sockets, connected=True) as packets:
        return Floor(sockets, "", _cost(partial(floor_calls.without_addresses, packets), sockets, rounds))


def ways(sockets: int, rounds: int = ROUNDS) -> Iterator[Floor]:
    """Measure other ways. "With arrival times" is what Mixminus does."""
    with _packets(sockets, connected=False) as packets:
        yield Floor(sockets, "unconnected", _cost(partial(floor_calls.with_addresses, packets), sockets, rounds))
    with _packets(sockets, connected=True, stamped=True) as packets:
        cost = _cost(partial(floor_calls.with_messages, packets), sockets, rounds)
        yield Floor(sockets, "with arrival times", cost)
        try:
            with uring.ring(sockets, packets.fds) as ring:
                cost = _cost(partial(floor_calls.in_a_ring, packets, ring), sockets, rounds)
                yield Floor(sockets, "with arrival times, io_uring", cost)
        except uring.NoRing as error:
            print(f"io_uring is left out: {error}", file=sys.stderr)
    with _packets(1, connected=True, stamped=True, rows=BATCH) as packets:
        way = f"with arrival times, sendmmsg and recvmmsg of {BATCH}"
        yield Floor(1, way, _cost(partial(floor_calls.batched, packets), BATCH, rounds))


def _cost(pump: Callable[[int], int], pairs: int, rounds: int) -> float:
    """Return the median µs for a pair. `pump` makes so many rounds of *pairs* and says how many packets came."""
    repeats = -(-LEAST_PAIRS // pairs)
    pairs *= repeats
    pump(repeats)  # compiles, and warms up
    times = []
    for _ in range(rounds):
        begin_ns, begin_cpu_ns = time.perf_counter_ns(), time.thread_time_ns()
        came = pump(repeats)
        cpu_ns = time.thread_time_ns() - begin_cpu_ns
        times.append((cpu_ns, time.perf_counter_ns() - begin_ns))
        if came < pairs * (1 - LOST):
            raise RuntimeError("loopback lost packets of a socket to itself")
    undisturbed = [cpu_ns for cpu_ns, elapsed_ns in times if elapsed_ns < UNDISTURBED * cpu_ns]
    return float(np.median(undisturbed or [cpu_ns for cpu_ns, _ in times])) / 1e3 / pairs


@contextmanager
def _packets(count: int, connected: bool, stamped: bool = False, rows: int | None = None) -> Iterator[Packets]:
    """Open sockets that send to themselves."""
    raise_file_limit(count)
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
            if connected:
                one.connect(one.getsockname())
            if stamped:
                one.setsockopt(socket.SOL_SOCKET, libc.SO_TIMESTAMPNS, 1)
        fds = np.array([one.fileno() for one in sockets], np.int32)
        yield floor_calls.packets(fds, _addresses(sockets), rows or count)


def _addresses(sockets: Sequence[socket.socket]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return a `sockaddr_in` for each."""
    names = (one.getsockname() for one in sockets)
    packed = (
        struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, socket.inet_aton(host))
        for host, port in names
    )
    return np.frombuffer(b"".join(packed), np.uint8).reshape(-1, floor_calls.ADDRESS_BYTES)
