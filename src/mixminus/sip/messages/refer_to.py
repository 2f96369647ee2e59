"""Where a REFER would have us go (RFC 3515 2.1, RFC 5589, RFC 3892), and what a NOTIFY says of how that went."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote, unquote

from mixminus.base.errors import MixminusError
from mixminus.sip.messages.message import REASONS, Request, decimal
from mixminus.sip.messages.replaces import CannotReplace, Replaces
from mixminus.sip.messages.uri import AddressError, NameAddr, Uri

FRAGMENT: Final = "message/sipfrag"
FRAGMENT_TYPE: Final = ("Content-Type", f"{FRAGMENT};version=2.0")
"""RFC 3420; the version is what RFC 3515 2.4.5 writes."""
HEADER_NAME: Final = re.compile(r"X-[A-Za-z0-9_.!%*+`'~-]+|User-to-User", re.IGNORECASE)
MAX_HEADERS: Final = 20
"""Headers of an address that are looked at."""


class Unreferable(MixminusError):
    """A REFER to be refused with `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(f"REFER refused: {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class ReferTo:
    """Whom to call instead. `headers` are those of the address that may go into our INVITE."""

    uri: str
    replaces: Replaces | None
    headers: Mapping[str, str]

    @classmethod
    def of(cls, request: Request) -> Self:
        """Raises `Unreferable`: 400 unless there is one Refer-To that can be read, 416 for another kind of address,
        603 for anything but an INVITE (RFC 3515 2.4.2).
        """
        values = request.all("Refer-To")
        if len(values) != 1:
            raise Unreferable(400)
        try:
            address = Uri.parse(NameAddr.parse(values[0]).uri)
        except AddressError as error:
            raise Unreferable(416 if error.unknown_scheme else 400) from error
        if address.parameters.get("method", "INVITE").upper() != "INVITE":
            raise Unreferable(603)
        plain, _, query = address.text.partition("?")
        headers = _headers(query)
        replaces = next((value for name, value in headers.items() if name.lower() == "replaces"), None)
        try:
            return cls(_without_method(plain), Replaces.parse(replaces) if replaces else None, _allowed(headers))
        except CannotReplace as error:
            raise Unreferable(error.status) from error


def refer_to_value(uri: str, replaces: Replaces | None = None) -> str:
    """The header that names *uri*, in place of a dialog of its."""
    query = f"?Replaces={quote(str(replaces), safe='')}" if replaces else ""
    return f"<{uri}{query}>"


def fragment(status: int, reason: str = "") -> bytes:
    """The body of a NOTIFY: a status line (RFC 3515 2.4.5)."""
    return f"SIP/2.0 {status} {reason or REASONS.get(status, 'Unknown')}\r\n".encode()


def status_in(body: bytes) -> tuple[int, str] | None:
    """Read a status line; None: there is none."""
    line = body[:512].decode("utf-8", "replace").lstrip().splitlines()[:1]
    words = line[0].split(" ", 2) if line else []
    if len(words) < 2 or words[0].upper() != "SIP/2.0" or not decimal(words[1], 699) or len(words[1]) != 3:
        return None
    return (int(words[1]), words[2] if len(words) > 2 else "") if int(words[1]) >= 100 else None


def _without_method(uri: str) -> str:
    user, at, place = uri.rpartition("@")
    host, *parameters = place.split(";")
    return user + at + ";".join((host, *(one for one in parameters if not one.lower().startswith("method="))))


def _headers(query: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in query.split("&")[:MAX_HEADERS] if pair)
    return {unquote(name): unquote(value) for name, _, value in pairs}


def _allowed(headers: Mapping[str, str]) -> dict[str, str]:
    """What a stranger may write into a request of ours (RFC 3261 19.1.5): nothing that routes it or signs it."""
    return {name: value for name, value in headers.items() if HEADER_NAME.fullmatch(name)}
