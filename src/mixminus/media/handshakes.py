"""What is not RTP on a leg's port: the seam to whoever finds far ends (ICE) and agrees on keys with them (DTLS).

A leg with `ice` or `dtls` terms has its datagrams of other kinds (RFC 7983 section 7) brought here with their source
address, at the end of the beat in which they came. What is to be sent in answer leaves from the leg's own port right
afterwards. The results go to the engine: `Engine.found`, `Engine.secure`, `Engine.tell`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from mixminus.media.contract import SetLegMedia

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Datagram:
    """To be sent from the leg's port."""

    leg: int
    data: bytes
    destination: Address


@dataclass(slots=True)
class Refusals:
    """What came to nothing, since the beginning."""

    datagrams: int = 0
    """Checks that were not in order, and whatever came from those who may not send it."""
    handshakes: int = 0
    """That ended without keys."""


class Handshakes(Protocol):
    """Called between beats only, by the engine's thread: what takes long is done elsewhere, in small steps."""

    refusals: Refusals

    @property
    def is_idle(self) -> bool:
        """Whether no leg has such terms: then `exchange` is not called."""

    def set_media(self, media: SetLegMedia) -> None:
        """What SDP says of the leg, after the engine has obeyed it; at each offer and answer, of every leg."""

    def drop(self, leg: int) -> None:
        """The leg is about to be closed."""

    def receive(self, leg: int, data: bytes, source: Address) -> None:
        """One datagram, from anybody."""

    def exchange(self) -> Iterator[Datagram]:
        """What is to be sent now: called after every beat (5 ms), so timers need no other caller."""


class NoHandshakes:
    """Far ends are where SDP says, and keys are in it."""

    is_idle = True

    def __init__(self) -> None:
        self.refusals = Refusals()

    def set_media(self, media: SetLegMedia) -> None:
        """It has no terms of ours."""

    def drop(self, leg: int) -> None:
        """It was never known."""

    def receive(self, leg: int, data: bytes, source: Address) -> None:
        """Nobody waits for it."""

    def exchange(self) -> Iterator[Datagram]:
        """Nothing."""
        return iter(())
