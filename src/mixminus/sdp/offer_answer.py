"""Offer and answer for one audio stream in G.711 with telephone-events (RFC 3264, RFC 3551, RFC 4733)."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from mixminus.sdp.description import Attributes, Description, SdpError, Stream, address_type, parse

STATIC_PAYLOAD_TYPES: Final = {"PCMU": 0, "PCMA": 8}
"""RFC 3551 table 4. They mean this without an `rtpmap`, and nothing else with one."""
TELEPHONE_EVENT_OFFERED: Final = 101
"""Any dynamic number would do; this is the one that everybody uses."""
PROTOCOLS: Final = ("RTP/AVP", "RTP/AVPF")
PTIME: Final = ("ptime", "20")
RTCP_MUX: Final = "rtcp-mux"


class NoCommonCodec(SdpError):
    """There is no audio stream that both sides can do: 488 (RFC 3261 21.4.26)."""


class Direction(StrEnum):
    """Which way audio flows, seen by whoever wrote it."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def mirrored(self) -> "Direction":
        """The same flow seen by the other side (RFC 3264 6.1)."""
        return _MIRROR.get(self, self)


_MIRROR = {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Our end of the stream. Codecs in order of preference, for offers; an answer follows the offer's order."""

    host: str
    port: int
    session_id: int
    codecs: tuple[str, ...] = ("PCMU", "PCMA")
    version: int = 1

    def bumped(self) -> "LocalMedia":
        """The same media, to be described anew: a changed description has the next version (RFC 3264 8)."""
        return replace(self, version=self.version + 1)

    @property
    def origin(self) -> str:
        return f"- {self.session_id} {self.version} IN {address_type(self.host)} {self.host}"


@dataclass(frozen=True, slots=True)
class Agreed:
    """What offer and answer together say."""

    remote_host: str
    remote_port: int
    codec: str
    """`PCMU` or `PCMA`."""
    payload_type: int
    telephone_event_payload_type: int | None
    """None: the other side knows no telephone-events."""
    direction: Direction
    """As seen by us."""
    on_hold: bool
    """The other side does not listen: it said `sendonly`, `inactive`, or 0.0.0.0 (RFC 3264 8.4)."""
    rtcp_mux: bool = False
    """Both sides send RTCP where RTP goes (RFC 5761 5.1.1)."""
    rtcp_port: int | None = None
    """Where else they want it (RFC 3605); None: they do not say."""


def make_offer(local: LocalMedia, direction: Direction = Direction.SENDRECV) -> bytes:
    """Offer all our codecs, and telephone-events."""
    payload_types = tuple(STATIC_PAYLOAD_TYPES[codec] for codec in local.codecs)
    stream = _stream(local, "RTP/AVP", payload_types, TELEPHONE_EVENT_OFFERED, direction, rtcp_mux=True)
    return bytes(Description(local.origin, local.host, (stream,)))


def make_answer(offer: bytes, local: LocalMedia) -> tuple[bytes, Agreed]:
    """Answer with the offer's most preferred codec that we have. Raises `SdpError`, `NoCommonCodec`.

    The first usable audio stream is taken; every other stream is refused in its place, with port 0 (RFC 3264 6).
    """
    theirs = parse(offer)
    chosen = next((i for i, stream in enumerate(theirs.streams) if _codec(stream, local.codecs)), None)
    if chosen is None:
        raise NoCommonCodec("no audio stream with a codec of ours")
    agreed = _agree(theirs, theirs.streams[chosen], local.codecs)
    answers = [Stream(s.kind, 0, s.protocol, s.formats[:1]) for s in theirs.streams]
    answers[chosen] = _stream(
        local,
        theirs.streams[chosen].protocol,
        (agreed.payload_type,),
        agreed.telephone_event_payload_type,
        agreed.direction,
        rtcp_mux=agreed.rtcp_mux,
    )
    return bytes(Description(local.origin, local.host, tuple(answers))), agreed


def read_answer(answer: bytes, codecs: tuple[str, ...] = ("PCMU", "PCMA")) -> Agreed:
    """Read the answer to an offer of ours. Raises `SdpError`, `NoCommonCodec` (the stream was refused)."""
    theirs = parse(answer)
    for stream in theirs.streams:
        if _codec(stream, codecs):
            return _agree(theirs, stream, codecs)
    raise NoCommonCodec("the answer refuses our audio stream")


def _agree(theirs: Description, stream: Stream, codecs: tuple[str, ...]) -> Agreed:
    codec = _codec(stream, codecs)
    assert codec is not None
    host = theirs.host_of(stream)
    direction = _direction(theirs, stream).mirrored
    if host in ("0.0.0.0", "::"):
        # The hold of RFC 2543: "send me nothing".
        direction = Direction.RECVONLY if direction.receives else Direction.INACTIVE
    return Agreed(
        remote_host=host,
        remote_port=stream.port,
        codec=codec,
        payload_type=STATIC_PAYLOAD_TYPES[codec],
        telephone_event_payload_type=_telephone_event(stream),
        direction=direction,
        on_hold=not direction.sends,
        rtcp_mux=(RTCP_MUX, "") in stream.attributes,
        rtcp_port=_rtcp_port(stream),
    )


def _codec(stream: Stream, codecs: tuple[str, ...]) -> str | None:
    """The first format of a usable audio stream that is one of *codecs*."""
    if stream.kind != "audio" or stream.port == 0 or stream.protocol.upper() not in PROTOCOLS:
        return None
    names = _rtpmap(stream)
    ours = {str(STATIC_PAYLOAD_TYPES[codec]): codec for codec in codecs}
    for payload_type in stream.formats:
        codec = ours.get(payload_type)
        if codec is not None and names.get(payload_type, f"{codec}/8000") in (f"{codec}/8000", f"{codec}/8000/1"):
            return codec
    return None


def _telephone_event(stream: Stream) -> int | None:
    """The payload type that *they* chose for telephone-events at 8 kHz: digits are sent to them with it."""
    names = _rtpmap(stream)
    for payload_type in stream.formats:
        if names.get(payload_type) in ("TELEPHONE-EVENT/8000", "TELEPHONE-EVENT/8000/1"):
            number = int(payload_type) if payload_type.isascii() and payload_type.isdigit() else 128
            if 96 <= number <= 127:
                return number
    return None


def _rtcp_port(stream: Stream) -> int | None:
    """The port of `a=rtcp`. An address beside it is not obeyed: reports go where the audio goes."""
    said = next((value.split() for name, value in stream.attributes if name == "rtcp"), [])
    number = int(said[0]) if said and said[0].isascii() and said[0].isdigit() and len(said[0]) <= 5 else 0
    return number if 0 < number <= 65535 else None


def _rtpmap(stream: Stream) -> dict[str, str]:
    """Payload type to encoding, in upper case: names are compared without case (RFC 4855 3)."""
    maps: dict[str, str] = {}
    for name, value in stream.attributes:
        if name == "rtpmap":
            payload_type, _, encoding = value.partition(" ")
            maps.setdefault(payload_type, encoding.strip().upper())
    return maps


def _direction(description: Description, stream: Stream) -> Direction:
    """The stream's own word, else the session's, else both ways (RFC 8866 6.7)."""
    for attributes in (stream.attributes, description.attributes):
        for name, value in attributes:
            if not value and name in Direction.__members__.values():
                return Direction(name)
    return Direction.SENDRECV


def _stream(
    local: LocalMedia,
    protocol: str,
    payload_types: tuple[int, ...],
    telephone_event: int | None,
    direction: Direction,
    *,
    rtcp_mux: bool,
) -> Stream:
    names = {number: codec for codec, number in STATIC_PAYLOAD_TYPES.items()}
    attributes: Attributes = tuple(("rtpmap", f"{number} {names[number]}/8000") for number in payload_types)
    formats = tuple(str(number) for number in payload_types)
    if telephone_event is not None:
        formats = (*formats, str(telephone_event))
        attributes = (
            *attributes,
            ("rtpmap", f"{telephone_event} telephone-event/8000"),
            ("fmtp", f"{telephone_event} 0-16"),
        )
    if rtcp_mux:
        attributes = (*attributes, (RTCP_MUX, ""))
    return Stream("audio", local.port, protocol, formats, None, (*attributes, PTIME, (direction.value, "")))
