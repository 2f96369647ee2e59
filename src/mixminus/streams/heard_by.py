"""Who really heard how much of what an agent said: counted as it is played, by who hears the agent at that moment."""

from collections.abc import Iterator
from dataclasses import dataclass

from mixminus.base.types import Sid


@dataclass(frozen=True, slots=True)
class Listener:
    """Another participant of the agent's conference."""

    call_sid: Sid
    label: str | None
    hears: bool
    """By the routing plan in force: not one that is on hold, or that the agent does not whisper to."""


class HeardBy:
    """Of one stream. Lengths are octets of its format."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()
        self._known: dict[Sid, Listener] = {}
        """Also those who have left, in the order in which they came."""
        self._heard: dict[Sid, int] = {}
        self._played = 0

    def change(self, listeners: tuple[Listener, ...]) -> None:
        """These are there from now on."""
        self._listeners = listeners
        self._known |= {one.call_sid: one for one in listeners}

    def played(self, octets: int) -> None:
        """That much of this utterance has been played by now."""
        news, self._played = octets - self._played, octets
        for one in self._listeners:
            if one.hears:
                self._heard[one.call_sid] = self._heard.get(one.call_sid, 0) + news

    def take(self) -> Iterator[tuple[Listener, int]]:
        """How much each one heard of the utterance, which is over; 0 of who is there and heard nothing."""
        here = {one.call_sid for one in self._listeners}
        told = [
            (one, self._heard.get(sid, 0)) for sid, one in self._known.items() if sid in here or sid in self._heard
        ]
        self._known = {one.call_sid: one for one in self._listeners}
        self._heard, self._played = {}, 0
        yield from told
