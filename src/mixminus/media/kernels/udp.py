"""The socket loops: libc called straight from compiled code, one system call a packet and nothing else.

`ExternalFunction` is linked by name, so that these kernels can be cached; a function pointer could not.
Structures are those of 64-bit Linux; a socket of IPv6 serves IPv4, too, by mapped addresses (ipv6(7)).

A socket is connected to its leg's far end while that is where SDP said it would be: sending is cheaper, since no
route is looked up, and strangers are turned away before they cost anything. When the far end falls silent others may
take over (`accept.admit_source`), so the socket is for everybody again.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import types

from mixminus.audio.compiled import kernel
from mixminus.media.address_state import FarHosts
from mixminus.media.kernels.accept import is_alive
from mixminus.media.kernels.addresses import ADDRESS_BYTES, NOBODY, read_address, write_address
from mixminus.media.state import (
    ABSENT_TICKS,
    I32,
    I64,
    NOT_ASKED,
    PACKET_BYTES,
    U8,
    U64,
    Inbox,
    Line,
    Outbox,
    Reception,
)

MSG_DONTWAIT: Final = 0x40
MSG_TRUNC: Final = 0x20
"""recv(2): return the datagram's real length even if it was longer than our buffer."""
EAGAIN: Final = 11

SO_TIMESTAMPNS: Final = 35
"""socket(7): the option, and the control message in which the kernel says when a packet came, as CLOCK_REALTIME."""
CONTROL_BYTES: Final = 32
"""Of one control message: its length, SOL_SOCKET and SO_TIMESTAMPNS, seconds and nanoseconds."""
HEADER_WORDS: Final = 7
"""Of `msghdr`, recvmsg(2): where the address goes, its length, vectors, count, control messages, length, flags."""
_NAME, _NAME_BYTES, _VECTOR, _VECTORS, _CONTROL, _CONTROL_BYTES = range(6)

NS_PER_S: Final = 1_000_000_000
NS_PER_SAMPLE: Final = 125_000
OLDEST: Final = 8_000
"""Samples from the arrival of a packet to its tick, or back: more than a second comes from a clock that was set."""

EXTRA_PACKETS: Final = 8
"""At most so many more packets of one leg in one tick, when it has a backlog."""
TIMED_EVERY_TICKS: Final = 8
"""So often a leg is asked when its packet came, if nothing else asks."""
EXTRA_EVERY_TICKS: Final = 32
"""A leg without a sign of backlog is asked for a second packet that often."""

receive_from: Any = types.ExternalFunction(
    "recvfrom", types.intp(types.int32, types.intp, types.uintp, types.int32, types.intp, types.intp)
)
receive_message: Any = types.ExternalFunction("recvmsg", types.intp(types.int32, types.intp, types.int32))
send_to: Any = types.ExternalFunction(
    "sendto", types.intp(types.int32, types.intp, types.uintp, types.int32, types.intp, types.uint32)
)
connect_to: Any = types.ExternalFunction("connect", types.int32(types.int32, types.intp, types.uint32))
errno_location: Any = types.ExternalFunction("__errno_location", types.intp())
copy_memory: Any = types.ExternalFunction("memcpy", types.intp(types.intp, types.intp, types.uintp))


class Sockets(NamedTuple):
    """By leg."""

    fd: I32
    """-1: none."""
    hungry: U8
    """The leg may have more than one packet waiting: the last tick found none, or more than one."""
    resting: U8
    """Nothing has come for a while: the shell waits for the next packet, nobody asks for it."""
    is_six: U8
    """It is a socket of IPv6."""
    peer: I64
    """The only address that it exchanges packets with, as in `Line`; 0: any."""


class Scratch(NamedTuple):
    """Where the system calls find and leave what is not payload."""

    address: U8
    header: U64
    vector: U64
    control: I64
    error: I32
    refused: I64
    """One number: how many packets the system did not carry."""


def scratch() -> Scratch:
    """Return structures that point to each other."""
    made = Scratch(
        address=np.zeros(ADDRESS_BYTES, np.uint8),
        header=np.zeros(HEADER_WORDS, np.uint64),
        vector=np.zeros(2, np.uint64),
        control=np.zeros(CONTROL_BYTES // 8, np.int64),
        error=np.zeros(1, np.int32),
        refused=np.zeros(1, np.int64),
    )
    made.header[_NAME] = made.address.ctypes.data
    made.header[_VECTOR], made.header[_VECTORS] = made.vector.ctypes.data, 1
    made.header[_CONTROL] = made.control.ctypes.data
    made.vector[1] = PACKET_BYTES
    return made


@kernel
def connect_or_dissolve(
    sockets: Sockets, slot: int, line: Line, reception: Reception, far: FarHosts, scratch: Scratch
) -> None:
    """Keep to the leg's far end, or to nobody; one system call when that changes."""
    settled = line.latched[slot] == 1 and line.remote[slot] == line.announced[slot] and is_alive(reception, slot)
    peer = line.remote[slot] if settled else NOBODY
    if sockets.peer[slot] == peer:
        return
    if not write_address(scratch.address, peer, sockets.is_six[slot] == 1, far, slot):
        return
    if connect_to(sockets.fd[slot], scratch.address.ctypes.data, ADDRESS_BYTES) == 0:
        sockets.peer[slot] = peer


@kernel
def age_of(scratch: Scratch, due_ns: int) -> int:
    """What `Inbox.age` wants to know of the message that was just received."""
    if scratch.header[_CONTROL_BYTES] < CONTROL_BYTES or scratch.control[1] >> 32 != SO_TIMESTAMPNS:
        return 0
    age = (due_ns - scratch.control[2] * NS_PER_S - scratch.control[3]) // NS_PER_SAMPLE
    age += age >= 0
    return age if -OLDEST < age < OLDEST else 0


@kernel
def receive_once(fd: int, room: int, scratch: Scratch) -> int:
    """Read one datagram to that address. Returns its length, which may be more than there was room for, or -1."""
    scratch.header[_NAME_BYTES] = ADDRESS_BYTES
    scratch.header[_CONTROL_BYTES] = CONTROL_BYTES
    scratch.vector[0] = room
    return int(receive_message(fd, scratch.header.ctypes.data, MSG_DONTWAIT | MSG_TRUNC))


@kernel
def receive_quickly(fd: int, inbox: Inbox, at: int, peer: int) -> bool:
    """The same as `receive_one` on a connected socket, without asking when the datagram came."""
    size = receive_from(fd, inbox.data[at].ctypes.data, PACKET_BYTES, MSG_DONTWAIT | MSG_TRUNC, 0, 0)
    if size < 0:
        return False
    inbox.bytes[at] = size
    inbox.source[at] = peer
    inbox.age[at] = NOT_ASKED
    return True


@kernel
def receive_one(
    sockets: Sockets, slot: int, line: Line, far: FarHosts, inbox: Inbox, at: int, scratch: Scratch, due_ns: int
) -> bool:
    """Read one datagram into row *at*; False if there is none. A longer one than the row keeps its true length."""
    fd, room = sockets.fd[slot], inbox.data[at].ctypes.data
    size = receive_once(fd, room, scratch)
    if size < 0:
        copy_memory(scratch.error.ctypes.data, errno_location(), 4)
        if scratch.error[0] == EAGAIN:
            return False
        # Something that we sent was refused; it is told once, in the place of a packet that may wait behind (udp(7)).
        scratch.refused[0] += 1
        size = receive_once(fd, room, scratch)
        if size < 0:
            return False
    inbox.bytes[at] = size
    inbox.source[at] = read_address(scratch.address, sockets.is_six[slot] == 1, far, line, slot)
    inbox.age[at] = age_of(scratch, due_ns)
    return True


@kernel
def receive(
    active: I32,
    legs: int,
    sockets: Sockets,
    line: Line,
    reception: Reception,
    far: FarHosts,
    inbox: Inbox,
    scratch: Scratch,
    tick: int,
    due_ns: int,
    is_late: bool,
) -> int:
    """Collect what arrived: one packet a leg, and the backlog of those that seem to have one. Returns how many.

    `due_ns`: when the beat was to begin, by CLOCK_REALTIME. Unless it began late, when packets came is asked of each
    leg now and then only: that is dearer by a tenth of the call.
    A backlog gets no row that a leg further on may need: a flood at some ports must not silence the others (law 7).
    """
    arrived = 0
    for n in range(legs):
        slot = active[n]
        # Pipes have no socket, and their rows may lie behind those of all that have one.
        if slot >= len(sockets.fd) or sockets.fd[slot] < 0 or sockets.resting[slot] == 1:
            continue
        connect_or_dissolve(sockets, slot, line, reception, far, scratch)
        wanted = 1
        if sockets.hungry[slot] == 1 or (slot + tick) % EXTRA_EVERY_TICKS == 0:
            wanted += EXTRA_PACKETS
        peer, got = sockets.peer[slot], 0
        quick = (
            peer != NOBODY and not is_late and reception.synced[slot] == 1 and (slot + tick) % TIMED_EVERY_TICKS != 0
        )
        legs_behind = legs - 1 - n
        while got < wanted and arrived + legs_behind < len(inbox.slot):
            if quick:
                came = receive_quickly(sockets.fd[slot], inbox, arrived, peer)
            else:
                came = receive_one(sockets, slot, line, far, inbox, arrived, scratch, due_ns)
            if not came:
                break
            inbox.slot[arrived] = slot
            inbox.generation[arrived] = line.generation[slot]
            arrived += 1
            got += 1
        sockets.hungry[slot] = got != 1
    return arrived


@kernel
def send(outbox: Outbox, departing: int, sockets: Sockets, far: FarHosts, scratch: Scratch) -> None:
    """Send this tick's packets. UDP may lose those that the system refuses, so may we."""
    for n in range(departing):
        slot, destination = outbox.slot[n], outbox.destination[n]
        to, to_bytes = 0, 0
        if sockets.peer[slot] != destination:
            if not write_address(scratch.address, destination, sockets.is_six[slot] == 1, far, slot):
                scratch.refused[0] += 1
                continue
            to, to_bytes = scratch.address.ctypes.data, ADDRESS_BYTES
        sent = send_to(sockets.fd[slot], outbox.data[n].ctypes.data, outbox.bytes[n], MSG_DONTWAIT, to, to_bytes)
        scratch.refused[0] += sent < 0


@kernel
def tired(active: I32, legs: int, sockets: Sockets, reception: Reception, rows: I32) -> int:
    """Put the rows of legs whose far ends have been silent for a second into *rows*. Returns how many."""
    count = 0
    for n in range(legs):
        slot = active[n]
        has_socket = slot < len(sockets.fd) and sockets.fd[slot] >= 0
        if has_socket and sockets.resting[slot] == 0 and reception.idle_ticks[slot] > ABSENT_TICKS:
            rows[count] = slot
            count += 1
    return count
