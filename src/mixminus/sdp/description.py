"""Session descriptions: text to values and back, as much of RFC 8866 as audio needs.

Lines of unknown kinds are skipped. Streams of any kind are kept in their places: an answer has to name each of them.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final

from mixminus.base.errors import MixminusError

MAX_SDP_BYTES: Final = 32_768
"""A WebRTC offer with every candidate is below 10 kB; this is generous."""
MAX_STREAMS: Final = 32
MAX_ATTRIBUTES: Final = 1024

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+"
"""RFC 8866 section 9."""
_MEDIA = re.compile(
    rf"(?P<kind>{_TOKEN}) +(?P<port>[0-9]{{1,5}})(?:/[0-9]{{1,5}})? +(?P<protocol>{_TOKEN}(?:/{_TOKEN}){{0,7}})"
    rf"(?P<formats>(?: +{_TOKEN}){{1,128}}) *"
)
_CONNECTION = re.compile(r"IN +IP[46] +(?P<host>[0-9A-Fa-f.:]{2,45})(?:/[0-9/]{1,15})? *")

Attributes = tuple[tuple[str, str], ...]
"""Names and values; a flag such as `sendonly` has the empty value."""


class SdpError(MixminusError):
    """A description that cannot be used; says which line is wrong."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One `m=` line and what belongs to it. `host` is its own `c=` line, if it has one."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    host: str | None = None
    attributes: Attributes = ()

    def value(self, name: str) -> str | None:
        """What its first attribute of that name says; a flag says the empty string. None: there is none."""
        return _first(self.attributes, name)

    def values(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.attributes if key == name)

    @property
    def is_refused(self) -> bool:
        """Port 0 (RFC 3264 6), unless that only says that the stream shares another one's (RFC 9143 6)."""
        return self.port == 0 and self.value("bundle-only") is None


@dataclass(frozen=True, slots=True)
class Description:
    """`origin` is the value of `o=`; `host` the address at session level, for streams that have none."""

    origin: str
    host: str | None
    streams: tuple[Stream, ...]
    attributes: Attributes = ()

    def host_of(self, stream: Stream) -> str:
        """Where that stream wants its packets; raises `SdpError` when the description does not say."""
        host = stream.host or self.host
        if host is None:
            raise SdpError("no c= line for the stream")
        return host

    def values(self, stream: Stream, name: str) -> tuple[str, ...]:
        """A stream's own attributes of that name, or the session's when it has none."""
        return stream.values(name) or tuple(value for key, value in self.attributes if key == name)

    def value(self, stream: Stream, name: str) -> str | None:
        """The first of them."""
        own = stream.value(name)
        return own if own is not None else _first(self.attributes, name)

    def __bytes__(self) -> bytes:
        lines = ["v=0", f"o={self.origin}", "s=-"]
        if self.host is not None:
            lines.append(_connection(self.host))
        lines.append("t=0 0")
        lines += _attribute_lines(self.attributes)
        for stream in self.streams:
            lines.append(f"m={stream.kind} {stream.port} {stream.protocol} {' '.join(stream.formats)}")
            if stream.host is not None:
                lines.append(_connection(stream.host))
            lines += _attribute_lines(stream.attributes)
        return "".join(f"{line}\r\n" for line in lines).encode()


def whole(text: str, most: int) -> int | None:
    """A number in plain ASCII digits, not more of them than *most* has, and not above it; None: it is none."""
    if not text.isascii() or not text.isdigit() or len(text) > len(str(most)):
        return None
    return int(text) if int(text) <= most else None


def address_type(host: str) -> str:
    """`IP4` or `IP6`, for `o=` and `c=`."""
    return "IP6" if ":" in host else "IP4"


def _first(attributes: Attributes, name: str) -> str | None:
    return next((value for key, value in attributes if key == name), None)


def _connection(host: str) -> str:
    return f"c=IN {address_type(host)} {host}"


def _attribute_lines(attributes: Attributes) -> list[str]:
    return [f"a={name}:{value}" if value else f"a={name}" for name, value in attributes]


@dataclass(slots=True)
class _Section:
    """What is being collected: the session level first, then one per `m=` line."""

    media: re.Match[str] | None = None
    host: str | None = None
    attributes: list[tuple[str, str]] = field(default_factory=list)

    def stream(self) -> Stream:
        assert self.media is not None
        port = int(self.media["port"])
        if port > 65535:
            raise SdpError("m= names an impossible port")
        formats = tuple(self.media["formats"].split())
        kind, protocol = self.media["kind"].lower(), self.media["protocol"]
        return Stream(kind, port, protocol, formats, self.host, tuple(self.attributes))


def parse(data: bytes) -> Description:
    """Read a description; raises `SdpError`. Line ends may be LF alone."""
    if len(data) > MAX_SDP_BYTES:
        raise SdpError("description too large")
    # Names and comments may be in any character set; nothing that we read is (RFC 8866 4.5, 5).
    lines = data.decode("utf-8", "replace").replace("\r\n", "\n").rstrip("\n").split("\n")
    if lines[0].rstrip() != "v=0":
        raise SdpError("a description begins with v=0")
    origin = ""
    sections = [_Section()]
    for line in lines[1:]:
        kind, value = line[:2], line[2:].strip()
        match kind:
            case "o=":
                origin = value
            case "c=":
                sections[-1].host = _host(value)
            case "a=":
                name, _, rest = value.partition(":")
                sections[-1].attributes.append((name.strip().lower(), rest.strip()))
            case "m=":
                sections.append(_Section(media=_media(value)))
    if len(sections) > MAX_STREAMS + 1 or sum(len(s.attributes) for s in sections) > MAX_ATTRIBUTES:
        raise SdpError("too many streams or attributes")
    session, *media = sections
    streams = tuple(section.stream() for section in media)
    return Description(origin, session.host, streams, tuple(session.attributes))


def _media(value: str) -> re.Match[str]:
    match = _MEDIA.fullmatch(value)
    if match is None:
        raise SdpError("m= is not valid")
    return match


def _host(value: str) -> str:
    """An IP address. Names are legal in SDP, but nobody sends them, and media cannot wait for a resolver."""
    match = _CONNECTION.fullmatch(value)
    try:
        address = ipaddress.ip_address(match["host"] if match else "")
    except ValueError as error:
        raise SdpError("c= names no IP address") from error
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped  # what is sent there goes out as IPv4 (RFC 4291 2.5.5.2)
    return str(address)
