"""Which connections may stay: a place is for who uses it."""

from enum import Enum, auto
from typing import Final

MUTE_S: Final = 20.0
"""From the connection to its first message, TLS and WebSocket handshakes included."""
SLOW_S: Final = 10.0
"""From the first byte of a message to its last."""
PONG_S: Final = 10.0
"""RFC 5626 4.4.1."""


class Fate(Enum):
    """What becomes of a connection now."""

    STAYS = auto()
    PING = auto()
    MUTE = auto()
    """It never brought a message."""
    SLOW = auto()
    """It began a message and does not end it."""
    SILENT = auto()
    """It does not answer our pings, though it did before, or has to."""


class Liveness:
    """One connection. *keepalive_s*: how often it is pinged; 0: never."""

    def __init__(self, now: float, *, proven: bool, keepalive_s: float, must_pong: bool) -> None:
        self.is_proven = proven
        """It brought a whole message, or we opened it ourselves."""
        self._since = now
        self._keepalive_s = keepalive_s
        self._must_pong = must_pong
        """Old servers know no pings, and are only judged once they have answered one."""
        self._pongs = 0
        self._pinged_at = now
        self._pong_by: float | None = None
        self._part_since: float | None = None

    def heard(self, now: float, *, whole: bool, has_part: bool, pongs: int) -> None:
        """Bytes came: whole messages, and perhaps the beginning of another; *pongs* ever."""
        self.is_proven = self.is_proven or whole
        self._part_since = None if not has_part else now if whole or self._part_since is None else self._part_since
        if pongs > self._pongs or whole:
            self._must_pong = self._must_pong or pongs > self._pongs
            self._pongs, self._pong_by = pongs, None

    def fate(self, now: float) -> Fate:
        """To be asked every second or two."""
        if not self.is_proven and now >= self._since + MUTE_S:
            return Fate.MUTE
        if self._part_since is not None and now >= self._part_since + SLOW_S:
            return Fate.SLOW
        if self._pong_by is not None and now >= self._pong_by:
            return Fate.SILENT
        if self._keepalive_s and self.is_proven and now >= self._pinged_at + self._keepalive_s:
            self._pinged_at = now
            if self._must_pong and self._pong_by is None:
                self._pong_by = now + PONG_S
            return Fate.PING
        return Fate.STAYS
