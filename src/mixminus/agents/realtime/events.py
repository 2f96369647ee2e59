"""What the service tells (twiml-and-streams.md, 8.3), in its names of today and in those of the beta. Pure.

Only what a bridge acts on is read. Fields that are absent are empty: the service leaves out and adds as it likes.
"""

from typing import Any, Final

import msgspec

from mixminus.base.errors import MixminusError


class BadEvent(MixminusError):
    """A message that is not an event of the service."""


class SessionCreated(msgspec.Struct, frozen=True):
    pass


class SessionUpdated(msgspec.Struct, frozen=True):
    pass


class SpeechStarted(msgspec.Struct, frozen=True):
    """The caller has begun to speak."""


class SpeechStopped(msgspec.Struct, frozen=True):
    pass


class Committed(msgspec.Struct, frozen=True):
    """What the caller said is an item now."""

    item_id: str


class CallerSaid(msgspec.Struct, frozen=True):
    """Its words; they come late, and may not come at all."""

    item_id: str
    transcript: str = ""


class Item(msgspec.Struct, frozen=True):
    id: str = ""
    type: str = ""
    status: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None


class ItemAdded(msgspec.Struct, frozen=True):
    """An item is in the conversation."""

    item: Item


class OutputItemDone(msgspec.Struct, frozen=True):
    """An item of a response is complete, or was left incomplete."""

    item: Item
    response_id: str = ""


class ResponseError(msgspec.Struct, frozen=True):
    type: str | None = None
    code: str | None = None
    message: str | None = None


class StatusDetails(msgspec.Struct, frozen=True):
    reason: str | None = None
    error: ResponseError | None = None


class Tokens(msgspec.Struct, frozen=True):
    text_tokens: int | None = None
    audio_tokens: int | None = None
    cached_tokens: int | None = None


class Usage(msgspec.Struct, frozen=True):
    """What is paid for."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_token_details: Tokens | None = None
    output_token_details: Tokens | None = None


class Response(msgspec.Struct, frozen=True):
    id: str | None = None
    status: str | None = None
    status_details: StatusDetails | None = None
    output: list[Item] | None = None
    usage: Usage | None = None


class ResponseCreated(msgspec.Struct, frozen=True):
    response: Response


class ResponseDone(msgspec.Struct, frozen=True):
    response: Response


class Progress(msgspec.Struct, frozen=True):
    """Something of a response that is not heard: it goes on."""


class AudioDelta(msgspec.Struct, frozen=True):
    """µ-law in base64, of any length, far faster than it is played."""

    response_id: str
    item_id: str
    delta: str


class AudioDone(msgspec.Struct, frozen=True):
    item_id: str


class WordsDelta(msgspec.Struct, frozen=True):
    """Words of the audio, about when the audio comes."""

    response_id: str
    item_id: str
    delta: str


class RateLimit(msgspec.Struct, frozen=True):
    name: str | None = None
    remaining: float | None = None
    reset_seconds: float | None = None


class RateLimits(msgspec.Struct, frozen=True):
    rate_limits: list[RateLimit]


class ServiceError(msgspec.Struct, frozen=True):
    """`event_id` is ours, of what was wrong, if the service knows."""

    type: str | None = None
    code: str | None = None
    message: str | None = None
    event_id: str | None = None


class Failed(msgspec.Struct, frozen=True):
    error: ServiceError


Event = (
    SessionCreated | SessionUpdated | SpeechStarted | SpeechStopped | Committed | CallerSaid | ItemAdded
    | OutputItemDone | ResponseCreated | ResponseDone | Progress | AudioDelta | AudioDone | WordsDelta | RateLimits
    | Failed
)  # fmt: skip

NAMES: Final[dict[str, type[Any]]] = {
    "session.created": SessionCreated,
    "session.updated": SessionUpdated,
    "input_audio_buffer.speech_started": SpeechStarted,
    "input_audio_buffer.speech_stopped": SpeechStopped,
    "input_audio_buffer.committed": Committed,
    "conversation.item.input_audio_transcription.completed": CallerSaid,
    "conversation.item.added": ItemAdded,
    "conversation.item.created": ItemAdded,
    "response.created": ResponseCreated,
    "response.output_item.added": Progress,
    "response.output_item.done": OutputItemDone,
    "response.function_call_arguments.delta": Progress,
    "response.output_audio.delta": AudioDelta,
    "response.audio.delta": AudioDelta,
    "response.output_audio.done": AudioDone,
    "response.audio.done": AudioDone,
    "response.output_audio_transcript.delta": WordsDelta,
    "response.audio_transcript.delta": WordsDelta,
    "response.done": ResponseDone,
    "rate_limits.updated": RateLimits,
    "error": Failed,
}
"""Both generations of names mean the same things."""


class _Named(msgspec.Struct):
    type: str


_NAME: Final = msgspec.json.Decoder(_Named)
_DECODERS: Final = {name: msgspec.json.Decoder(kind) for name, kind in NAMES.items()}


def read(data: bytes) -> Event | None:
    """The event, or None: one that a bridge has no use for. Raises `BadEvent`."""
    try:
        decoder = _DECODERS.get(_NAME.decode(data).type)
        event: Event | None = decoder.decode(data) if decoder is not None else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadEvent(f"not an event of the service: {str(error)[:120]}") from None
    return event
