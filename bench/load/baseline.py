"""The delay of no server at all, which is taken off every delay."""

import socket
import time

import numpy as np

from bench.load import libc

_PACKET: bytes = bytes(172)


def loopback_delay_ns(packets: int = 50) -> int:
    """Return the median time from a send on loopback to the kernel's arrival stamp."""
    delays = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        s.connect(s.getsockname())
        s.setsockopt(socket.SOL_SOCKET, libc.SO_TIMESTAMPNS, 1)
        for _ in range(packets):
            sent_ns = time.time_ns()
            s.send(_PACKET)
            _, ((_, _, stamp), *_), _, _ = s.recvmsg(len(_PACKET), 64)
            seconds, nanoseconds = np.frombuffer(stamp[:16], np.int64).tolist()
            delays.append(seconds * libc.NS_PER_S + nanoseconds - sent_ns)
    return int(np.median(delays))
