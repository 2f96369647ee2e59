"""The socket loops: libc called straight from compiled code, one system call a packet and nothing else.

`ExternalFunction` is linked by name, so that these kernels can be cached; a function pointer could not.
IPv4 only: a socket address is `sockaddr_in`, 16 bytes (ip(7)).
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from mixminus.audio.compiled import kernel
from mixminus.media.state import I32, PACKET_BYTES, U8, Inbox, Line, Outbox

MSG_DONTWAIT: Final = 0x40
MSG_TRUNC: Final = 0x20
"""recv(2): return the datagram's real length even if it was longer than our buffer."""

AF_INET: Final = 2
ADDRESS_BYTES: Final = 16

EXTRA_PACKETS: Final = 8
"""At most so many more packets of one leg in one tick, when it has a backlog."""
EXTRA_EVERY_TICKS: Final = 32
"""A leg without a sign of backlog is asked for a second packet that often."""

receive_from: Any = types.ExternalFunction(
    "recvfrom", types.intp(types.int32, types.intp, types.uintp, types.int32, types.intp, types.intp)
)
send_to: Any = types.ExternalFunction(
    "sendto", types.intp(types.int32, types.intp, types.uintp, types.int32, types.intp, types.uint32)
)


class Sockets(NamedTuple):
    """By leg."""

    fd: I32
    """-1: none."""
    hungry: U8
    """The leg may have more than one packet waiting: the last tick found none, or more than one."""


class Scratch(NamedTuple):
    """Where the system calls find and leave addresses."""

    address: U8
    address_bytes: NDArray[np.uint32]


@kernel
def receive_one(fd: int, inbox: Inbox, at: int, scratch: Scratch) -> bool:
    """Read one datagram into row *at*; False if there is none. A longer one than the row keeps its true length."""
    scratch.address_bytes[0] = ADDRESS_BYTES
    size = receive_from(
        fd,
        inbox.data[at].ctypes.data,
        PACKET_BYTES,
        MSG_DONTWAIT | MSG_TRUNC,
        scratch.address.ctypes.data,
        scratch.address_bytes.ctypes.data,
    )
    if size < 0:
        return False
    inbox.bytes[at] = size
    source = 0
    for i in range(4):
        source = source << 8 | int(scratch.address[4 + i])
    inbox.source[at] = source << 16 | int(scratch.address[2]) << 8 | int(scratch.address[3])
    return True


@kernel
def receive(active: I32, legs: int, sockets: Sockets, line: Line, inbox: Inbox, scratch: Scratch, tick: int) -> int:
    """Collect what arrived: one packet a leg, and the backlog of those that seem to have one. Returns how many.

    A backlog gets no row that a leg further on may need: a flood at some ports must not silence the others (law 7).
    """
    arrived = 0
    for n in range(legs):
        slot = active[n]
        # Pipes have no socket, and their rows may lie behind those of all that have one.
        if slot >= len(sockets.fd) or sockets.fd[slot] < 0:
            continue
        wanted = 1
        if sockets.hungry[slot] == 1 or (slot + tick) % EXTRA_EVERY_TICKS == 0:
            wanted += EXTRA_PACKETS
        got = 0
        legs_behind = legs - 1 - n
        while got < wanted and arrived + legs_behind < len(inbox.slot):
            if not receive_one(sockets.fd[slot], inbox, arrived, scratch):
                break
            inbox.slot[arrived] = slot
            inbox.generation[arrived] = line.generation[slot]
            arrived += 1
            got += 1
        sockets.hungry[slot] = got != 1
    return arrived


@kernel
def send(outbox: Outbox, departing: int, sockets: Sockets, scratch: Scratch) -> int:
    """Send this tick's packets. Returns how many the system refused: UDP may lose them, so may we."""
    refused = 0
    address = scratch.address
    address[:] = 0
    address[0] = AF_INET  # sa_family is in the host's order: little-endian
    for n in range(departing):
        destination = outbox.destination[n]
        address[2], address[3] = (destination >> 8) & 0xFF, destination & 0xFF
        for i in range(4):
            address[4 + i] = (destination >> (40 - 8 * i)) & 0xFF
        size = send_to(
            sockets.fd[outbox.slot[n]],
            outbox.data[n].ctypes.data,
            outbox.bytes[n],
            MSG_DONTWAIT,
            address.ctypes.data,
            ADDRESS_BYTES,
        )
        refused += size < 0
    return refused
