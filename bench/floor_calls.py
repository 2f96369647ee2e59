"""Ways to send and receive a packet on each of many sockets, compiled, with nothing else around them.

Sockets are connected to themselves. One round is what a tick of a server is: all packets out, all packets in.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench import uring
from bench.load import libc
from bench.uring import Ring

RTP_BYTES: Final = 172
ROOM_BYTES: Final = 1_500
ADDRESS_BYTES: Final = 16
CONTROL_BYTES: Final = 64
HEADER_WORDS: Final = 8
_NAME, _NAME_BYTES, _VECTOR, _VECTORS, _CONTROL, _CONTROL_BYTES = range(6)


class Packets(NamedTuple):
    """By socket: where packets lie and come in, with the structures of `sendmmsg` and `recvmmsg`."""

    fds: NDArray[np.int32]
    address: NDArray[np.uint8]
    """Each socket's own."""
    data: NDArray[np.uint8]
    source: NDArray[np.uint8]
    control: NDArray[np.uint8]
    vectors: NDArray[np.uint64]
    sent: NDArray[np.uint64]
    """`mmsghdr`s of what goes out ..."""
    received: NDArray[np.uint64]
    """... and of what comes in."""


def packets(fds: NDArray[np.int32], addresses: NDArray[np.uint8], rows: int) -> Packets:
    """Return structures that point to each other, for so many packets in a round."""
    made = Packets(
        fds,
        addresses,
        data=np.zeros((rows, ROOM_BYTES), np.uint8),
        source=np.zeros((rows, ADDRESS_BYTES), np.uint8),
        control=np.zeros((rows, CONTROL_BYTES), np.uint8),
        vectors=np.zeros((2 * rows, 2), np.uint64),
        sent=np.zeros((rows, HEADER_WORDS), np.uint64),
        received=np.zeros((rows, HEADER_WORDS), np.uint64),
    )
    for n in range(rows):
        made.vectors[n] = made.data[n].ctypes.data, RTP_BYTES
        made.vectors[rows + n] = made.data[n].ctypes.data, ROOM_BYTES
        made.sent[n, _VECTOR], made.sent[n, _VECTORS] = made.vectors[n].ctypes.data, 1
        made.received[n, _VECTOR], made.received[n, _VECTORS] = made.vectors[rows + n].ctypes.data, 1
        made.received[n, _NAME], made.received[n, _CONTROL] = made.source[n].ctypes.data, made.control[n].ctypes.data
    return made


@njit(cache=True, nogil=True)
def reset(packets: Packets, n: int) -> None:
    """`recvmsg` leaves there how much it wrote."""
    packets.received[n, _NAME_BYTES] = ADDRESS_BYTES
    packets.received[n, _CONTROL_BYTES] = CONTROL_BYTES


@njit(cache=True, nogil=True)
def with_addresses(packets: Packets, rounds: int) -> int:
    """`sendto` and `recvfrom`, as if the sockets were not connected. Return how many packets came."""
    came = 0
    flags, length = np.int32(libc.MSG_DONTWAIT), np.zeros(1, np.uint32)
    for _ in range(rounds):
        for n in range(len(packets.fds)):
            to = packets.address[n].ctypes.data
            libc.sendto(packets.fds[n], packets.data[n].ctypes.data, RTP_BYTES, flags, to, ADDRESS_BYTES)
        for n in range(len(packets.fds)):
            length[0] = ADDRESS_BYTES
            source = packets.source[n].ctypes.data
            room = packets.data[n].ctypes.data
            got = libc.recvfrom(packets.fds[n], room, ROOM_BYTES, flags, source, length.ctypes.data)
            came += got == RTP_BYTES
    return came


@njit(cache=True, nogil=True)
def without_addresses(packets: Packets, rounds: int) -> int:
    """`sendto` and `recvfrom` of connected sockets. Return how many packets came."""
    came = 0
    flags = np.int32(libc.MSG_DONTWAIT)
    for _ in range(rounds):
        for n in range(len(packets.fds)):
            libc.sendto(packets.fds[n], packets.data[n].ctypes.data, RTP_BYTES, flags, 0, 0)
        for n in range(len(packets.fds)):
            came += libc.recvfrom(packets.fds[n], packets.data[n].ctypes.data, ROOM_BYTES, flags, 0, 0) == RTP_BYTES
    return came


@njit(cache=True, nogil=True)
def with_messages(packets: Packets, rounds: int) -> int:
    """`sendto` of connected sockets, and `recvmsg` with address and time of arrival. Return how many packets came."""
    came = 0
    flags = np.int32(libc.MSG_DONTWAIT)
    for _ in range(rounds):
        for n in range(len(packets.fds)):
            libc.sendto(packets.fds[n], packets.data[n].ctypes.data, RTP_BYTES, flags, 0, 0)
        for n in range(len(packets.fds)):
            reset(packets, n)
            came += libc.recvmsg(packets.fds[n], packets.received[n].ctypes.data, flags) == RTP_BYTES
    return came


@njit(cache=True, nogil=True)
def batched(packets: Packets, rounds: int) -> int:
    """`sendmmsg` and `recvmmsg` of as many packets as there is room for, on one socket. Return how many came."""
    came = 0
    count, flags = len(packets.data), np.int32(libc.MSG_DONTWAIT)
    for _ in range(rounds):
        libc.sendmmsg(packets.fds[0], packets.sent.ctypes.data, count, flags)
        for n in range(count):
            reset(packets, n)
        came += libc.recvmmsg(packets.fds[0], packets.received.ctypes.data, count, flags, 0)
    return came


@njit(cache=True, nogil=True)
def in_a_ring(packets: Packets, ring: Ring, rounds: int) -> int:
    """What `with_messages` does, but one system call for all packets out and one for all in."""
    came = 0
    for _ in range(rounds):
        for n in range(len(packets.fds)):
            uring.ask(ring, n, uring.SEND, n, packets.data[n].ctypes.data, RTP_BYTES, libc.MSG_DONTWAIT)
        failed = uring.carry_out(ring, len(packets.fds))
        for n in range(len(packets.fds)):
            reset(packets, n)
            header = packets.received[n].ctypes.data
            uring.ask(ring, n, uring.RECEIVE_MESSAGE, n, header, 1, libc.MSG_DONTWAIT)
        failed += uring.carry_out(ring, len(packets.fds))
        came += len(packets.fds) - failed
    return came
