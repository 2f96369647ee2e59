"""The session descriptions of a phone: one audio stream, one G.711 law, and key events (RFC 4566, RFC 3264)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mixminus.testing.errors import PhoneError
from mixminus.testing.g711 import LAWS, Law
from mixminus.testing.sdes import PLAIN, Key, parse_key

EVENTS_PAYLOAD_TYPE: Final = 101


class Direction(StrEnum):
    """Who sends, from the point of view of the description's author (RFC 3264 5.1)."""

    BOTH = "sendrecv"
    SEND = "sendonly"
    RECEIVE = "recvonly"
    NONE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (Direction.BOTH, Direction.SEND)

    @property
    def mirrored(self) -> "Direction":
        """The same, as the other side sees it."""
        return {Direction.SEND: Direction.RECEIVE, Direction.RECEIVE: Direction.SEND}.get(self, self)

    def narrowed(self, offered: "Direction") -> "Direction":
        """What we answer when we would like this and the other side *offered* that (RFC 3264 6.1)."""
        theirs = offered.mirrored
        send = self.sends and theirs.sends
        receive = self.mirrored.sends and theirs.mirrored.sends
        if send and receive:
            return Direction.BOTH
        if send:
            return Direction.SEND
        return Direction.RECEIVE if receive else Direction.NONE


class SdpError(PhoneError):
    """The far end's session description cannot be used."""


@dataclass(frozen=True, slots=True)
class Description:
    """What one side says about its audio."""

    host: str
    port: int
    laws: tuple[Law, ...]
    """In order of preference."""
    events_payload_type: int | None
    direction: Direction = Direction.BOTH
    profile: str = PLAIN
    keys: tuple[Key, ...] = ()
    """Of secured audio."""
    attributes: tuple[str, ...] = ()
    """What else the stream says: `ice-ufrag:…`."""

    def text(self, session_id: int, version: int) -> bytes:
        """Write it as SDP."""
        types = [law.payload_type for law in self.laws]
        maps = [f"a=rtpmap:{law.payload_type} {law.name}/8000" for law in self.laws]
        if self.events_payload_type is not None:
            types.append(self.events_payload_type)
            maps.append(f"a=rtpmap:{self.events_payload_type} telephone-event/8000")
            maps.append(f"a=fmtp:{self.events_payload_type} 0-15")
        kind = "IP6" if ":" in self.host else "IP4"
        lines = [
            "v=0",
            f"o=- {session_id} {version} IN {kind} {self.host}",
            "s=phone",
            f"c=IN {kind} {self.host}",
            "t=0 0",
            f"m=audio {self.port} {self.profile} {' '.join(map(str, types))}",
            *maps,
            *(f"a=crypto:{key.text}" for key in self.keys),
            *(f"a={attribute}" for attribute in self.attributes),
            "a=ptime:20",
            f"a={self.direction}",
        ]
        return "".join(line + "\r\n" for line in lines).encode()


def parse_description(data: bytes) -> Description:
    """Read the first audio stream of an SDP. Raises `SdpError` when there is none that a phone can use."""
    host, session_direction = "", Direction.BOTH
    media: list[str] | None = None
    attributes: list[str] = []
    for line in data.decode("utf-8", "replace").splitlines():
        kind, _, value = line.partition("=")
        if kind == "m":
            if media is not None:
                break
            media = value.split() if value.startswith("audio ") else None
        elif kind == "c":
            host = value.split()[-1] if value.split() else ""
        elif kind == "a" and media is not None:
            attributes.append(value.strip())
        elif kind == "a" and value.strip() in list(Direction):
            session_direction = Direction(value.strip())
    if media is None or len(media) < 4 or not host or not media[1].isdigit():
        raise SdpError("the session description offers no audio over IP4")
    names = _names(media[3:], attributes)
    events = next((pt for pt, name in names.items() if name == "TELEPHONE-EVENT"), None)
    return Description(
        host,
        int(media[1]),
        tuple(LAWS[name] for name in names.values() if name in LAWS),
        events,
        next((Direction(a) for a in attributes if a in list(Direction)), session_direction),
        media[2],
        tuple(key for a in attributes if (key := parse_key(a.removeprefix("crypto:"))) and a.startswith("crypto:")),
        tuple(attributes),
    )


def _names(payload_types: list[str], attributes: list[str]) -> dict[int, str]:
    """Payload type to encoding name in upper case; 0 and 8 have theirs by RFC 3551 alone."""
    static = {law.payload_type: law.name for law in LAWS.values()}
    names = {int(pt): static.get(int(pt), "") for pt in payload_types if pt.isdigit()}
    for attribute in attributes:
        if attribute.startswith("rtpmap:"):
            number, _, encoding = attribute[7:].partition(" ")
            if number.isdigit() and int(number) in names:
                names[int(number)] = encoding.split("/")[0].strip().upper()
    return names
