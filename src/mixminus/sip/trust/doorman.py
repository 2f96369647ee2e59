"""Who may connect: a bound for all, a bound for each host, and a place for newcomers however many say nothing."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from mixminus.sip.trust.bans import peer_of

MOST_OF_A_HOST: Final = 256
"""Phones behind one NAT; a script has no use for more."""
MOST_UNPROVEN_OF_A_HOST: Final = 32
"""Connections that have not brought a whole message yet: half-open handshakes, and those that say nothing."""

End = Callable[[], None]
"""Ends a connection."""


class Doorman:
    """Counts the connections that came in. Trunks and this machine are *exempt* from the bounds of one host.

    A host is an IPv4 address or the /64 of an IPv6 one, as it is for bans.
    """

    def __init__(self, most: int, exempt: Callable[[str], bool]) -> None:
        self._most = most
        self._exempt = exempt
        self._host_of: dict[object, str] = {}
        self._of: Counter[str] = Counter()
        self._unproven_of: dict[str, dict[object, End]] = {}
        """Of each host, the oldest first."""
        self.unproven = 0

    @property
    def open(self) -> int:
        return len(self._host_of)

    def admits(self, host: str, who: object, end: End) -> bool:
        """Whether another connection may come; then it is counted.

        Half of the places are for those who speak. When the others are taken, the host with most connections that
        say nothing loses its oldest one: a flood of those must not lock out who comes to speak.
        """
        peer = peer_of(host)
        crowded = self._of[peer] >= MOST_OF_A_HOST or len(self._unproven_of.get(peer, ())) >= MOST_UNPROVEN_OF_A_HOST
        if crowded and not self._exempt(host):
            return False
        full = self.open >= self._most or self.unproven >= self._most // 2
        if full and not self._makes_room():
            return False
        self._host_of[who] = peer
        self._of[peer] += 1
        self._unproven_of.setdefault(peer, {})[who] = end
        self.unproven += 1
        return True

    def proven(self, who: object) -> None:
        """It brought a message."""
        mute = self._unproven_of.get(self._host_of.get(who, ""), {})
        if mute.pop(who, None) is None:
            return
        self.unproven -= 1
        if not mute:
            del self._unproven_of[self._host_of[who]]

    def left(self, who: object) -> None:
        """It is gone."""
        self.proven(who)
        if (peer := self._host_of.pop(who, None)) is None:
            return  # it had to make room
        self._of[peer] -= 1
        if not self._of[peer]:
            del self._of[peer]

    def _makes_room(self) -> bool:
        if not self._unproven_of:
            return False
        who, end = next(iter(max(self._unproven_of.values(), key=len).items()))
        self.left(who)
        end()
        return True
