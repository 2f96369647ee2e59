"""Real UDP ports: one a leg, and the next one for RTCP unless both share it."""

import contextlib
import select
import socket
from collections import deque
from collections.abc import Iterable
from typing import Final

import numpy as np

from mixminus.media.control_ports import ControlPorts
from mixminus.media.families import datagram_socket, family_of, reachable
from mixminus.media.kernels.addresses import NOBODY
from mixminus.media.kernels.udp import SO_TIMESTAMPNS, Sockets
from mixminus.media.ports import HIGHEST_PORT, NoPortError
from mixminus.media.reports import ControlPacket

EXPEDITED_FORWARDING: Final = 46 << 2
"""DSCP EF in the TOS byte: voice goes first (RFC 3246, RFC 4594 section 4.1)."""


class UdpPorts:
    """Even ports of a range (RFC 3550 section 11), the longest unused one first.

    A port that was just freed still gets packets of its last call; a stranger must not hear or answer them.
    A range that begins at 0 lets the system choose.
    """

    def __init__(self, host: str, low: int, high: int) -> None:
        self._host = host
        self._family = family_of(host)
        self._free = deque(range(low + low % 2, high + 1, 2))
        self._open: dict[int, tuple[socket.socket, int]] = {}
        self.control = ControlPorts()
        self.sockets = _no_sockets(1)
        self._resting = select.epoll()
        self._slot_of: dict[int, int] = {}

    def open(self, slot: int) -> tuple[str, int]:
        bound, port = self._bind()
        self._open[slot] = bound, port
        while slot >= len(self.sockets.fd):
            self._grow()
        self.sockets.fd[slot] = bound.fileno()
        self.sockets.hungry[slot] = 1
        self.sockets.resting[slot] = 0
        self.sockets.is_six[slot] = bound.family == socket.AF_INET6
        self.sockets.peer[slot] = NOBODY
        return self._host, int(bound.getsockname()[1])

    def open_control(self, slot: int) -> None:
        port = int(self._open[slot][0].getsockname()[1]) + 1
        if port <= HIGHEST_PORT:
            self.control.open(slot, self._host, port)

    def send(self, slot: int | None, data: bytes, destination: tuple[str, int]) -> None:
        """From the leg's port of RTP, if it has one still. UDP may lose it, so may we."""
        if slot is not None and slot in self._open:
            with contextlib.suppress(OSError):
                self._open[slot][0].sendto(data, reachable(self._family, destination))

    def send_control(self, packet: ControlPacket) -> None:
        """From the port that the two sides agreed on."""
        if packet.muxed:
            self.send(packet.row, packet.data, packet.destination)
        else:
            self.control.send(packet.row, packet.data, packet.destination)

    def close(self, slot: int) -> None:
        self.control.close(slot)
        if slot not in self._open:
            return
        bound, port = self._open.pop(slot)
        self._rouse(bound.fileno())
        self.sockets.fd[slot] = -1
        bound.close()
        if port:
            self._free.append(port)

    def rest(self, slots: Iterable[int]) -> None:
        """Do not ask these for packets until one has come."""
        for slot in slots:
            fd = int(self.sockets.fd[slot])
            self._slot_of[fd] = slot
            self.sockets.resting[slot] = 1
            self._resting.register(fd, select.EPOLLIN)

    def rouse(self) -> None:
        """Ask those again that something has come for; one system call, and none when nobody rests."""
        if self._slot_of:
            for fd, _ in self._resting.poll(0):
                self._rouse(fd)

    def _rouse(self, fd: int) -> None:
        slot = self._slot_of.pop(fd, None)
        if slot is not None:
            self._resting.unregister(fd)
            self.sockets.resting[slot] = 0
            self.sockets.hungry[slot] = 1

    def _bind(self) -> tuple[socket.socket, int]:
        for _ in range(len(self._free)):
            port = self._free.popleft()
            try:
                bound = datagram_socket(self._family)
            except OSError as error:
                self._free.append(port)
                raise NoPortError(f"no more sockets: {error}") from error
            try:
                bound.bind((self._host, port or self._port_of_the_system()))
            except OSError:  # somebody else has it
                bound.close()
                self._free.append(port)
                continue
            bound.setblocking(False)
            with contextlib.suppress(OSError):  # wishes; without them calls work, too
                bound.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
                bound.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, EXPEDITED_FORWARDING)
                if self._family == socket.AF_INET6:
                    bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, EXPEDITED_FORWARDING)
            if port == 0:
                self._free.append(0)
            return bound, port
        raise NoPortError("all media ports are taken")

    def _port_of_the_system(self) -> int:
        """One that is free. A socket that did not ask for it by number loses it when its connection is dissolved."""
        with datagram_socket(self._family) as chosen:
            chosen.bind((self._host, 0))
            return int(chosen.getsockname()[1])

    def _grow(self) -> None:
        rows = len(self.sockets.fd)
        before, more = self.sockets, _no_sockets(rows)
        self.sockets = Sockets(
            np.concatenate([before.fd, more.fd]),
            np.concatenate([before.hungry, more.hungry]),
            np.concatenate([before.resting, more.resting]),
            np.concatenate([before.is_six, more.is_six]),
            np.concatenate([before.peer, more.peer]),
        )


def _no_sockets(rows: int) -> Sockets:
    octets, addresses = np.zeros(rows, np.uint8), np.zeros(rows, np.int64)
    return Sockets(np.full(rows, -1, np.int32), octets, octets.copy(), octets.copy(), addresses)
