"""How a phone agrees on keys: `a=crypto`, from RFC 4568 alone."""

import base64
import binascii
import random as randomness
from dataclasses import dataclass, field
from typing import Final

from mixminus.testing.srtp import SUITES, Bad, Direction, Suite

PLAIN: Final = "RTP/AVP"
SECURE: Final = "RTP/SAVP"


@dataclass(frozen=True, slots=True)
class Key:
    """One `a=crypto`: a master key for what its author sends."""

    tag: int
    suite: str
    master: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.master).decode()}"


def parse_key(value: str) -> Key | None:
    """None: not a key that a phone knows what to do with."""
    words = value.split()
    if len(words) != 3 or not words[0].isdigit() or not words[2].startswith("inline:"):
        return None
    try:
        master = base64.b64decode(words[2].removeprefix("inline:").partition("|")[0], validate=True)
    except binascii.Error:
        return None
    return Key(int(words[0]), words[1], master)


class SecureLine:
    """The secured packets of one call, both ways. Keys stay for as long as nobody changes them."""

    def __init__(self, suites: tuple[str, ...], random: randomness.Random) -> None:
        self._random = random
        self._suites = [SUITES[name] for name in suites]
        self._chosen: Key | None = None
        self._out: Direction | None = None
        self._in: Direction | None = None
        self.forged = 0
        self.replayed = 0
        """Packets that were thrown away."""
        self._draw()

    def renew(self) -> None:
        """Tell another key with the next description; it secures our packets when that was agreed to."""
        self._draw()
        if self._chosen is not None:
            self._chosen = Key(self._chosen.tag, self._chosen.suite, self._masters[self._chosen.suite])

    @property
    def keys(self) -> tuple[Key, ...]:
        """What a description says: every suite, and once one was chosen that one (RFC 4568 5.1.2, 7.1.4)."""
        if self._chosen is not None:
            return (self._chosen,)
        masters = enumerate(self._masters.items(), 1)
        return tuple(Key(tag, suite, master) for tag, (suite, master) in masters)

    @property
    def suite(self) -> str | None:
        """What was agreed on."""
        return self._chosen.suite if self._chosen is not None else None

    def agree(self, theirs: tuple[Key, ...]) -> bool:
        """Take the first of the far end's keys that suits; False: there is none."""
        for key in theirs:
            if key.suite in self._masters and len(key.master) == _size(SUITES[key.suite]):
                self._take(key)
                return True
        return False

    def _take(self, theirs: Key) -> None:
        suite = SUITES[theirs.suite]
        ours = Key(theirs.tag, suite.name, self._masters[suite.name])
        self._out = _going_on(self._out, suite, ours.master)
        self._in = _going_on(self._in, suite, theirs.master)
        self._chosen = ours

    def protect(self, packet: bytes) -> bytes:
        assert self._out is not None, "no keys yet"
        return self._out.protect(packet)

    def unprotect(self, packet: bytes) -> bytes | None:
        """None: it was thrown away, and counted."""
        plain = self._in.unprotect(packet) if self._in is not None else Bad.FORGED
        if isinstance(plain, bytes):
            return plain
        self.forged += plain is Bad.FORGED
        self.replayed += plain is Bad.REPLAYED
        return None

    def _draw(self) -> None:
        self._masters = {suite.name: self._random.randbytes(_size(suite)) for suite in self._suites}


def _going_on(before: Direction | None, suite: Suite, master: bytes) -> Direction:
    """A new key does not begin the rollovers anew (RFC 3711 3.3.1), and the same one changes nothing."""
    if before is not None and before.master == master:
        return before
    return Direction(suite, master, highest=before.highest if before is not None else None)


def _size(suite: Suite) -> int:
    return suite.key + suite.salt
