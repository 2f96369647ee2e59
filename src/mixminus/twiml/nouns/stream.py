"""`<Stream>`: a leg's audio to a WebSocket, and back (Twilio Docs, TwiML: Stream)."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from mixminus.base.stream_formats import ALL_RATES_HZ, DEFAULT, RATES_HZ, StreamFormat, stream_format
from mixminus.base.types import FormPairs
from mixminus.twiml.attributes import SCHEMA, Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import CallbackTo, StreamAttributes
from mixminus.twiml.element import Element
from mixminus.twiml.nouns import callbacks
from mixminus.twiml.nouns.parameter import parameters
from mixminus.twiml.values import BOOLEAN, TEXT, URL, one_of, optional, words

MAX_PARAMETER: Final = 500
"""Characters of name and value together."""

NAME: Final = Attribute("name", TEXT, "")
STREAM_URL: Final[Attribute[str | None]] = Attribute("url", URL, None)
REPORT_PLAYED: Final = Attribute("reportPlayed", BOOLEAN, False)
REPORT_ROLE: Final = Attribute("reportRole", BOOLEAN, False)
TRACKS: Final = one_of("inbound_track", "outbound_track", "both_tracks", "participant_tracks")
TRACK: Final = Attribute("track", TRACKS, "inbound_track", 31941)
AUDIO_FORMAT: Final = Attribute("audioFormat", optional(one_of(*RATES_HZ)), None)
SAMPLE_RATE: Final = Attribute("sampleRate", optional(words({str(rate): rate for rate in ALL_RATES_HZ})), None)


@dataclass(frozen=True, slots=True)
class Stream:
    """URLs as written."""

    url: str
    name: str | None = None
    track: str = "inbound_track"
    parameters: FormPairs = ()
    callback: CallbackTo | None = None
    report_played: bool = False
    audio: StreamFormat = DEFAULT
    report_role: bool = False

    ATTRIBUTES: ClassVar[Table] = (
        STREAM_URL,
        NAME,
        TRACK,
        callbacks.STREAM.url,
        callbacks.STREAM.method,
        REPORT_PLAYED,
        REPORT_ROLE,
        Attribute[Any]("connectorName", TEXT, None, offered=False),
        AUDIO_FORMAT,
        SAMPLE_RATE,
    )

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        read = Reader(element, cls.ATTRIBUTES, warn)
        callback_url = read(callbacks.STREAM.url)
        return cls(
            url=read(STREAM_URL) or "",
            name=read(NAME) or None,
            track=read(TRACK),
            parameters=_parameters(element, warn),
            callback=CallbackTo(callback_url, read(callbacks.STREAM.method)) if callback_url else None,
            report_played=read(REPORT_PLAYED),
            audio=_audio(read, element, warn),
            report_role=read(REPORT_ROLE),
        )

    def attributes_in(self, context: Context, warn: WarnOf) -> StreamAttributes:
        """With absolute URLs, as far as they are any."""
        return StreamAttributes(
            context.websocket_url(self.url),
            self.name,
            self.track,
            self.parameters,
            callbacks.resolved(self.callback, callbacks.STREAM, context, warn),
            self.report_played,
            self.audio,
            self.report_role,
        )


def stream_in(element: Element, warn: WarnOf) -> Stream | None:
    """The first `<Stream>` of a verb; what else stands there is reported."""
    found: Stream | None = None
    for child in element.elements():
        if child.name != "Stream":
            warn(SCHEMA, f"Line {child.line}: <{child.name[:60]}> in <{element.name}> is not offered")
        elif found is not None:
            warn(SCHEMA, f"Line {child.line}: only the first <Stream> of a <{element.name}> counts")
        else:
            found = Stream.parse(child, warn)
    return found


def _audio(read: Reader, element: Element, warn: WarnOf) -> StreamFormat:
    """Twilio's own, where what is asked for is not offered: an agent is told in `start` what it gets."""
    try:
        return stream_format(read(AUDIO_FORMAT), read(SAMPLE_RATE))
    except ValueError as error:
        warn(SCHEMA, f"Line {element.line}: {error}; the stream has {DEFAULT.encoding} at {DEFAULT.sample_rate} Hz")
        return DEFAULT


def _parameters(element: Element, warn: WarnOf) -> FormPairs:
    kept: list[tuple[str, str]] = []
    for name, value in parameters(element, (), warn):
        if len(name) + len(value) <= MAX_PARAMETER:
            kept.append((name, value))
        else:
            warn(
                SCHEMA, f"Line {element.line}: a <Parameter> has more than {MAX_PARAMETER} characters; it is left out"
            )
    return tuple(kept)
