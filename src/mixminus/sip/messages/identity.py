"""What the network says of a call besides From: who it is, and who sent it on (RFC 3325, RFC 5806, RFC 7044).

Anybody can write these headers: they are believed from trunks and from this machine only.
"""

import itertools
import re
from typing import Final

from mixminus.sip.messages.message import Request
from mixminus.sip.messages.uri import Uri, address_in


def asserted(request: Request) -> str | None:
    """The URI that the network vouches for; a number before a name (RFC 3325 9.1). None: nobody, or it is private."""
    if {"id", "user", "header"} & {word.strip().lower() for word in (request.get("Privacy") or "").split(";")}:
        return None
    found = [uri.text for uri in _addresses(request, "P-Asserted-Identity")]
    numbers = [uri for uri in found if uri.startswith("tel:")]
    return next(iter(numbers + found), None)


_VERSTAT: Final = re.compile(
    r";verstat=(?P<word>(?:TN-Validation-(?:Passed|Failed)(?:-[ABC])?|No-TN-Validation))(?=[;@>?]|$)"
)


def verstat(request: Request) -> str | None:
    """What the network found out about the caller's number: a parameter of it (3GPP TS 24.229 7.2A.20). The level of
    attestation is in the word itself or in a header of its own.
    """
    for value in (*request.all("P-Asserted-Identity"), request.get("From") or ""):
        if (found := _VERSTAT.search(value)) is not None:
            level = (request.get("P-Attestation-Indicator") or "").strip().upper()
            word = found["word"]
            return f"{word}-{level}" if level in ("A", "B", "C") and word.endswith("ed") else word
    return None


def forwarded_from(request: Request) -> str | None:
    """Who diverted the call last: the number, or the user."""
    diversions = [uri.user for uri in _addresses(request, "Diversion") if uri.user]
    return diversions[0] if diversions else _by_history(request)


def _by_history(request: Request) -> str | None:
    """The last entry that was left for a cause: it has a Reason, or the next names the cause (RFC 4458, 7044 10)."""
    entries = _addresses(request, "History-Info")
    for left, target in reversed(list(itertools.pairwise(entries))):
        reason = "reason=" in left.text.partition("?")[2].lower()
        if left.user and left.user != target.user and (reason or "cause" in target.parameters):
            return left.user
    return None


def _addresses(request: Request, header: str) -> list[Uri]:
    return [uri for value in request.all(header) if (uri := address_in(value)) is not None]
