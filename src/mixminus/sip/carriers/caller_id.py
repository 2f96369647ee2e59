"""Who we say is calling over a trunk (RFC 3261 20.20, RFC 3323, RFC 3325)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mixminus.base.number_rules import rewritten
from mixminus.base.settings import Trunk
from mixminus.sip.messages.uri import sip_uri

ANONYMOUS: Final = frozenset({"anonymous", "restricted", "unavailable", "+266696687", "266696687"})
"""Callers that want to be nobody; the last two spell it on a telephone's keys, as Twilio writes it."""
NOBODY: Final = "sip:anonymous@anonymous.invalid"
"""RFC 3323 4.1.1.3."""
HEADERS: Final[Mapping[str, str | None]] = {
    "from": None,
    "asserted": "P-Asserted-Identity",
    "preferred": "P-Preferred-Identity",
    "private": "P-Asserted-Identity",
}
"""Policy to the header that names the caller to the carrier beside From."""


@dataclass(frozen=True, slots=True)
class Presented:
    """The caller as a trunk is told."""

    from_uri: str
    display: str
    headers: Mapping[str, str]


def presented(trunk: Trunk, caller: str, display: str, host: str, port: int) -> Presented:
    """*caller*, a number or a name, by the trunk's policy; *host* and *port* are ours, if it wants no domain."""
    is_nobody = caller.lower() in ANONYMOUS
    allowed = _allowed(trunk, caller)
    shown = rewritten(allowed, trunk.caller_rules)
    uri = sip_uri(shown, trunk.domain) if trunk.domain else sip_uri(shown, host, port)
    header = HEADERS[trunk.identity]
    names = {header: f"<{uri}>"} if header is not None and allowed.lower() not in ANONYMOUS else {}
    if trunk.identity == "private" or (is_nobody and header is not None):
        return Presented(NOBODY, "Anonymous", {**names, "Privacy": "id"})
    return Presented(uri, display, names)


def _allowed(trunk: Trunk, caller: str) -> str:
    """The caller itself where the trunk takes it, else who stands in."""
    if not trunk.callers:
        return trunk.from_ or caller
    if any(_matches(caller, pattern) for pattern in trunk.callers):
        return caller
    return trunk.from_ or next((pattern for pattern in trunk.callers if not pattern.endswith("*")), caller)


def _matches(caller: str, pattern: str) -> bool:
    return caller.startswith(pattern[:-1]) if pattern.endswith("*") else caller == pattern
