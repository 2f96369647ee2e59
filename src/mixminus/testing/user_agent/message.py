"""SIP messages as phones write and read them (RFC 3261 section 7), by plain string handling.

Header values stay text; the few structured ones have a function here each.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from mixminus.testing.errors import PhoneError
from mixminus.testing.network import Address

_COMPACT: Final = {
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "f": "from",
    "k": "supported",
    "t": "to",
    "v": "via",
}  # RFC 3261 7.3.3
_QUOTED_OR_COMMA: Final = re.compile(r'"(?:\\.|[^"\\])*"|<[^>]*>|,')
_PARAMETER: Final = re.compile(r';\s*([^\s=;,]+)\s*(?:=\s*("(?:\\.|[^"\\])*"|[^\s;,]*))?')
REASONS: Final = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    503: "Service Unavailable",
    603: "Decline",
}


class SipSyntaxError(PhoneError):
    """The bytes are no SIP message."""


@dataclass(slots=True)
class Headers:
    """Ordered, names without case, repeats kept."""

    pairs: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, value: str) -> None:
        self.pairs.append((name, value))

    def put(self, name: str, value: str) -> None:
        """Set the only value of a header."""
        self.pairs = [pair for pair in self.pairs if pair[0].lower() != name.lower()]
        self.pairs.append((name, value))

    def get(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.pairs if key.lower() == name.lower()), default)

    def all(self, name: str) -> list[str]:
        """Every value of a header as it stands, one per line."""
        return [value for key, value in self.pairs if key.lower() == name.lower()]

    def listed(self, name: str) -> list[str]:
        """Every value of a header, with comma-separated lists taken apart (not for challenges)."""
        return [part for value in self.all(name) for part in split_list(value)]


@dataclass(slots=True)
class Request:
    method: str
    uri: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def __bytes__(self) -> bytes:
        return _written(f"{self.method} {self.uri} SIP/2.0", self.headers, self.body)


@dataclass(slots=True)
class Response:
    status: int
    reason: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    def __bytes__(self) -> bytes:
        return _written(f"SIP/2.0 {self.status} {self.reason}", self.headers, self.body)


Message = Request | Response


def parse_message(data: bytes) -> Message:
    """Read one whole message. Raises `SipSyntaxError`; headers that nobody asks for may be anything."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace")).split("\r\n")
    headers = Headers()
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise SipSyntaxError(f"not a header: {line!r}")
        name = name.strip()
        headers.add(_COMPACT.get(name.lower(), name), value.strip())
    length = headers.get("Content-Length")
    body = body[: int(length)] if length.isdigit() else body
    if any(not headers.get(name) for name in ("Via", "From", "To", "Call-ID", "CSeq")):
        raise SipSyntaxError("a mandatory header is missing (RFC 3261 8.1.1)")
    words = first.split(" ", 2)
    if len(words) >= 2 and words[0] == "SIP/2.0" and words[1].isdigit():
        return Response(int(words[1]), words[2] if len(words) > 2 else "", headers, body)
    if len(words) == 3 and words[2] == "SIP/2.0":
        return Request(words[0], words[1], headers, body)
    raise SipSyntaxError(f"neither request nor response: {first!r}")


def respond(request: Request, status: int, to_tag: str = "", reason: str = "") -> Response:
    """A response with the headers that RFC 3261 8.2.6.2 copies."""
    headers = Headers([pair for pair in request.headers.pairs if pair[0].lower() in ("via", "record-route")])
    to = request.headers.get("To")
    if to_tag and not parameter(to, "tag"):
        to += f";tag={to_tag}"
    headers.add("From", request.headers.get("From"))
    headers.add("To", to)
    headers.add("Call-ID", request.headers.get("Call-ID"))
    headers.add("CSeq", request.headers.get("CSeq"))
    return Response(status, reason or REASONS.get(status, "Other"), headers)


def split_list(value: str) -> list[str]:
    """Take a comma-separated header value apart; commas in quotes and in angle brackets do not count."""
    parts, begin = [], 0
    for match in _QUOTED_OR_COMMA.finditer(value):
        if match[0] == ",":
            parts.append(value[begin : match.start()])
            begin = match.end()
    return [part.strip() for part in [*parts, value[begin:]] if part.strip()]


def parameter(value: str, name: str) -> str:
    """A parameter after the address (or of a Via); empty when absent."""
    tail = value.rpartition(">")[2] if ">" in value else value
    found: Iterable[tuple[str, str]] = _PARAMETER.findall(tail)
    return next((text.strip('"') for key, text in found if key.lower() == name.lower()), "")


def uri_of(value: str) -> str:
    """The URI of a name-addr or addr-spec."""
    if "<" in value:
        return value.partition("<")[2].partition(">")[0]
    return value.partition(";")[0].strip()


def address_of(uri: str) -> Address:
    """Host and port of a SIP URI, 5060 by default. Raises `SipSyntaxError`."""
    match = re.match(r"sips?:(?:[^@]*@)?(\[[^\]]+\]|[^;?:>]+)(?::(\d+))?", uri, re.IGNORECASE)
    if match is None:
        raise SipSyntaxError(f"not a SIP URI: {uri!r}")
    host = match[1].strip("[]")
    return ("127.0.0.1" if host == "localhost" else host, int(match[2] or 5060))


def written(host: str, port: int) -> str:
    """As URIs and Via have it: IPv6 addresses come in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def user_of(uri: str) -> str:
    """The user part of a SIP URI; empty when there is none."""
    match = re.match(r"sips?:([^@;]*)@", uri, re.IGNORECASE)
    return match[1] if match else ""


def cseq_of(message: Message) -> tuple[int, str]:
    """Sequence number and method. Raises `SipSyntaxError`."""
    number, _, method = message.headers.get("CSeq").partition(" ")
    if not number.isdigit():
        raise SipSyntaxError("CSeq is not a number and a method")
    return int(number), method.strip()


def _written(first: str, headers: Headers, body: bytes) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers.pairs if name.lower() != "content-length")]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
