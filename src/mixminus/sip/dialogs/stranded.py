"""Calls whose only way to the peer was a connection that broke: browsers', and those of phones behind NATs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from mixminus.sip.contract import Address, Transport
from mixminus.sip.dialogs.session import Session
from mixminus.sip.endpoint import Endpoint
from mixminus.sip.messages.uri import AddressError, Uri

STRANDED_S: Final = 120.0
"""So long a peer may take to come back, by a request in the call or by registering again: a phone notices within this
time that its connection is gone (RFC 5626 4.4.1). If its media is gone, too, the call ends before.
"""


@dataclass(frozen=True, slots=True)
class Stranded:
    """A deadline of one call."""

    call: Session

    def wake(self, now: float) -> None:
        if self.call.is_stranded:
            self.call.give_up(now)


def watch_stranded(endpoint: Endpoint, now: float) -> None:
    """A connection broke: whose call has no way left gets its deadline."""
    for call in endpoint.calls:
        if isinstance(call, Session) and call.is_stranded:
            endpoint.sleepers.set(Stranded(call), now + STRANDED_S)


def welcome_back(endpoint: Endpoint, registered: Iterable[tuple[str, Address]]) -> None:
    """Who lost its connection registers the Contact that it has in its calls again, by the next one."""
    places = {Uri.parse(uri): source for uri, source in registered if source.transport is not Transport.UDP}
    for call in endpoint.calls if places else ():
        if isinstance(call, Session) and call.is_stranded and (place := _place(places, call.peer)) is not None:
            call.came_back(place)


def _place(places: Mapping[Uri, Address], peer: str) -> Address | None:
    try:
        return places.get(Uri.parse(peer))
    except AddressError:
        return None
