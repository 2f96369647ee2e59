"""Keys that a phone tells by INFO, as vendors do it (RFC 2976; no info package of RFC 6086 is spoken here)."""

import re
from typing import Final

from mixminus.sip.contract import DialogKey, KeyPressed
from mixminus.sip.endpoint import Endpoint
from mixminus.sip.messages.message import HeaderLines, Request
from mixminus.sip.transactions.transaction_layer import ServerTransaction

KEYS: Final = "0123456789*#ABCD"
"""In the order of RFC 4733's events: some phones send `Signal=11` for `#`."""
ACCEPTED: Final = ("Accept", "application/dtmf-relay, application/dtmf")

_SIGNAL: Final = re.compile(r"^[ \t]*signal[ \t]*=[ \t]*([0-9A-D*#]{1,2})[ \t]*\r?$", re.I | re.M)


def key_of(kind: str, body: bytes) -> str | None:
    """The key in a body of type *kind*; None: there is none that we know."""
    text = body[:200].decode("ascii", "replace")
    if kind == "application/dtmf-relay":
        found = _SIGNAL.search(text)
        return _key(found[1]) if found else None
    return _key(text.strip())


def _key(text: str) -> str | None:
    text = text.upper()
    if len(text) == 1 and text in KEYS:
        return text
    return KEYS[int(text)] if text.isascii() and text.isdigit() and int(text) < len(KEYS) else None


def take_info(endpoint: Endpoint, dialog: DialogKey, server: ServerTransaction, now: float) -> None:
    """Answer an INFO, and tell the owner of the key in it. Without a body it is a keep-alive."""
    status, headers = _judged(server.request)
    endpoint.answer(server, status, now, headers=headers)
    if status == 200 and (key := key_of(server.request.word("Content-Type"), server.request.body)) is not None:
        endpoint.emit(KeyPressed(dialog, key))


def _judged(request: Request) -> tuple[int, HeaderLines]:
    if request.get("Info-Package") is not None:
        return 469, (("Recv-Info", ""),)  # RFC 6086 4.2.2: none at all
    if not request.body:
        return 200, ()
    kind = request.word("Content-Type")
    if kind not in ("application/dtmf-relay", "application/dtmf"):
        return 415, (ACCEPTED,)
    return (200, ()) if key_of(kind, request.body) is not None else (400, ())
