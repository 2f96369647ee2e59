"""SIP messages: bytes to values and back (RFC 3261 7, 20).

A message keeps its header lines as they came, in order: what we repeat (Via, Record-Route, tags) goes back exactly as
it was written. The few values that every layer asks for (`via`, `cseq`, tags) are read on demand, once.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from mixminus.base.errors import MixminusError
from mixminus.sip.messages.uri import AddressError, NameAddr, address_in, parse_parameters, split_outside_quotes

HeaderLines = tuple[tuple[str, str], ...]

MAX_MESSAGE_BYTES: Final = 65_535
"""The longest UDP datagram; the same limit holds for a TCP stream."""
MAX_HEADERS: Final = 256
"""Far above any real message; bounds the work that one datagram can cause."""
MAX_REASON: Final = 256
"""Characters of Reason headers that are kept."""
MAGIC_COOKIE: Final = "z9hG4bK"
"""What branches begin with since RFC 3261 (8.1.1.7)."""
MAX_CSEQ: Final = 2**31 - 1
"""RFC 3261 8.1.1.5."""

REASONS: Final = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 183: "Session Progress",
    200: "OK", 202: "Accepted", 302: "Moved Temporarily", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 407: "Proxy Authentication Required",
    408: "Request Timeout", 413: "Request Entity Too Large", 415: "Unsupported Media Type",
    416: "Unsupported URI Scheme", 420: "Bad Extension", 422: "Session Interval Too Small", 423: "Interval Too Brief",
    430: "Flow Failed", 439: "First Hop Lacks Outbound Support",
    480: "Temporarily Unavailable", 469: "Bad Info Package",
    481: "Call/Transaction Does Not Exist", 482: "Loop Detected",
    483: "Too Many Hops", 484: "Address Incomplete", 486: "Busy Here", 487: "Request Terminated",
    488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending", 500: "Server Internal Error",
    503: "Service Unavailable", 504: "Server Time-out", 505: "Version Not Supported",
    513: "Message Too Large", 600: "Busy Everywhere", 603: "Decline",
}  # fmt: skip

_NAMES = [
    "Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Content-Length", "Content-Type",
    "Content-Encoding", "Route", "Record-Route", "Require", "Proxy-Require", "Supported", "Unsupported", "Allow",
    "Accept", "Expires", "Min-Expires", "User-Agent", "Server", "Authorization", "Proxy-Authorization",
    "WWW-Authenticate", "Proxy-Authenticate", "Reason", "Retry-After", "Session-Expires", "Min-SE", "RSeq",
    "RAck", "Subject", "Date", "P-Asserted-Identity", "Privacy", "Diversion", "History-Info",
    "Path", "Service-Route", "User-to-User", "Identity",
    "Refer-To", "Referred-By", "Refer-Sub", "Replaces", "Target-Dialog", "Event", "Subscription-State",
    "Allow-Events",
]  # fmt: skip
_COMPACT = {
    "v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact", "l": "Content-Length", "c": "Content-Type",
    "e": "Content-Encoding", "k": "Supported", "s": "Subject", "x": "Session-Expires", "r": "Refer-To",
    "b": "Referred-By", "o": "Event", "u": "Allow-Events", "y": "Identity",
}  # fmt: skip
_CANONICAL = {name.lower(): name for name in _NAMES} | _COMPACT

_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_CONTROL = re.compile(r"(?<!\\)[\x00-\x08\x0b-\x1f\x7f]|[\r\n]")
"""A backslash makes all but the ends of lines part of a quoted text (RFC 3261 25.1, quoted-pair)."""
_FOLD = re.compile(r"\r\n[ \t]+")
_VIA = re.compile(
    r"SIP ?/ ?[0-9]{1,4}\.[0-9]{1,4} ?/ ?(?P<transport>[A-Za-z0-9-]+) "
    r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]) ?(?:: ?(?P<port>[0-9]{1,5}))? ?(?P<rest>;.*)?"
)


class SipError(MixminusError):
    """Bytes that are no SIP message we can use."""


class MalformedMessage(SipError):
    """Nothing in it can be answered: drop it and count it."""


class BadRequest(SipError):
    """A request that is wrong but readable enough to be answered with `status`."""

    def __init__(self, request: "Request", status: int, message: str) -> None:
        super().__init__(message)
        self.request = request
        self.status = status


@dataclass(frozen=True, slots=True)
class Via:
    """Where a message came from, and where its answer goes (RFC 3261 20.42, RFC 3581)."""

    transport: str
    host: str
    port: int | None
    branch: str
    wants_rport: bool

    @property
    def is_of_rfc_2543(self) -> bool:
        """Its branch is not unique, if it has any; the cookie alone is none (RFC 3261 8.1.1.7, RFC 4475 3.2.1)."""
        return not self.branch.removeprefix(MAGIC_COOKIE) or not self.branch.startswith(MAGIC_COOKIE)

    @classmethod
    def parse(cls, text: str) -> "Via":
        # One space for many: runs of them would cost the pattern quadratic time.
        match = _VIA.fullmatch(" ".join(text.split()))
        if match is None:
            raise MalformedMessage("Via is not valid")
        parameters = parse_parameters(match["rest"] or "")
        port = int(match["port"]) if match["port"] else None
        if port is not None and not 0 < port < 65536:
            raise MalformedMessage("Via names an impossible port")
        transport = match["transport"].upper()
        return cls(transport, match["host"].lower(), port, parameters.get("branch", ""), "rport" in parameters)


@dataclass(frozen=True, slots=True)
class CSeq:
    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        number, _, method = text.partition(" ")
        method = method.strip()
        if not decimal(number, MAX_CSEQ) or not _TOKEN.fullmatch(method):
            raise MalformedMessage("CSeq is not valid")
        return cls(int(number), method)

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@dataclass(frozen=True)
class Message:
    """What requests and responses share. Not slotted: the values read from its headers are kept beside them."""

    headers: HeaderLines
    body: bytes

    def get(self, name: str) -> str | None:
        """The first value of that header, or None. *name* is spelled as RFC 3261 does."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def all(self, name: str) -> list[str]:
        """Every value of a header that may be a list, whether on one line or on several."""
        found: list[str] = []
        for key, value in self.headers:
            if key == name:
                found += split_outside_quotes(value, ",") if "," in value else [value]
        return found

    def lines(self, name: str) -> list[str]:
        """Every line of a header whose values contain commas of their own, such as challenges."""
        return [value for key, value in self.headers if key == name]

    def word(self, name: str) -> str:
        """What that header says before its parameters, in lower case: `application/sdp`; empty: there is none."""
        return (self.get(name) or "").partition(";")[0].strip().lower()

    @cached_property
    def via(self) -> Via:
        """The topmost one."""
        vias = self.all("Via")
        if not vias:
            raise MalformedMessage("no Via")
        return Via.parse(vias[0])

    @cached_property
    def cseq(self) -> CSeq:
        return CSeq.parse(self._required("CSeq"))

    @cached_property
    def call_id(self) -> str:
        return self._required("Call-ID")

    @cached_property
    def from_(self) -> NameAddr:
        return self._address("From")

    @cached_property
    def to(self) -> NameAddr:
        return self._address("To")

    @cached_property
    def contact(self) -> str | None:
        """The address in the first Contact, or None when there is no usable one."""
        first = next(iter(self.all("Contact")), "")
        uri = address_in(first)
        return uri.text if uri is not None else None

    def options(self, name: str) -> frozenset[str]:
        """The option tags of `Supported` or `Require`, in lower case."""
        return frozenset(value.lower() for value in self.all(name))

    @property
    def retry_after_s(self) -> int | None:
        """20.33: a number, perhaps with a comment and parameters."""
        found = re.match(r"[0-9]{1,10}", self.get("Retry-After") or "")
        return int(found[0]) if found else None

    @property
    def why(self) -> str | None:
        """The reasons that a BYE or CANCEL gives (RFC 3326), as text of a bounded length."""
        return clean(", ".join(self.lines("Reason")))[:MAX_REASON] or None

    @property
    def sdp(self) -> bytes | None:
        return self.body or None

    def accepts(self, kind: str) -> bool:
        """Whether the sender could read a body of that kind; where it does not say, it can (20.1)."""
        if self.get("Accept") is None:
            return True
        ranges = {value.partition(";")[0].strip().lower() for value in self.all("Accept")}
        return bool(ranges & {kind, f"{kind.partition('/')[0]}/*", "*/*"})

    def _required(self, name: str) -> str:
        value = self.get(name)
        if not value:
            raise MalformedMessage(f"no {name}")
        return value

    def _address(self, name: str) -> NameAddr:
        try:
            return NameAddr.parse(self._required(name))
        except AddressError as error:
            raise MalformedMessage(f"{name} is not valid") from error

    def _encode(self, start_line: str) -> bytes:
        lines = [start_line]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("utf-8", "replace") + self.body


@dataclass(frozen=True)
class Request(Message):
    method: str
    uri: str

    def __bytes__(self) -> bytes:
        return self._encode(f"{self.method} {self.uri} SIP/2.0")

    def came_from(self, host: str, port: int) -> "Request":
        """The request with `received` and `rport` written into its topmost Via (RFC 3261 18.2.1, RFC 3581 4)."""
        via = self.via
        if not via.wants_rport and via.host == host:
            return self
        top, *others = self.all("Via")
        kept = [p for p in split_outside_quotes(top, ";") if p.partition("=")[0].lower() not in ("rport", "received")]
        kept.append(f"received={host}")
        if via.wants_rport:
            kept.append(f"rport={port}")
        vias = (("Via", ";".join(kept)), *(("Via", value) for value in others))
        rest = tuple(line for line in self.headers if line[0] != "Via")
        return Request(vias + rest, self.body, self.method, self.uri)


@dataclass(frozen=True)
class Response(Message):
    status: int
    reason: str

    def __bytes__(self) -> bytes:
        return self._encode(f"SIP/2.0 {self.status} {self.reason}")


def decimal(text: str, largest: int) -> bool:
    """Whether *text* is a plain ASCII number up to *largest*."""
    return text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= largest


def parse(data: bytes) -> Request | Response:
    """Read one message; raises `MalformedMessage`, or `BadRequest` when the sender deserves an answer."""
    if len(data) > MAX_MESSAGE_BYTES:
        raise MalformedMessage("message too large")
    head, end, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not end:
        raise MalformedMessage("headers have no end")
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        raise MalformedMessage("headers are not UTF-8") from error
    if "\r\n " in text or "\r\n\t" in text:
        text = _FOLD.sub(" ", text)
    start_line, *lines = text.split("\r\n")
    if _CONTROL.search(start_line) or len(lines) > MAX_HEADERS:
        raise MalformedMessage("control characters, or too many headers")
    headers = tuple(_header(line) for line in lines)
    message = _start(start_line, headers, body)
    _check(message)
    return _trimmed(message)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    name = name.strip(" \t")
    if not colon or not _TOKEN.fullmatch(name) or _CONTROL.search(value):
        raise MalformedMessage("a header line is not valid")
    return _CANONICAL.get(name.lower(), name), value.strip(" \t")


def _start(line: str, headers: HeaderLines, body: bytes) -> Request | Response:
    first, _, rest = line.rstrip(" ").partition(" ")
    if first == "SIP/2.0":
        status, _, reason = rest.partition(" ")
        if not decimal(status, 699) or int(status) < 100 or len(status) != 3:
            raise MalformedMessage("status is not valid")
        return Response(headers, body, int(status), reason)
    uri, _, version = rest.rpartition(" ")
    if not _TOKEN.fullmatch(first) or not uri or not version.upper().startswith("SIP/"):
        raise MalformedMessage("neither a request nor a response")
    request = Request(headers, body, first, uri.strip())
    if version.upper() != "SIP/2.0":
        raise BadRequest(_answerable(request), 505, "SIP version")
    return request


def _answerable(request: Request) -> Request:
    """Reads what an answer repeats. Raises `MalformedMessage` when there is no way back, else `BadRequest`."""
    _ = request.via
    try:
        _ = request.cseq, request.call_id, request.from_, request.to
        for via in request.all("Via")[1:]:
            Via.parse(via)
    except MalformedMessage as error:
        raise BadRequest(request, 400, str(error)) from error
    return request


def _check(message: Request | Response) -> None:
    if isinstance(message, Response):
        _ = message.via, message.cseq, message.call_id, message.from_, message.to
        return
    _answerable(message)
    if message.cseq.method != message.method:
        raise BadRequest(message, 400, "CSeq names another method")
    names = [name for name, _ in message.headers]
    for name in ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length"):
        if names.count(name) > 1:
            raise BadRequest(message, 400, f"more than one {name}")
    if not message.from_.tag and not message.via.is_of_rfc_2543:
        raise BadRequest(message, 400, "From has no tag")


def _trimmed(message: Request | Response) -> Request | Response:
    """The body cut to Content-Length; a datagram that ends before it is refused (RFC 3261 18.3)."""
    length = message.get("Content-Length")
    headers = tuple(line for line in message.headers if line[0] != "Content-Length")
    size = len(message.body) if length is None else -1
    if length is not None and decimal(length, len(message.body)):
        size = int(length)
    if isinstance(message, Request):
        if size < 0:
            raise BadRequest(message, 400, "Content-Length")
        return Request(headers, message.body[:size], message.method, message.uri)
    if size < 0:
        raise MalformedMessage("Content-Length")
    return Response(headers, message.body[:size], message.status, message.reason)


def extra_headers(headers: Mapping[str, str]) -> HeaderLines:
    """Header lines that somebody outside named. Raises `SipError`: a name that is no token."""
    for name in headers:
        if not _TOKEN.fullmatch(name):
            raise SipError("a header name is not valid")
    return tuple((name, clean(value)) for name, value in headers.items())


def clean(text: str) -> str:
    """Text that may stand in a header: no control characters, so no line of its own."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()
