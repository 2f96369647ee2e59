"""The agents' process: prints its port, then answers one command a line on standard input, each by one line of JSON.

`begin` forgets what was heard; `figures` tells how evenly frames have come since. The end of the input ends it.
"""

import base64
import contextlib
import hashlib
import json
import os
import re
import select
import socket
import sys
import time
from typing import Final

import numpy as np

from bench.agents import arrays, kernels, pacing
from bench.load import libc
from bench.load.generator import raise_file_limit

MOST: Final = 4_096
"""Connections, ever."""
_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_PRIORITY: Final = 1
_LOOK_EVERY_MS: Final = 1_000


class Agents:
    """All connections of this process, and the port that they come to."""

    def __init__(self) -> None:
        self._all = arrays.connections(MOST, 4 * MOST)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=1_024)
        self.port: int = self._listening.getsockname()[1]
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._rows = 0
        self._commands = sys.stdin.fileno()
        for fd in (self._listening.fileno(), self._commands):
            self._epoll.register(fd, select.EPOLLIN)
        self._events = np.zeros(kernels.MOST_EVENTS * kernels.EVENT_BYTES, np.uint8)
        self._iov, self._control = np.zeros(2, np.uint64), np.zeros(libc.CONTROL_WORDS, np.int64)
        self._out, self._timespec = np.zeros(2 * arrays.BUFFER_BYTES, np.uint8), np.zeros(2, np.int64)
        self._header = libc.message_header(self._iov, self._control, self._out)
        self._began_s = self._began_cpu_s = 0.0
        self._serve(0)  # compiles

    def run(self) -> None:
        """Until standard input closes."""
        while (fd := self._serve(_LOOK_EVERY_MS)) != self._commands or self._obey(sys.stdin.readline().strip()):
            if fd == self._listening.fileno():
                self._greet(self._listening.accept()[0])
            elif fd in self._sockets:
                self._sockets.pop(fd).close()

    def _serve(self, wait_ms: int) -> int:
        buffers = self._events, self._header, self._iov, self._control, self._timespec, self._out
        return kernels.serve(self._all, self._epoll.fileno(), wait_ms, *buffers)

    def _obey(self, command: str) -> bool:
        if command == "begin":
            self._all.kept[:] = 0
            self._all.tally[: arrays.OPEN] = 0
            self._began_s, self._began_cpu_s = time.monotonic(), time.process_time()
            print("{}", flush=True)
        elif command == "figures":
            cores = (time.process_time() - self._began_cpu_s) / (time.monotonic() - self._began_s)
            print(json.dumps({**pacing.figures(self._all), "generator_cores": cores}), flush=True)
        return bool(command)

    def _greet(self, one: socket.socket) -> None:
        """Answer the upgrade (RFC 6455, 4.2.2)."""
        request = b""
        while b"\r\n\r\n" not in request:
            request += one.recv(4_096)
        (key,) = re.findall(rb"(?im)^sec-websocket-key: *(\S+)", request)
        proof = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.setsockopt(socket.SOL_SOCKET, libc.SO_TIMESTAMPNS, 1)
        self._all.row_of[one.fileno()] = self._rows
        self._sockets[one.fileno()] = one
        self._rows += 1
        self._all.tally[arrays.OPEN] += 1
        one.sendall(head + b"Sec-WebSocket-Accept: " + proof + b"\r\n\r\n")
        one.setblocking(False)
        self._epoll.register(one.fileno(), select.EPOLLIN)


def main() -> None:
    """Serve, on the core that is named, ahead of everything else there where that is allowed."""
    if len(sys.argv) > 1:
        os.sched_setaffinity(0, {int(sys.argv[1])})
    raise_file_limit(MOST)
    agents = Agents()
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    print(agents.port, flush=True)
    agents.run()


if __name__ == "__main__":
    main()
