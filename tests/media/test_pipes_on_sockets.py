"""Legs without sockets among those that have one."""

import socket

import numpy as np

from mixminus.media.address_state import FarHosts
from mixminus.media.bundles import zeroed
from mixminus.media.kernels.udp import Sockets, receive, scratch
from mixminus.media.state import Inbox, Line, Reception


def test_a_row_behind_the_last_socket_is_not_received_on() -> None:
    """Numbers that lie behind the table of sockets are somebody else's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.sendto(b"for somebody else", stranger.getsockname())
        memory, flags = np.full(8, stranger.fileno(), np.int32), np.zeros(8, np.uint8)
        memory[0] = -1
        sockets = Sockets(memory[:1], flags[:1], np.zeros(1, np.uint8), flags[1:2], np.zeros(1, np.int64))
        active = np.array([0, 5], np.int32)
        rows = zeroed(Line, 8), zeroed(Reception, 8), zeroed(FarHosts, 8), zeroed(Inbox, 8)
        assert receive(active, 2, sockets, *rows, scratch(), 1, 0, True) == 0
        assert not flags.any()
        assert stranger.recv(100, socket.MSG_DONTWAIT) == b"for somebody else"
