"""What SDP says of ICE (RFC 8839): fragments, passwords, candidates."""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final

from mixminus.sdp.description import Attributes, Description, Stream

HOST_PRIORITY: Final = 126 << 24 | 65_535 << 8 | 255
"""Of a host candidate for RTP on a machine with one address (RFC 8445 5.1.2)."""

MAX_CANDIDATES: Final = 100
"""More than a browser with every network there is has (RFC 8445 6.1.2.5 bounds their pairs so)."""

_CREDENTIALS: Final = r"[A-Za-z0-9+/]"
_FRAGMENT: Final = re.compile(rf"{_CREDENTIALS}{{4,256}}")
_PASSWORD: Final = re.compile(rf"{_CREDENTIALS}{{22,256}}")
_CANDIDATE: Final = re.compile(
    rf"(?P<foundation>{_CREDENTIALS}{{1,32}}) +(?P<component>[0-9]{{1,3}}) +(?P<transport>[A-Za-z0-9-]{{1,16}}) +"
    r"(?P<priority>[0-9]{1,10}) +(?P<host>[^ ]{1,255}) +(?P<port>[0-9]{1,5}) +typ +(?P<kind>[a-z]{1,16})"
    r"(?: +raddr +(?P<related_host>[^ ]{1,255}) +rport +(?P<related_port>[0-9]{1,5}))?(?: .*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address where a side may be reached (RFC 8839 5.1)."""

    foundation: str
    component: int
    """1: RTP; 2: RTCP."""
    priority: int
    host: str
    """An IP address."""
    port: int
    kind: str = "host"
    """`host`, `srflx`, `prflx`, `relay`."""
    transport: str = "udp"
    related: tuple[str, int] | None = None
    """What a reflexive or relayed one stands for."""

    @property
    def text(self) -> str:
        """The value of the attribute."""
        where = f"{self.transport} {self.priority} {self.host} {self.port} typ {self.kind}"
        related = f" raddr {self.related[0]} rport {self.related[1]}" if self.related else ""
        return f"{self.foundation} {self.component} {where}{related}"


@dataclass(frozen=True, slots=True)
class IceEnd:
    """One side of a connectivity check."""

    fragment: str
    password: str = field(repr=False)
    is_lite: bool = False
    candidates: tuple[Candidate, ...] = ()
    is_complete: bool = False
    """`end-of-candidates`: no more will be told (RFC 8840 8.2)."""

    @property
    def attributes(self) -> Attributes:
        """Of the stream; `ice-lite` belongs to the session (RFC 8839 5.3)."""
        found = tuple(("candidate", candidate.text) for candidate in self.candidates)
        end = (("end-of-candidates", ""),) if self.is_complete else ()
        return (("ice-ufrag", self.fragment), ("ice-pwd", self.password), *found, *end)


@dataclass(frozen=True, slots=True)
class AgreedIce:
    """Checks between these two."""

    ours: IceEnd
    theirs: IceEnd

    def is_restarted_by(self, other: "AgreedIce") -> bool:
        """Whether the far end's credentials are new ones (RFC 8839 4.4.1.1.1)."""
        before, after = self.theirs, other.theirs
        return (before.fragment, before.password) != (after.fragment, after.password)


ICE_LITE: Final = ("ice-lite", "")


def ice_of(description: Description, stream: Stream) -> IceEnd | None:
    """What a stream says, or the session for it; None: there is no ICE, or no usable one."""
    fragment, password = description.value(stream, "ice-ufrag"), description.value(stream, "ice-pwd")
    if not _FRAGMENT.fullmatch(fragment or "") or not _PASSWORD.fullmatch(password or ""):
        return None
    assert fragment is not None
    assert password is not None
    return IceEnd(
        fragment=fragment,
        password=password,
        is_lite=any(name == "ice-lite" for name, _ in description.attributes),
        candidates=candidates_of(stream),
        is_complete=description.value(stream, "end-of-candidates") is not None,
    )


def candidates_of(stream: Stream) -> tuple[Candidate, ...]:
    """Those with IP addresses. Names, of mDNS too, are left out: checks come from where they come."""
    found = (parse_candidate(value) for value in stream.values("candidate")[:MAX_CANDIDATES])
    return tuple(candidate for candidate in found if candidate is not None)


def parse_candidate(value: str) -> Candidate | None:
    """None: it is not one, or not by IP address. Extensions are passed over (RFC 8839 5.1)."""
    match = _CANDIDATE.fullmatch(value)
    if match is None:
        return None
    try:
        host = str(ipaddress.ip_address(match["host"]))
    except ValueError:
        return None
    component, priority, port = int(match["component"]), int(match["priority"]), int(match["port"])
    if not 1 <= component <= 256 or not 1 <= priority < 1 << 31 or port > 65535:
        return None
    related = (match["related_host"], int(match["related_port"])) if match["related_host"] else None
    kind, transport = match["kind"].lower(), match["transport"].lower()
    return Candidate(match["foundation"], component, priority, host, port, kind, transport, related)
