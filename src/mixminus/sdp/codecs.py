"""The audio codecs that we negotiate, and their words in SDP."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mixminus.sdp.description import Attributes, Stream, whole


@dataclass(frozen=True, slots=True)
class Codec:
    """`encoding` is what `rtpmap` says. `payload_type` is the one that we offer."""

    name: str
    encoding: str
    payload_type: int
    is_static: bool
    """The payload type means this codec even without an `rtpmap`, and nothing else with one (RFC 3551 table 4)."""
    clock_hz: int = 8000
    fmtp: str = ""


CODECS: Final = {
    codec.name: codec
    for codec in (
        Codec("PCMU", "PCMU/8000", 0, True),
        Codec("PCMA", "PCMA/8000", 8, True),
        # 16 kHz audio, but a clock of 8000, by a mistake that everybody keeps to (RFC 3551 section 4.5.2).
        Codec("G722", "G722/8000", 9, True),
        # Always 48000 and two channels, whatever is sent (RFC 7587 section 7).
        Codec("opus", "opus/48000/2", 111, False, 48_000, "useinbandfec=1;stereo=0;sprop-stereo=0"),
    )
}

ALL: Final = ("opus", "G722", "PCMU", "PCMA")
"""Best first."""

EVENTS_OFFERED: Final = {8000: 101, 48_000: 110}
"""Telephone-events, by their clock, which is that of the codec beside them (RFC 4733 section 2.1)."""

_RTCP: Final = range(64, 96)
"""Never payload types, where RTCP may share the port (RFC 5761 section 4)."""
_MOST: Final = 999_999_999


@dataclass(frozen=True, slots=True)
class OpusWishes:
    """What the far end's `fmtp` asks of what we send it (RFC 7587 section 6.1)."""

    max_playback_rate_hz: int = 48_000
    max_average_bitrate_bps: int | None = None
    wants_fec: bool = False

    @property
    def rate_hz(self) -> int:
        """The least of our rates that leaves nothing out that the far end could play."""
        return next(rate for rate in (8_000, 16_000, 48_000) if rate >= min(self.max_playback_rate_hz, 48_000))


NO_WISHES: Final = OpusWishes()


@dataclass(frozen=True, slots=True)
class Spoken:
    """A codec and the payload type that a stream gives it."""

    codec: Codec
    payload_type: int


def codecs_of(stream: Stream, ours: Iterable[str]) -> list[Spoken]:
    """Those formats of a stream that are codecs of ours, in the stream's order."""
    names = rtpmap(stream)
    wanted = {CODECS[name].encoding.upper(): CODECS[name] for name in ours}
    static = {str(codec.payload_type): codec for codec in wanted.values() if codec.is_static}
    spoken = []
    for written in stream.formats:
        codec = wanted.get(_mono(names[written])) if written in names else static.get(written)
        number = payload_type(written)
        if codec is not None and number is not None:
            spoken.append(Spoken(codec, number))
    return spoken


def telephone_events(stream: Stream, clock_hz: int) -> tuple[int, int] | None:
    """The payload type that *they* chose for telephone-events, and its clock: digits are sent to them with it.

    The clock should be the codec's; some far ends know only the one of 8000, beside Opus, too.
    """
    names = rtpmap(stream)
    for clock in dict.fromkeys((clock_hz, 8000)):
        for written in stream.formats:
            number = payload_type(written)
            if number is not None and number >= 96 and _mono(names.get(written, "")) == f"TELEPHONE-EVENT/{clock}":
                return number, clock
    return None


def opus_wishes(stream: Stream, number: int) -> OpusWishes:
    """Values that make no sense are as if they had not been said."""
    said = fmtp(stream, number)
    rate_hz = whole(said.get("maxplaybackrate", ""), _MOST)
    return OpusWishes(
        max_playback_rate_hz=48_000 if rate_hz is None else rate_hz,
        max_average_bitrate_bps=whole(said.get("maxaveragebitrate", ""), _MOST),
        wants_fec=said.get("useinbandfec") == "1",
    )


def offered(codecs: Iterable[str]) -> list[Spoken]:
    """With payload types of our own."""
    return [Spoken(CODECS[name], CODECS[name].payload_type) for name in codecs]


def described(spoken: Iterable[Spoken], events: Iterable[tuple[int, int]]) -> tuple[tuple[str, ...], Attributes]:
    """The formats of an `m=` line and their attributes; *events* are payload types and clocks."""
    formats: list[str] = []
    attributes: list[tuple[str, str]] = []
    for each in spoken:
        formats.append(str(each.payload_type))
        attributes.append(("rtpmap", f"{each.payload_type} {each.codec.encoding}"))
        if each.codec.fmtp:
            attributes.append(("fmtp", f"{each.payload_type} {each.codec.fmtp}"))
    for number, clock_hz in events:
        formats.append(str(number))
        attributes.append(("rtpmap", f"{number} telephone-event/{clock_hz}"))
        attributes.append(("fmtp", f"{number} 0-16"))
    return tuple(formats), tuple(attributes)


def rtpmap(stream: Stream) -> dict[str, str]:
    """Payload type to encoding, in upper case: names are compared without case (RFC 4855 3)."""
    maps: dict[str, str] = {}
    for name, value in stream.attributes:
        if name == "rtpmap":
            number, _, encoding = value.partition(" ")
            maps.setdefault(number, encoding.strip().upper())
    return maps


def fmtp(stream: Stream, number: int) -> dict[str, str]:
    """Parameters of one payload type, in lower case."""
    for name, value in stream.attributes:
        written, _, rest = value.partition(" ")
        if name == "fmtp" and written == str(number):
            pairs = (pair.partition("=") for pair in rest.lower().split(";"))
            return {key.strip(): said.strip() for key, _, said in pairs}
    return {}


def payload_type(written: str) -> int | None:
    """A format as a number, if it can be one."""
    number = whole(written, 127)
    return number if number not in _RTCP else None


def _mono(encoding: str) -> str:
    """One channel may be said or not."""
    return encoding.removesuffix("/1")
