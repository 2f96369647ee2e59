"""Requests that a datagram would be too large for go by TCP (RFC 3261 18.1.1)."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from mixminus.sip.contract import Address, Listener, Transport
from mixminus.sip.messages.message import Request
from mixminus.sip.messages.uri import AddressError, target_of
from mixminus.sip.places.names import facing

MOST_BYTES: Final = 1300
"""Beyond it a datagram may be cut into fragments on its way, and NATs drop those."""
REMEMBERED_S: Final = 600.0
"""So long a host that refused TCP is sent datagrams of any size."""
MAX_HOSTS: Final = 1000


class LargeRequests:
    """Which of them may go by TCP, and who refused it lately."""

    def __init__(self, listeners: Callable[[], Sequence[Listener]]) -> None:
        self._listeners = listeners
        self._refused_until: OrderedDict[str, float] = OrderedDict()

    def by_stream(self, request: Request, size: int, to: Address, now: float) -> tuple[Request, Address] | None:
        """The same request over TCP; None: it goes as it is.

        A phone behind a NAT has no other way than the one that it opened, and we have to be reached by TCP ourselves.
        """
        if size <= MOST_BYTES or to.transport is not Transport.UDP or self._refused_until.get(to.host, 0.0) > now:
            return None
        place = replace(to, transport=Transport.TCP, by=None)
        us = facing(self._listeners(), place)
        if us is None or not _is_direct(request, to):
            return None
        return _over_tcp(request, us), place

    def refused(self, host: str, now: float) -> None:
        """It takes no connections."""
        self._refused_until[host] = now + REMEMBERED_S
        self._refused_until.move_to_end(host)
        if len(self._refused_until) > MAX_HOSTS:
            self._refused_until.popitem(last=False)


def _is_direct(request: Request, to: Address) -> bool:
    """Whether it goes to where it is addressed to, and not to where somebody was seen to speak from."""
    if to.by is None:
        return True
    try:
        target = target_of(request.uri)
    except AddressError:
        return False
    return (target.host, target.port) == (to.host, to.port)


def _over_tcp(request: Request, us: Listener) -> Request:
    """With our name there in its Via; the branch stays."""
    (name, via), *rest = request.headers
    _, semicolon, parameters = via.partition(";")
    top = (name, f"SIP/2.0/TCP {us.sent_by}{semicolon}{parameters}")
    return Request((top, *rest), request.body, request.method, request.uri)
