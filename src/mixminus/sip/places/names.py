"""Which of our names a peer is told: that of the listener which faces it (RFC 3261 18.1.1, 20.10)."""

from collections.abc import Sequence

from mixminus.sip.contract import Address, Listener, Transport
from mixminus.sip.messages.uri import bracketed
from mixminus.sip.places.networks import EVERYWHERE, literal, reach


def facing(listeners: Sequence[Listener], far: Address) -> Listener | None:
    """The listener that messages to *far* leave by; None: we do not speak that transport.

    One of its address family comes first, then one that is reached from as far away as *far* is: a phone of this site
    is told our address on the site, and a carrier the public one.
    """
    able = [listener for listener in listeners if listener.transport is far.transport]
    return min(able, key=lambda listener: _distance(listener, far), default=None)


def can_reach(listener: Listener, far: Address) -> bool:
    """Whether its socket can send there. Each connection has a socket of its own; a datagram needs its family."""
    if listener.transport is not far.transport:
        return False
    ours, theirs = literal(listener.host), literal(far.host)
    return far.transport is not Transport.UDP or (ours and ours.version) == (theirs and theirs.version)


def contact_uri(listener: Listener, target: str = "") -> str:
    """Our address for later requests. It is `sips:` where that of the far end is (RFC 3261 8.1.1.8, 12.1.1)."""
    where = f"{bracketed(listener.told_host)}:{listener.told_port}"
    if target[:5].lower() == "sips:":
        return f"sips:{where}{';transport=ws' if listener.transport.is_websocket else ''}"
    if listener.transport is Transport.UDP:
        return f"sip:{where}"
    # Secure or not, a WebSocket is `ws` in an address (RFC 7118 5.2.3).
    return f"sip:{where};transport={'ws' if listener.transport.is_websocket else listener.transport}"


def _distance(listener: Listener, far: Address) -> tuple[bool, int]:
    ours, theirs = literal(listener.host), literal(far.host)
    is_foreign = ours is not None and theirs is not None and ours.version != theirs.version
    return is_foreign, abs(_reach(listener.told_host) - _reach(far.host))


def _reach(host: str) -> int:
    """Names are looked up by anybody, and mean a public place more often than not."""
    address = literal(host)
    return EVERYWHERE if address is None else reach(address)
