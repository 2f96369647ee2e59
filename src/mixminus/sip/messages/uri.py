"""SIP and TEL addresses: `sip:user@host:5060;lr` and `"Name" <sip:…>;tag=…` (RFC 3261 19.1, 20.10; RFC 3966).

Reading is lenient where phones are (`#` and `*` unescaped in a user, `_` in a host name) and keeps the text as it
was: an address is compared and repeated as its owner wrote it, never as we would have written it.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from mixminus.base.errors import MixminusError
from mixminus.sip.contract import Address, Transport

_TRANSPORTS: Final = frozenset(Transport)
MAX_CACHED: Final = 256
"""Characters; hardly any real address is longer."""

HOST_NAME = r"[A-Za-z0-9._-]+"
IPV6_REFERENCE = r"\[[0-9A-Fa-f:.]{2,45}\]"
HOST_PORT = re.compile(rf"(?P<host>{HOST_NAME}|{IPV6_REFERENCE})(?::(?P<port>[0-9]{{1,5}}))?")
VISUAL_SEPARATORS = re.compile(r"[-.()]")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""May be quoted in a display name (RFC 3261 25.1), and is nothing to show to anybody."""
ILLEGAL = re.compile(r'[\x00-\x20\x7f<>"]')
USER_SAFE: Final = "-_.!~*'()&=+$,/"


class AddressError(MixminusError):
    """Text that is no address of a kind we know; `unknown_scheme` tells 416 from 400 (RFC 3261 8.2.2.1)."""

    def __init__(self, message: str, *, unknown_scheme: bool = False) -> None:
        super().__init__(message)
        self.unknown_scheme = unknown_scheme


@dataclass(frozen=True, slots=True)
class Uri:
    """One address. `text` is what was read; `user` is unescaped; parameter names are in lower case."""

    text: str = field(compare=False)
    scheme: str
    user: str | None
    host: str
    port: int | None
    parameters: Mapping[str, str] = field(compare=False)
    """A parameter without a value, such as `lr`, maps to the empty text."""

    @classmethod
    def parse(cls, text: str) -> "Uri":
        """Read one address; raises `AddressError`."""
        # Long ones are read each time: strangers must not fill the cache with them.
        return _cached(text) if len(text) <= MAX_CACHED else _read(text)

    @property
    def transport(self) -> Transport:
        """What the address says, else UDP; a `sips:` one is for TLS, under a WebSocket or alone (RFC 3263 4.1)."""
        said = self.parameters.get("transport", "").lower()
        if self.scheme == "sips":
            return Transport.WSS if said in (Transport.WS, Transport.WSS) else Transport.TLS
        return Transport(said) if said in _TRANSPORTS else Transport.UDP

    def __str__(self) -> str:
        return self.text


def _read(text: str) -> Uri:
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon or not rest or ILLEGAL.search(text):
        raise AddressError("not an address")
    if scheme == "tel":
        number, *parameters = rest.split(";")
        return Uri(text, scheme, VISUAL_SEPARATORS.sub("", number), "", None, _parameters(parameters))
    if scheme not in ("sip", "sips"):
        raise AddressError("address of a kind we do not speak", unknown_scheme=True)
    # A user may contain `;` and `?`; nothing after it may contain an `@` (RFC 3261 25.1).
    user_info, at, rest = rest.rpartition("@")
    rest = rest.partition("?")[0]
    host_port, *parameters = rest.split(";")
    match = HOST_PORT.fullmatch(host_port)
    if match is None or (at and not user_info):
        raise AddressError("address without a usable host")
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 65536:
        raise AddressError("address with an impossible port")
    user = unquote(user_info.partition(":")[0]) if at else None
    return Uri(text, scheme, user, match["host"].lower(), port, _parameters(parameters))


_cached = lru_cache(maxsize=4096)(_read)


def _parameters(items: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in items:
        name, _, value = item.partition("=")
        found.setdefault(name.strip().lower(), unquote(value.strip()))
    return found


@dataclass(frozen=True, slots=True)
class NameAddr:
    """The value of From, To, Contact, Route: a display name, an address, header parameters."""

    display: str
    uri: str
    parameters: Mapping[str, str]

    @property
    def tag(self) -> str | None:
        return self.parameters.get("tag") or None

    @classmethod
    def parse(cls, text: str) -> "NameAddr":
        """Read one value; raises `AddressError`. The address inside is checked only when somebody parses it."""
        display, rest = _display(text.strip())
        if rest.startswith("<"):
            uri, closing, tail = rest[1:].partition(">")
            if not closing:
                raise AddressError("address with an open bracket")
        else:
            # Without brackets every parameter belongs to the header (RFC 3261 20.10).
            uri, semicolon, tail = rest.partition(";")
            tail = semicolon + tail
            if "?" in uri:  # nor may it have headers then
                raise AddressError("address with headers needs brackets")
        uri = uri.strip()
        if not uri:
            raise AddressError("empty address")
        return cls(display, uri, parse_parameters(tail))


def address_in(value: str) -> Uri | None:
    """The address in a value of Route, Contact and the like; None: it cannot be read."""
    try:
        return Uri.parse(NameAddr.parse(value).uri)
    except AddressError:
        return None


def _display(text: str) -> tuple[str, str]:
    if text.startswith('"'):
        end = 1
        while end < len(text) and text[end] != '"':
            end += 2 if text[end] == "\\" else 1
        if end >= len(text):
            raise AddressError("display name with an open quote")
        return CONTROL.sub("", re.sub(r"\\(.)", r"\1", text[1:end])), text[end + 1 :].lstrip()
    name, bracket, rest = text.partition("<")
    return (name.strip(), bracket + rest) if bracket else ("", text)


def parse_parameters(text: str) -> dict[str, str]:
    """Read `;name=value;name="quoted"`. Names come out in lower case, quotes are taken off."""
    if not text.strip():
        return {}
    found: dict[str, str] = {}
    for item in split_outside_quotes(text, ";"):
        name, _, value = item.partition("=")
        if name := name.strip().lower():
            found.setdefault(name, value.strip().strip('"'))
    return found


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """Split at a separator that stands neither in quotes nor in angle brackets; pieces are stripped."""
    if '"' not in text and "<" not in text:
        return [piece.strip() for piece in text.split(separator)]
    pieces, start, quoted, bracketed, position = [], 0, False, False, 0
    while position < len(text):
        char = text[position]
        if quoted and char == "\\":
            position += 1
        elif char == '"' and not bracketed:
            quoted = not quoted
        elif not quoted and char in "<>":
            bracketed = char == "<"
        elif char == separator and not quoted and not bracketed:
            pieces.append(text[start:position].strip())
            start = position + 1
        position += 1
    pieces.append(text[start:].strip())
    return pieces


def name_addr(display: str, uri: str) -> str:
    """Write `"Display" <uri>`, or `<uri>` when there is no name."""
    if not display:
        return f"<{uri}>"
    escaped = display.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{uri}>'


def sip_uri(user: str, host: str, port: int | None = None) -> str:
    """Write an address, escaping what a user part may not contain."""
    suffix = "" if port is None else f":{port}"
    return f"sip:{quote(user, safe=USER_SAFE)}@{bracketed(host)}{suffix}"


def at_host_of(uri: str, user: str) -> str:
    """Somebody else at the host of *uri*; without a *user* the domain itself, as REGISTER wants it (RFC 3261 10.2).

    Port and transport stay unsaid where *uri* does not say them: the DNS does (RFC 3263 4).
    """
    host = Uri.parse(uri)
    at = f"{quote(user, safe=USER_SAFE)}@" if user else ""
    port = f":{host.port}" if host.port else ""
    transport = f";transport={host.parameters['transport']}" if "transport" in host.parameters else ""
    return f"{host.scheme}:{at}{host.host}{port}{transport}"


def hosts_of(uris: Iterable[str]) -> frozenset[str]:
    """The hosts of those that are addresses."""
    found = set()
    for uri in uris:
        with suppress(AddressError):
            found.add(Uri.parse(uri).host.strip("[]"))
    return frozenset(found)


def bracketed(host: str) -> str:
    """An IPv6 address needs brackets in front of a port."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def called_number(request_uri: str) -> str:
    """The number in a request-URI: the user part, unescaped, without parameters that phones put inside it. Raises
    `AddressError`.
    """
    return (Uri.parse(request_uri).user or "").partition(";")[0]


def target_of(uri: str) -> Address:
    """Where an address points; the host may still be a name. Raises `AddressError`: `tel:` points nowhere, and
    `sips:` must not be sent in the clear (RFC 5630 3.1.1).
    """
    parsed = Uri.parse(uri)
    if not parsed.host:
        raise AddressError("a telephone number has no host")
    said = parsed.parameters.get("transport", parsed.transport).lower()
    if said not in _TRANSPORTS or (parsed.scheme == "sips" and said == Transport.UDP):
        raise AddressError("not a transport that is spoken here")
    host = parsed.parameters.get("maddr") or parsed.host
    return Address(parsed.transport, host.strip("[]"), parsed.port or parsed.transport.default_port)
