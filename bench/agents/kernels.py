"""Agents that echo, in compiled code: what is measured is the server's evenness, and not that of its judges.

A WebSocket frame of a client has its mask (RFC 6455, 5.2); of its text only `timestamp` and `payload` are looked at.
"""

import platform
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from bench.agents.arrays import BROKEN, BUFFER_BYTES, FRAMES, MERGED, OPEN, READ, Connections
from bench.load import libc

U8 = NDArray[Any]
"""Numbers of 8 bits; `Any`, for what is computed of one is a plain number to the compiler."""
I64 = NDArray[np.int64]

epoll_wait: Callable[..., int] = types.ExternalFunction(
    "epoll_wait", types.int32(types.int32, types.uintp, types.int32, types.int32)
)
EVENT_BYTES: Final = 12 if platform.machine() == "x86_64" else 16
"""struct epoll_event: packed where it was so from the beginning."""
EVENT_FD: Final = EVENT_BYTES - 8
MOST_EVENTS: Final = 256

TEXT, CLOSE, PING = 1, 8, 9
SHORT, LONG = 126, 127
DONT_WAIT_NOR_SIGNAL: Final = 0x4040

_MEDIA: Final = np.frombuffer(b'{"event":"media"', np.uint8)
_TIMESTAMP: Final = np.frombuffer(b'"timestamp":"', np.uint8)
_PAYLOAD: Final = np.frombuffer(b'"payload":"', np.uint8)
_ECHO: Final = np.frombuffer(b'{"event":"media","media":{"payload":"', np.uint8)
_QUOTE: Final = 34


@njit(cache=True, nogil=True)
def find(data: U8, begin: int, end: int, wanted: U8) -> int:
    """Return where *wanted* ends in `data[begin:end]`, or -1."""
    for at in range(begin, end - len(wanted) + 1):
        same = 0
        while same < len(wanted) and data[at + same] == wanted[same]:
            same += 1
        if same == len(wanted):
            return at + same
    return -1


@njit(cache=True, nogil=True)
def number(data: U8, at: int) -> int:
    """Return the number that is written there."""
    value = 0
    while 48 <= data[at] <= 57:
        value = 10 * value + data[at] - 48
        at += 1
    return value


@njit(cache=True, nogil=True)
def unmask(data: U8, begin: int, end: int) -> None:
    """Undo the mask, whose four octets stand in front."""
    for at in range(begin, end):
        data[at] ^= data[begin - 4 + ((at - begin) & 3)]


@njit(cache=True, nogil=True)
def echo(fd: int, data: U8, begin: int, end: int, out: U8) -> None:
    """Send the frame's audio back. All that follows it, *streamSid* too, is what we have to say ourselves."""
    audio = find(data, begin, end, _PAYLOAD)
    size = len(_ECHO) + end - audio
    out[0], out[1], out[2], out[3] = 0x80 | TEXT, SHORT, size >> 8, size & 255
    for i in range(len(_ECHO)):
        out[4 + i] = _ECHO[i]
    for i in range(end - audio):
        out[4 + len(_ECHO) + i] = data[audio + i]
    libc.send(np.int32(fd), out.ctypes.data, np.uintp(4 + size), np.int32(DONT_WAIT_NOR_SIGNAL))


@njit(cache=True, nogil=True)
def answer(fd: int, kind: int, out: U8) -> None:
    """Answer a control frame by an empty one."""
    out[0], out[1] = 0x80 | kind, 0
    libc.send(np.int32(fd), out.ctypes.data, np.uintp(2), np.int32(DONT_WAIT_NOR_SIGNAL))


@njit(cache=True, nogil=True)
def messages(all_: Connections, row: int, fd: int, arrived_ns: int, read_ns: int, out: U8) -> int:
    """Take whole messages out of a connection's buffer. Returns how many frames of audio there were; -1: it ends."""
    data: U8 = all_.buffer[row]
    at, frames = 0, 0
    filled = all_.filled[row]
    while filled - at >= 8:  # no client's frame with anything in it is shorter
        size, head = 0 + (data[at + 1] & 127), 6
        if size == SHORT:
            size, head = 256 * data[at + 2] + data[at + 3], 8
        if size == LONG or head + size > BUFFER_BYTES:
            all_.tally[BROKEN] += 1
            return -1
        if filled - at < head + size:
            break
        begin, end, kind = at + head, at + head + size, data[at] & 15
        unmask(data, begin, end)
        at = end
        if kind == CLOSE:
            answer(fd, CLOSE, out)
            return -1
        if kind == PING:
            answer(fd, PING + 1, out)
        if kind == TEXT and find(data, begin, min(end, begin + len(_MEDIA)), _MEDIA) >= 0:
            count = all_.kept[row]
            if count < FRAMES:
                all_.timestamp_ms[row, count] = number(data, find(data, begin, end, _TIMESTAMP))
                all_.arrived_ns[row, count], all_.read_ns[row, count] = arrived_ns, read_ns
                all_.kept[row] = count + 1
            frames += 1
            echo(fd, data, begin, end, out)
    for i in range(filled - at):
        data[i] = data[at + i]
    all_.filled[row] = filled - at
    return frames


@njit(cache=True, nogil=True)
def receive(
    all_: Connections, row: int, fd: int, header: NDArray[np.uint64], iov: NDArray[np.uint64], control: I64,
    timespec: I64, out: U8,
) -> None:  # fmt: skip
    """Read what has come on a connection, and answer it."""
    filled = all_.filled[row]
    iov[0], iov[1] = all_.buffer[row, filled:].ctypes.data, BUFFER_BYTES - filled
    header[libc.CONTROLLEN] = 8 * libc.CONTROL_WORDS
    got = libc.recvmsg(np.int32(fd), header.ctypes.data, np.int32(DONT_WAIT_NOR_SIGNAL))
    frames = -1
    if got > 0:
        all_.filled[row] = filled + got
        read_ns = libc.now_ns(libc.CLOCK_REALTIME, timespec)
        arrived_ns = libc.arrival_ns(control, int(header[libc.CONTROLLEN]), timespec)
        frames = messages(all_, row, fd, arrived_ns, read_ns, out)
    if frames < 0:
        all_.row_of[fd] = -1
        all_.tally[OPEN] -= 1
    else:
        all_.tally[READ] += frames
        all_.tally[MERGED] += max(0, frames - 1)


@njit(cache=True, nogil=True)
def serve(
    all_: Connections, epoll: int, wait_ms: int, events: U8, header: NDArray[np.uint64], iov: NDArray[np.uint64],
    control: I64, timespec: I64, out: U8,
) -> int:  # fmt: skip
    """Until a file is ready that is none of ours, or has just ended: returns it; or nothing comes for a while: -1."""
    while True:
        ready = epoll_wait(np.int32(epoll), events.ctypes.data, np.int32(MOST_EVENTS), np.int32(wait_ms))
        if ready <= 0:
            return -1
        strange = -1
        for n in range(ready):
            at = n * EVENT_BYTES + EVENT_FD
            fd = events[at] + 256 * events[at + 1] + 65_536 * events[at + 2]
            if all_.row_of[fd] >= 0:
                receive(all_, all_.row_of[fd], fd, header, iov, control, timespec, out)
            if all_.row_of[fd] < 0:
                strange = fd
        if strange >= 0:
            return strange
