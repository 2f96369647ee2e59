"""Offer and answer for one audio stream with telephone-events (RFC 3264, RFC 3551, RFC 4733, RFC 7587)."""

from dataclasses import dataclass, replace
from typing import Final

from mixminus.sdp.bundle import bundled, group_of, mid_of, unbundled
from mixminus.sdp.codecs import (
    EVENTS_OFFERED,
    NO_WISHES,
    Spoken,
    codecs_of,
    described,
    offered,
    opus_wishes,
    telephone_events,
)
from mixminus.sdp.description import Attributes, Description, Stream, parse, whole
from mixminus.sdp.ice import ICE_LITE, AgreedIce, IceEnd, ice_of
from mixminus.sdp.media import (
    ALONE,
    UNSPECIFIED,
    Agreed,
    Direction,
    Layout,
    LocalMedia,
    NoCommonCodec,
    NoCommonNetwork,
    is_group,
)
from mixminus.sdp.protection import HANDSHAKEN, Protection, in_answer, in_offer, to_offer

PTIME_MS: Final = 20
"""Of every packet that we send; any will do that arrives."""
PTIME: Final = ("ptime", str(PTIME_MS))
RTCP_MUX: Final = ("rtcp-mux", "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What we say to an offer, what that settles, and where the session's streams are from now on."""

    description: Description
    agreed: Agreed
    layout: Layout


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A stream that could be ours."""

    place: int
    stream: Stream
    spoken: list[Spoken]
    protection: Protection


def make_offer(local: LocalMedia, direction: Direction = Direction.SENDRECV, layout: Layout = ALONE) -> Description:
    """Offer all our codecs, and telephone-events at their clocks. Raises `NotSecure`."""
    profile, protection = to_offer(local)
    if profile in HANDSHAKEN and layout is ALONE:
        layout = Layout(mid="0", is_bundled=True)  # browsers want both (RFC 8829 5.2.1)
    spoken = offered(local.codecs)
    clocks = sorted({each.codec.clock_hz for each in spoken})
    events = [(EVENTS_OFFERED[clock_hz], clock_hz) for clock_hz in clocks]
    formats, attributes = described(spoken, events)
    transport = (RTCP_MUX, *protection, *_own_ice(local.ice))
    stream = Stream("audio", local.port, profile, formats, None, (*attributes, *transport, *_rest(direction, layout)))
    return _describe(local, layout.host or local.host, stream, layout, local.ice)


def make_answer(offer: bytes, local: LocalMedia, layout: Layout = ALONE, so_far: Agreed | None = None) -> Answer:
    """Answer with the offer's most preferred codec that we have. Raises `SdpError`, `NotAcceptable`.

    Of several audio streams that we can do, the one is taken that is ours by now, else a secured one, else the
    first; every other stream is refused in its place, with port 0 (RFC 3264 6). So is ours, when there is one *so
    far* and the offer stops it.
    """
    theirs = parse(offer)
    streams = unbundled(theirs)
    candidates = _usable(theirs, streams, local)
    current = layout.place if so_far is not None else None
    candidates.sort(key=lambda each: (each.place != current, not each.protection.is_secure, each.place))
    if candidates:
        return _accept(theirs, candidates[0], local, layout.host or local.host)
    if so_far is not None and layout.place < len(streams) and streams[layout.place].is_refused:
        return _stop(theirs, local, layout, so_far)
    raise NoCommonCodec(_why_not(streams, local))


def read_answer(answer: bytes, local: LocalMedia, layout: Layout = ALONE) -> Agreed:
    """Read the answer to an offer of ours. Raises `SdpError`, `NotAcceptable` (the stream was refused).

    Our stream should be where it was offered; some answers are not that tidy.
    """
    theirs = parse(answer)
    streams = theirs.streams
    order = sorted(range(len(streams)), key=lambda place: (place != layout.place, place))
    for stream in (streams[place] for place in order):
        spoken = _spoken(stream, local.codecs)
        protection = in_answer(theirs, stream, local) if spoken else None
        if protection is not None:
            return _agree(theirs, _Candidate(layout.place, stream, spoken, protection), local, as_offered=True)
    raise NoCommonCodec("the answer refuses our audio stream")


def _usable(theirs: Description, streams: tuple[Stream, ...], local: LocalMedia) -> list[_Candidate]:
    found = []
    for place, stream in enumerate(streams):
        spoken = _spoken(stream, local.codecs)
        protection = in_offer(theirs, stream, local) if spoken else None
        if protection is not None:
            found.append(_Candidate(place, stream, spoken, protection))
    return found


def _why_not(streams: tuple[Stream, ...], local: LocalMedia) -> str:
    """For whoever reads logs: the codec, or the profile, that was missing."""
    profiles = sorted({stream.protocol[:40] for stream in streams if _spoken(stream, local.codecs)})
    if not profiles:
        return f"no audio stream with one of {', '.join(local.codecs)}"
    return f"the audio is {' or '.join(profiles)}, which is not taken with srtp {local.srtp} and this signalling"


def _spoken(stream: Stream, codecs: tuple[str, ...]) -> list[Spoken]:
    """What an audio stream has in common with us. One that takes only shorter packets than ours is none."""
    longest_ms = whole(stream.value("maxptime") or "", 999_999_999)
    too_short = longest_ms is not None and 0 < longest_ms < PTIME_MS
    if stream.kind != "audio" or stream.port == 0 or too_short:
        return []
    return codecs_of(stream, codecs)


def _accept(theirs: Description, chosen: _Candidate, local: LocalMedia, host: str) -> Answer:
    """*host* is where our stream is until they say where they are."""
    chosen = replace(chosen, spoken=chosen.spoken[:1])
    agreed = _agree(theirs, chosen, local)
    ice = agreed.ice.ours if agreed.ice is not None else None
    if ice is None and agreed.remote_host not in UNSPECIFIED:
        host = local.towards(agreed.remote_host)
    layout = replace(_layout(theirs, chosen.place), host=host)
    events = agreed.telephone_event_payload_type
    formats, attributes = described(
        chosen.spoken, [] if events is None else [(events, agreed.telephone_event_clock_hz)]
    )
    mux = (RTCP_MUX,) if agreed.rtcp_mux else ()
    transport = (*mux, *chosen.protection.attributes, *_own_ice(ice))
    said = (*attributes, *transport, *_rest(agreed.direction, layout))
    stream = Stream("audio", local.port, chosen.stream.protocol, formats, None, said)
    return Answer(_describe(local, host, stream, layout, ice), agreed, layout)


def _stop(theirs: Description, local: LocalMedia, layout: Layout, so_far: Agreed) -> Answer:
    """They stop our stream for now; nothing else of theirs is ours."""
    host = layout.host or local.host
    layout = replace(_layout(theirs, layout.place), is_bundled=False, host=host)
    stream = _refused(theirs.streams[layout.place])
    return Answer(_describe(local, host, stream, layout, None), so_far.stopped(), layout)


def _layout(theirs: Description, place: int) -> Layout:
    refused = tuple(_refused(stream) for stream in theirs.streams)
    mid = mid_of(theirs.streams[place])
    return Layout(refused[:place], refused[place + 1 :], mid, bool(mid and group_of(theirs, mid)))


def _refused(stream: Stream) -> Stream:
    """In its place and with its name, but in no group (RFC 3264 6, RFC 9143 7.3.3)."""
    mid = mid_of(stream)
    return Stream(stream.kind, 0, stream.protocol, stream.formats[:1], None, (("mid", mid),) if mid else ())


def _agree(theirs: Description, chosen: _Candidate, local: LocalMedia, *, as_offered: bool = False) -> Agreed:
    """We send the first of the codecs; any of them may come, with our own payload types when they were *offered*."""
    stream, spoken = chosen.stream, chosen.spoken
    first = spoken[0]
    ice = _ice(theirs, stream, local)
    host = _remote_host(theirs, stream, local, ice)
    direction = _direction(theirs, stream).mirrored
    if host in UNSPECIFIED and ice is None:
        # The hold of RFC 2543: "send me nothing".
        direction = Direction.RECVONLY if direction.receives else Direction.INACTIVE
    events = telephone_events(stream, first.codec.clock_hz)
    understood = {each.payload_type: each.codec.name for each in reversed(spoken)}
    if as_offered:
        understood = {each.codec.payload_type: each.codec.name for each in spoken} | understood
    del understood[first.payload_type]
    return Agreed(
        remote_host=host,
        remote_port=stream.port,
        codec=first.codec.name,
        payload_type=first.payload_type,
        telephone_event_payload_type=events[0] if events else None,
        direction=direction,
        on_hold=not direction.sends,
        telephone_event_clock_hz=events[1] if events else 8000,
        understood=tuple(understood.items()),
        opus=next(
            (opus_wishes(stream, each.payload_type) for each in spoken if each.codec.name == "opus"), NO_WISHES
        ),
        rtcp_mux=RTCP_MUX in stream.attributes or ("rtcp-mux-only", "") in stream.attributes,
        rtcp_port=_rtcp_port(stream),
        keys=chosen.protection.keys,
        dtls=chosen.protection.dtls,
        ice=ice,
        profile=stream.protocol,
    )


def _ice(theirs: Description, stream: Stream, local: LocalMedia) -> AgreedIce | None:
    """Somebody has to begin the checks: two lite sides make none, and go by their addresses (RFC 8445 6.1.1)."""
    far = ice_of(theirs, stream)
    if far is None or local.ice is None or (far.is_lite and local.ice.is_lite):
        return None
    return AgreedIce(local.ice, far)


def _remote_host(theirs: Description, stream: Stream, local: LocalMedia, ice: AgreedIce | None) -> str:
    host = theirs.host_of(stream)
    if is_group(host):
        raise NoCommonNetwork("media for a group of hosts")
    if ice is None:
        local.towards(host)
    return host


def _rtcp_port(stream: Stream) -> int | None:
    """The port of `a=rtcp`. An address beside it is not obeyed: reports go where the audio goes."""
    port = (stream.value("rtcp") or "0").split()[0]
    return whole(port, 65535) or None


def _direction(description: Description, stream: Stream) -> Direction:
    """The stream's own word, else the session's, else both ways (RFC 8866 6.7)."""
    for attributes in (stream.attributes, description.attributes):
        for name, value in attributes:
            if not value and name in Direction.__members__.values():
                return Direction(name)
    return Direction.SENDRECV


def _own_ice(ice: IceEnd | None) -> Attributes:
    return ice.attributes if ice is not None else ()


def _rest(direction: Direction, layout: Layout) -> Attributes:
    named = (("mid", layout.mid),) if layout.mid else ()
    return (*named, PTIME, (direction.value, ""))


def _describe(local: LocalMedia, host: str, stream: Stream, layout: Layout, ice: IceEnd | None) -> Description:
    group = bundled(layout.mid) if layout.mid and layout.is_bundled else ()
    lite = (ICE_LITE,) if ice is not None and ice.is_lite else ()
    return Description(local.origin, host, layout.around(stream), (*group, *lite))
