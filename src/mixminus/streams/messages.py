"""What an agent is told: one JSON object a text frame (Twilio Docs, Media Streams WebSocket Messages).

Every counter is a string of digits; `sampleRate` and `channels` are numbers.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from mixminus.base.stream_formats import LINEAR, MULAW, OPUS, StreamFormat
from mixminus.base.types import FormPairs, Sid

INBOUND: Final = "inbound"
"""What is heard from the leg."""
OUTBOUND: Final = "outbound"
"""What is played to it."""
PARTICIPANT: Final = "participant"
"""Ours: what one other participant of the leg's conference says, as far as the leg hears it."""

CONNECTED: Final = b'{"event":"connected","protocol":"Call","version":"1.0.0"}'


class MediaFormat(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How audio travels. Of Opus, an *octet* here is a sample, since packets differ."""

    encoding: str
    sample_rate: int
    channels: int
    endianness: str | None = None
    """`little`, where samples have more than one octet."""

    def duration_ms(self, octets: int) -> int:
        """How long that much audio lasts, rounded down."""
        return 1000 * octets // (self.sample_rate * self.channels * OCTETS_PER_SAMPLE[self.encoding])

    def octets(self, duration_ms: int) -> int:
        """How much audio lasts that long."""
        return duration_ms * self.sample_rate * self.channels * OCTETS_PER_SAMPLE[self.encoding] // 1000


OCTETS_PER_SAMPLE: Final = {MULAW: 1, LINEAR: 2, OPUS: 1}


def media_format(audio: StreamFormat) -> MediaFormat:
    """As `start` tells it."""
    return MediaFormat(audio.encoding, audio.sample_rate, 1, "little" if audio.encoding == LINEAR else None)


TELEPHONE: Final = media_format(StreamFormat())
"""Twilio's only one."""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a stream is, from its beginning to its end."""

    account_sid: Sid
    call_sid: Sid
    sid: Sid
    tracks: tuple[str, ...]
    """`inbound`, `outbound`, in the order of the engine's tracks; or `participant`: any number of these."""
    parameters: FormPairs = ()
    media_format: MediaFormat = TELEPHONE
    is_bidirectional: bool = False
    reports_played: bool = False
    """The agent wants to know what was heard of what it had said, when it has cleared it."""
    reports_role: bool = False
    """And how it stands in its conference."""

    @property
    def has_participant_tracks(self) -> bool:
        return self.tracks == (PARTICIPANT,)


class StartBody(msgspec.Struct, frozen=True, rename="camel"):
    account_sid: str
    stream_sid: str
    call_sid: str
    tracks: tuple[str, ...]
    media_format: MediaFormat
    custom_parameters: dict[str, str]


class Start(msgspec.Struct, frozen=True, tag="start", tag_field="event", rename="camel"):
    sequence_number: str
    start: StartBody
    stream_sid: str


class MediaBody(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    track: str
    chunk: str
    timestamp: str
    payload: bytes
    """Travels in base64."""
    participant: str | None = None
    """Whose track it is, by call SID; only where the track is `participant`."""


class Media(msgspec.Struct, frozen=True, tag="media", tag_field="event", rename="camel"):
    sequence_number: str
    media: MediaBody
    stream_sid: str


class DtmfBody(msgspec.Struct, frozen=True, rename="camel"):
    track: str
    digit: str


class Dtmf(msgspec.Struct, frozen=True, tag="dtmf", tag_field="event", rename="camel"):
    stream_sid: str
    sequence_number: str
    dtmf: DtmfBody


class MarkBody(msgspec.Struct, frozen=True, rename="camel"):
    name: str


class Mark(msgspec.Struct, frozen=True, tag="mark", tag_field="event", rename="camel"):
    sequence_number: str
    stream_sid: str
    mark: MarkBody


class ListenerBody(msgspec.Struct, frozen=True, rename="camel"):
    call_sid: str
    label: str | None
    heard_ms: str


class PlayedBody(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    said_ms: str
    played_ms: str
    heard_by: tuple[ListenerBody, ...] = ()
    """In a conference: the other participants, and who has left since it was said."""


class Played(msgspec.Struct, frozen=True, tag="played", tag_field="event", rename="camel"):
    """Ours, and sent only to who asks for it: how much of what was said before a `clear` was really played."""

    sequence_number: str
    stream_sid: str
    played: PlayedBody


class ParticipantBody(msgspec.Struct, frozen=True, rename="camel"):
    call_sid: str
    label: str | None
    status: str
    """`joined` or `left`."""


class Participant(msgspec.Struct, frozen=True, tag="participant", tag_field="event", rename="camel"):
    """Ours, of streams with a track for each participant: before the first frame of one, and after the last."""

    sequence_number: str
    stream_sid: str
    participant: ParticipantBody


class RoleBody(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How the agent stands in its conference; SIDs are those of calls."""

    conference: str | None
    muted: bool
    held: bool
    coaching: tuple[str, ...]
    coached_by: tuple[str, ...]
    moderator: bool
    floor: str
    custom_parameters: dict[str, str] = {}
    """Of a new moderator, what `start` would have said."""


class RoleMessage(msgspec.Struct, frozen=True, tag="role", tag_field="event", rename="camel"):
    """Ours, and sent only to who asks for it."""

    sequence_number: str
    stream_sid: str
    role: RoleBody


class StopBody(msgspec.Struct, frozen=True, rename="camel"):
    account_sid: str
    call_sid: str


class Stop(msgspec.Struct, frozen=True, tag="stop", tag_field="event", rename="camel"):
    sequence_number: str
    stream_sid: str
    stop: StopBody


encode: Final = msgspec.json.Encoder().encode
