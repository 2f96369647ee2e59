"""From a `<Stream url>` to the signed request that opens its WebSocket (twiml-and-streams.md 4.2)."""

import ipaddress
from typing import Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from mixminus import __version__
from mixminus.streams.contract import Sign, StreamError, Upgrade
from mixminus.streams.faults import MALFORMED_URL, WRONG_SCHEME

USER_AGENT: Final = f"Mixminus/{__version__}"


def upgrade(url: str, sign: Sign) -> Upgrade:
    """Raises `StreamError` 31922 for another scheme than wss, 31923 for what is no URL.

    `ws` is taken for this very machine alone, where people develop and test: nothing can listen in between.

    The signature covers the URL without its query, and the query's items as if they were a form's: so Twilio's own
    server-side library checks it (twilio-agent-connect, `signature_validation.py`).
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise StreamError(MALFORMED_URL, f"{_shown(url)!r} is not a URL") from None
    if parts.scheme != "wss" and not (parts.scheme == "ws" and host and is_this_machine(host)):
        raise StreamError(WRONG_SCHEME, f"The url of a <Stream> begins with wss://, not {parts.scheme[:20]}://")
    if not host or port == 0 or any(ord(character) <= 0x20 for character in url.strip()):
        raise StreamError(MALFORMED_URL, f"{_shown(url)!r} is not the URL of a WebSocket")
    shown_host = f"[{host}]" if ":" in host else host
    place = shown_host if port is None else f"{shown_host}:{port}"
    bare = urlunsplit((parts.scheme, place, parts.path or "/", "", ""))
    signed = urlunsplit((parts.scheme, place, parts.path, "", ""))
    whole = f"{bare}?{parts.query}" if parts.query else bare
    items = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return Upgrade(whole, (("X-Twilio-Signature", sign(signed, items)), ("User-Agent", USER_AGENT)))


def is_this_machine(host: str) -> bool:
    """Whether a host is a name or an address of the loopback interface."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _shown(url: str) -> str:
    """Without query and user: messages reach logs."""
    return url.partition("?")[0].rpartition("@")[2][:60]
