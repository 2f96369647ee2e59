"""Headers that applications and phones pass to each other through us: `X-…`, User-to-User (RFC 7433), and few others.

Values go as they came, their `encoding` included: what they mean is between the two ends.
"""

import re
from collections.abc import Iterable
from typing import Final

from mixminus.sip.messages.message import HeaderLines, SipError

MAX_OUT: Final = 1_024
"""Characters of all names and values together, as Twilio has it."""
MAX_IN: Final = 8_192
"""Of what an INVITE may put into each webhook of its call."""

_PASSED_IN: Final = re.compile(r"x-[!-9;-~]+|user-to-user", re.IGNORECASE)
_PASSED_OUT: Final = re.compile(
    r"X-[A-Za-z0-9_.!%*+`'~-]+|User-to-User|Remote-Party-ID|P-Preferred-Identity|P-Called-Party-ID", re.IGNORECASE
)
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f]")


class BadHeader(SipError):
    """A header that may not be passed: its name is the network's business, or its value a line of its own."""


class LongHeaders(SipError):
    """More than `MAX_OUT`."""


def received(headers: HeaderLines) -> dict[str, str]:
    """What an INVITE passes to the application. Lines of one name are one list (RFC 3261 7.3.1; RFC 7433 4.1)."""
    found: dict[str, str] = {}
    names: dict[str, str] = {}
    room = MAX_IN
    for name, value in headers:
        if not _PASSED_IN.fullmatch(name) or len(name) + len(value) > room:
            continue
        room -= len(name) + len(value)
        first = names.setdefault(name.lower(), name)
        found[first] = f"{found[first]}, {value}" if first in found else value
    return found


def passed_on(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What an application passes to a phone. Raises `BadHeader` and `LongHeaders`."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if not _PASSED_OUT.fullmatch(name) or _UNSAFE.search(value):
            raise BadHeader(f"the header {name[:40]!r} must not be passed: X-… and User-to-User may")
        found[name] = f"{found[name]}, {value}" if name in found else value
    if sum(len(name) + len(value) for name, value in found.items()) > MAX_OUT:
        raise LongHeaders(f"headers have more than {MAX_OUT} characters together")
    return found


def only_passed_on(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Of pairs that mean something else, too, those that are such headers; nothing where they are too many."""
    try:
        return passed_on(
            (name, value) for name, value in pairs if _PASSED_OUT.fullmatch(name) and not _UNSAFE.search(value)
        )
    except LongHeaders:
        return {}
