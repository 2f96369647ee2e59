"""Where the names in dialogs and redirections lead. The owner looks them up; calls that go on meanwhile ask here."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from mixminus.sip.contract import Address, SipEvent, Sought

MAX_NAMES: Final = 4096
"""Beyond it the one that was learned least lately is forgotten, and sought anew when it is needed."""

Finder = Callable[[str], tuple[Address, ...]]
"""The places of an address, as far as they are known."""
Found = Callable[[str, tuple[Address, ...], float], None]
"""Told the address, its places (none: nobody is there, or may be called) and the time."""


def nowhere(uri: str) -> tuple[Address, ...]:
    """Knows no places."""
    return ()


class Whereabouts:
    """Each address is sought once at a time. What was found is used until something newer is."""

    def __init__(self, emit: Callable[[SipEvent], None]) -> None:
        self._emit = emit
        self._known: OrderedDict[str, tuple[Address, ...]] = OrderedDict()
        self._waiting: dict[Sought, list[Found]] = {}
        self.at_home: Finder = nowhere
        """Where phones that registered here are reached by their GRUUs (RFC 5627)."""

    def of(self, uri: str) -> tuple[Address, ...]:
        """What is known now. It is sought in any case, for the next time: names move."""
        if at_home := self.at_home(uri):
            return at_home
        self._seek(Sought(uri))
        return self._known.get(uri, ())

    def ask(self, uri: str, found: Found) -> None:
        """Seek what somebody else sends us to."""
        self._seek(Sought(uri, redirected=True), found)

    def learn(self, sought: Sought, places: tuple[Address, ...], now: float) -> None:
        """The owner's answer."""
        if places and not sought.redirected:
            self._known[sought.uri] = places
            self._known.move_to_end(sought.uri)
            if len(self._known) > MAX_NAMES:
                self._known.popitem(last=False)
        for found in self._waiting.pop(sought, ()):
            found(sought.uri, places, now)

    def _seek(self, sought: Sought, *found: Found) -> None:
        if sought not in self._waiting:
            self._emit(sought)
        self._waiting.setdefault(sought, []).extend(found)
