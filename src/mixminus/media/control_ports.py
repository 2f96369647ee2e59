"""The sockets of RTCP, where it has its own: few packets, so Python reads them, all behind one `epoll`."""

import contextlib
import select
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mixminus.media.families import datagram_socket, family_of, reachable
from mixminus.media.kernels.udp import SO_TIMESTAMPNS

LONGEST_PACKET: Final = 1500
MOST_AT_ONCE: Final = 64
"""Packets in one tick; what is left waits for the next one, or overflows its socket."""

_TIMESPEC: Final = struct.Struct("@qq")
EXTRAS_BYTES: Final = socket.CMSG_SPACE(_TIMESPEC.size)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One datagram on the control port of the leg in that row."""

    slot: int
    data: bytes
    source: tuple[str, int]
    unix_s: float | None
    """None: the system does not tell."""


class ControlPorts:
    """At most one socket a leg."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._slot_of: dict[int, int] = {}

    def open(self, slot: int, host: str, port: int) -> None:
        """Bind it, if the system lets us; a leg without RTCP is still a leg."""
        if slot in self._sockets:
            return
        bound = None
        try:
            bound = datagram_socket(family_of(host))
            bound.bind((host, port))
        except OSError:
            if bound is not None:
                bound.close()
            return
        bound.setblocking(False)
        with contextlib.suppress(OSError):
            bound.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._sockets[slot] = bound
        self._slot_of[bound.fileno()] = slot
        self._poll.register(bound.fileno(), select.EPOLLIN)

    def close(self, slot: int) -> None:
        bound = self._sockets.pop(slot, None)
        if bound is not None:
            self._poll.unregister(bound.fileno())
            del self._slot_of[bound.fileno()]
            bound.close()

    def receive(self) -> Iterator[Arrival]:
        """One packet of each leg that has some; one system call when none has."""
        if not self._sockets:
            return
        for fd, _ in self._poll.poll(0, MOST_AT_ONCE):
            slot = self._slot_of[fd]
            try:
                data, extras, _, source = self._sockets[slot].recvmsg(LONGEST_PACKET, EXTRAS_BYTES)
            except OSError:
                continue
            yield Arrival(slot, data, _without_flow(*source), _stamp(extras))

    def send(self, slot: int, data: bytes, destination: tuple[str, int]) -> None:
        """UDP may lose it, so may we."""
        if (bound := self._sockets.get(slot)) is not None:
            with contextlib.suppress(OSError):
                bound.sendto(data, reachable(bound.family, destination))


def _without_flow(host: str, port: int, flow: int = 0, scope: int = 0) -> tuple[str, int]:
    """Of either family."""
    return f"{host}%{scope}" if scope else host, port


def _stamp(extras: list[tuple[int, int, bytes]]) -> float | None:
    for level, kind, data in extras:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS) and len(data) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            return float(seconds + nanoseconds / 1e9)
    return None
