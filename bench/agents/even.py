"""The floor of pacing: `python -m bench.agents.even PORT STREAMS SECONDS` sends frames as evenly as this machine can.

A bare loop in compiled code, a quarter of the streams every 5 ms, with nothing to do in between but to sleep. What
the agents make of it is the part of the error that is the machine's and the instrument's, and no server's.
"""

import socket
import sys
import time
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.agents.kernels import DONT_WAIT_NOR_SIGNAL, SHORT, TEXT
from bench.load import libc
from bench.load.generator import raise_file_limit

BEAT_NS: Final = 5_000_000
BEATS: Final = 4
DIGITS: Final = 8
_UPGRADE: Final = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_HEAD: Final = b'{"event":"media","sequenceNumber":"1000","media":{"track":"inbound","chunk":"1000","timestamp":"'
_TAIL: Final = b'","payload":"' + b"f" * 212 + b'/w=="},"streamSid":"MZ' + b"0" * 32 + b'"}'
_MASKED: Final = 0x80


def frame() -> bytes:
    """Return a masked frame of the length that a node's frames have; its mask is zero, so its text is plain."""
    text = _HEAD + b"0" * DIGITS + _TAIL
    return bytes((0x80 | TEXT, _MASKED | SHORT, *len(text).to_bytes(2), 0, 0, 0, 0)) + text


@njit(cache=True, nogil=True)
def send_evenly(
    fds: NDArray[np.int32], data: NDArray[np.uint8], digits_at: int, beats: int, heard: NDArray[np.uint8]
) -> None:
    """Send a frame to a quarter of the sockets on each of so many beats."""
    timespec = np.zeros(2, np.int64)
    begin_ns = libc.now_ns(libc.CLOCK_MONOTONIC, timespec)
    for beat in range(beats):
        libc.sleep_until(begin_ns + beat * BEAT_NS, timespec)
        timestamp = 20 * (beat // BEATS)
        for digit in range(DIGITS):
            data[digits_at + DIGITS - 1 - digit] = 48 + timestamp % 10
            timestamp //= 10
        for n in range(beat % BEATS, len(fds), BEATS):
            libc.send(fds[n], data.ctypes.data, np.uintp(len(data)), np.int32(DONT_WAIT_NOR_SIGNAL))
        for n in range((beat + 2) % BEATS, len(fds), BEATS):  # what came back to others 10 ms ago
            libc.recvfrom(
                fds[n], heard.ctypes.data, np.uintp(len(heard)), np.int32(DONT_WAIT_NOR_SIGNAL), np.uintp(0),
                np.uintp(0),
            )  # fmt: skip


def connected(port: int) -> socket.socket:
    """Return a socket after its upgrade."""
    one = socket.create_connection(("127.0.0.1", port))
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.sendall(_UPGRADE)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += one.recv(4_096)
    one.setblocking(False)
    return one


def main() -> None:
    """Print a line when it begins, after the connections are up."""
    port, streams, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    raise_file_limit(streams)
    data, heard = np.frombuffer(bytearray(frame()), np.uint8), np.zeros(4_096, np.uint8)
    digits_at = len(data) - len(_TAIL) - DIGITS
    send_evenly(np.zeros(0, np.int32), data, digits_at, 1, heard)  # compiles
    sockets = [connected(port) for _ in range(streams)]
    fds = np.array([one.fileno() for one in sockets], np.int32)
    print("sending", flush=True)
    send_evenly(fds, data, digits_at, round(seconds * 1e9 / BEAT_NS), heard)
    time.sleep(0.1)


if __name__ == "__main__":
    main()
