"""io_uring without a library: a ring whose entries compiled code writes (io_uring(7), 64-bit Linux)."""

import ctypes
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

_SETUP, _ENTER, _REGISTER = 425, 426, 427
_REGISTER_FILES: Final = 2
SINGLE_ISSUER: Final = 1 << 12
DEFER_TASKRUN: Final = 1 << 13
_SINGLE_MMAP: Final = 1
_SQES_OFFSET: Final = 0x10000000
_GETEVENTS: Final = 1
_FIXED_FILE: Final = 1

SEND, RECEIVE_MESSAGE = 26, 10
ENTRY_WORDS: Final = 8
COMPLETION_WORDS: Final = 2

system_call: Callable[..., int] = types.ExternalFunction(
    "syscall",
    types.intp(types.intp, types.intp, types.intp, types.intp, types.intp, types.intp, types.intp),
)


class NoRing(OSError):
    """The system has no io_uring, or does not let us use it."""


class _Parameters(ctypes.Structure):
    """`struct io_uring_params`. Offsets: head, tail, mask, entries, flags or overflow, dropped or cqes, array."""

    _fields_ = (
        ("sq_entries", ctypes.c_uint32),
        ("cq_entries", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("others", ctypes.c_uint32 * 2),
        ("features", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32 * 4),
        ("sq", ctypes.c_uint32 * 10),
        ("cq", ctypes.c_uint32 * 10),
    )


class Ring(NamedTuple):
    """Queues shared with the kernel. An entry stands at its own place of the submission queue."""

    fd: int
    tail: NDArray[np.uint32]
    """Of the submission queue: one word, as the next two are."""
    completed_tail: NDArray[np.uint32]
    completed_head: NDArray[np.uint32]
    entries: NDArray[np.uint64]
    completions: NDArray[np.uint64]


@contextmanager
def ring(entries: int, fds: NDArray[np.int32]) -> Iterator[Ring]:
    """Open one of at least so many entries; the sockets are known to it by their place in *fds*."""
    libc = ctypes.CDLL(None, use_errno=True)
    parameters = _Parameters(flags=SINGLE_ISSUER | DEFER_TASKRUN)
    fd = libc.syscall(_SETUP, entries, ctypes.byref(parameters))
    if fd < 0 or not parameters.features & _SINGLE_MMAP:
        raise NoRing(ctypes.get_errno(), "no io_uring")
    try:
        if libc.syscall(_REGISTER, fd, _REGISTER_FILES, ctypes.c_void_p(fds.ctypes.data), len(fds)) < 0:
            raise NoRing(ctypes.get_errno(), "files cannot be registered")
        sq, cq = parameters.sq, parameters.cq
        count, room = parameters.sq_entries, parameters.cq_entries
        size = max(sq[6] + 4 * count, cq[5] + 16 * room)
        queues = np.frombuffer(mmap.mmap(fd, size), np.uint8)
        words = np.frombuffer(mmap.mmap(fd, 64 * count, offset=_SQES_OFFSET), np.uint64)
        queues[sq[6] : sq[6] + 4 * count].view(np.uint32)[:] = np.arange(count, dtype=np.uint32)
        yield Ring(
            fd,
            queues[sq[1] : sq[1] + 4].view(np.uint32),
            queues[cq[1] : cq[1] + 4].view(np.uint32),
            queues[cq[0] : cq[0] + 4].view(np.uint32),
            words.reshape(count, ENTRY_WORDS),
            queues[cq[5] : cq[5] + 16 * room].view(np.uint64).reshape(room, COMPLETION_WORDS),
        )
    finally:
        os.close(fd)


@njit(cache=True, nogil=True)
def ask(ring: Ring, at: int, operation: int, socket: int, address: int, length: int, flags: int) -> None:
    """Write the *at*-th request of the next batch. `socket`: its place among the registered ones."""
    entry = ring.entries[(np.int64(ring.tail[0]) + at) % len(ring.entries)]
    entry[:] = 0
    entry[0] = np.uint64(operation | _FIXED_FILE << 8 | socket << 32)
    entry[2] = np.uint64(address)
    entry[3] = np.uint64(length | flags << 32)


@njit(cache=True, nogil=True)
def carry_out(ring: Ring, count: int) -> int:
    """Have a batch of *count* requests done, in one system call. Return how many failed."""
    ring.tail[0] += np.uint32(count)
    system_call(_ENTER, ring.fd, count, count, _GETEVENTS, 0, 0)
    failed: int = 0
    head, tail = np.int64(ring.completed_head[0]), np.int64(ring.completed_tail[0])
    for at in range(head, tail):
        failed += int(ring.completions[at % len(ring.completions), 1]) >> 31 & 1
    ring.completed_head[0] = np.uint32(tail)
    return failed + count - int(tail - head)
