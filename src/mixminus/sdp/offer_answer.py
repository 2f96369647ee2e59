"""Offer and answer for one audio stream with telephone-events (RFC 3264, RFC 3551, RFC 4733, RFC 7587)."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from mixminus.sdp.codecs import (
    ALL,
    EVENTS_OFFERED,
    NO_WISHES,
    OpusWishes,
    Spoken,
    codecs_of,
    described,
    offered,
    opus_wishes,
    telephone_events,
)
from mixminus.sdp.description import Description, SdpError, Stream, address_type, parse

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
    codecs: tuple[str, ...] = ALL
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
    """Of what we send: a name of `codecs.CODECS`."""
    payload_type: int
    telephone_event_payload_type: int | None
    """None: the other side knows no telephone-events."""
    direction: Direction
    """As seen by us."""
    on_hold: bool
    """The other side does not listen: it said `sendonly`, `inactive`, or 0.0.0.0 (RFC 3264 8.4)."""
    telephone_event_clock_hz: int = 8000
    understood: tuple[tuple[int, str], ...] = ()
    """Payload types and codecs that may arrive beside the one that we send."""
    opus: OpusWishes = NO_WISHES
    rtcp_mux: bool = False
    """Both sides send RTCP where RTP goes (RFC 5761 5.1.1)."""
    rtcp_port: int | None = None
    """Where else they want it (RFC 3605); None: they do not say."""


def make_offer(local: LocalMedia, direction: Direction = Direction.SENDRECV) -> bytes:
    """Offer all our codecs, and telephone-events at their clocks."""
    spoken = offered(local.codecs)
    clocks = sorted({each.codec.clock_hz for each in spoken})
    events = [(EVENTS_OFFERED[clock_hz], clock_hz) for clock_hz in clocks]
    stream = _stream(local, "RTP/AVP", spoken, events, direction, rtcp_mux=True)
    return bytes(Description(local.origin, local.host, (stream,)))


def make_answer(offer: bytes, local: LocalMedia) -> tuple[bytes, Agreed]:
    """Answer with the offer's most preferred codec that we have. Raises `SdpError`, `NoCommonCodec`.

    The first usable audio stream is taken; every other stream is refused in its place, with port 0 (RFC 3264 6).
    """
    theirs = parse(offer)
    chosen = next((i for i, stream in enumerate(theirs.streams) if _spoken(stream, local.codecs)), None)
    if chosen is None:
        raise NoCommonCodec("no audio stream with a codec of ours")
    spoken = _spoken(theirs.streams[chosen], local.codecs)[:1]
    agreed = _agree(theirs, theirs.streams[chosen], spoken)
    events = agreed.telephone_event_payload_type
    answers = [Stream(s.kind, 0, s.protocol, s.formats[:1]) for s in theirs.streams]
    answers[chosen] = _stream(
        local,
        theirs.streams[chosen].protocol,
        spoken,
        [] if events is None else [(events, agreed.telephone_event_clock_hz)],
        agreed.direction,
        rtcp_mux=agreed.rtcp_mux,
    )
    return bytes(Description(local.origin, local.host, tuple(answers))), agreed


def read_answer(answer: bytes, codecs: tuple[str, ...] = ALL) -> Agreed:
    """Read the answer to an offer of ours. Raises `SdpError`, `NoCommonCodec` (the stream was refused)."""
    theirs = parse(answer)
    for stream in theirs.streams:
        if spoken := _spoken(stream, codecs):
            return _agree(theirs, stream, spoken)
    raise NoCommonCodec("the answer refuses our audio stream")


def _agree(theirs: Description, stream: Stream, spoken: list[Spoken]) -> Agreed:
    """We send the first of the codecs; any of them may come."""
    first = spoken[0]
    host = theirs.host_of(stream)
    direction = _direction(theirs, stream).mirrored
    if host in ("0.0.0.0", "::"):
        # The hold of RFC 2543: "send me nothing".
        direction = Direction.RECVONLY if direction.receives else Direction.INACTIVE
    events = telephone_events(stream, first.codec.clock_hz)
    return Agreed(
        remote_host=host,
        remote_port=stream.port,
        codec=first.codec.name,
        payload_type=first.payload_type,
        telephone_event_payload_type=events[0] if events else None,
        direction=direction,
        on_hold=not direction.sends,
        telephone_event_clock_hz=events[1] if events else 8000,
        understood=tuple((each.payload_type, each.codec.name) for each in spoken[1:]),
        opus=next(
            (opus_wishes(stream, each.payload_type) for each in spoken if each.codec.name == "opus"), NO_WISHES
        ),
        rtcp_mux=(RTCP_MUX, "") in stream.attributes,
        rtcp_port=_rtcp_port(stream),
    )


def _spoken(stream: Stream, codecs: tuple[str, ...]) -> list[Spoken]:
    """What a usable audio stream has in common with us."""
    if stream.kind != "audio" or stream.port == 0 or stream.protocol.upper() not in PROTOCOLS:
        return []
    return codecs_of(stream, codecs)


def _rtcp_port(stream: Stream) -> int | None:
    """The port of `a=rtcp`. An address beside it is not obeyed: reports go where the audio goes."""
    said = next((value.split() for name, value in stream.attributes if name == "rtcp"), [])
    number = int(said[0]) if said and said[0].isascii() and said[0].isdigit() and len(said[0]) <= 5 else 0
    return number if 0 < number <= 65535 else None


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
    spoken: list[Spoken],
    events: list[tuple[int, int]],
    direction: Direction,
    *,
    rtcp_mux: bool,
) -> Stream:
    formats, attributes = described(spoken, events)
    if rtcp_mux:
        attributes = (*attributes, (RTCP_MUX, ""))
    return Stream("audio", local.port, protocol, formats, None, (*attributes, PTIME, (direction.value, "")))
