"""What an agent says: JSON from anybody, read strictly, and never an error that reaches beyond its message."""

from dataclasses import dataclass
from typing import Final

import msgspec

from mixminus.streams.contract import Fault
from mixminus.streams.faults import MALFORMED, UNREADABLE

MAX_MESSAGE_BYTES: Final = 8 << 20
"""As much as ten minutes of µ-law in base64, which is all that a stream keeps."""

MAX_NAME: Final = 1024
"""Characters of a mark's name; clients put an item's id and some numbers there."""


@dataclass(frozen=True, slots=True)
class Said:
    """Audio, in the stream's format."""

    audio: bytes


@dataclass(frozen=True, slots=True)
class Marked:
    """To be told when all that was said before it was played."""

    name: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was said and was not played yet is not to be played."""


Request = Said | Marked | Cleared


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    payload: bytes


class _Name(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class _Media(msgspec.Struct, tag="media", tag_field="event", forbid_unknown_fields=True):
    stream_sid: str = msgspec.field(name="streamSid")
    media: _Payload


class _Mark(msgspec.Struct, tag="mark", tag_field="event", forbid_unknown_fields=True):
    stream_sid: str = msgspec.field(name="streamSid")
    mark: _Name


class _Clear(msgspec.Struct, tag="clear", tag_field="event", forbid_unknown_fields=True):
    stream_sid: str = msgspec.field(name="streamSid")


class _LoosePayload(msgspec.Struct):
    payload: bytes


class _LooseName(msgspec.Struct):
    name: str


class _LooseMedia(msgspec.Struct, tag="media", tag_field="event"):
    stream_sid: str = msgspec.field(name="streamSid")
    media: _LoosePayload


class _LooseMark(msgspec.Struct, tag="mark", tag_field="event"):
    stream_sid: str = msgspec.field(name="streamSid")
    mark: _LooseName


class _LooseClear(msgspec.Struct, tag="clear", tag_field="event"):
    stream_sid: str = msgspec.field(name="streamSid")


_STRICT: Final = msgspec.json.Decoder(_Media | _Mark | _Clear)
_LOOSE: Final = msgspec.json.Decoder(_LooseMedia | _LooseMark | _LooseClear)


def read(data: bytes, stream_sid: str, *, is_text: bool = True) -> tuple[Request | None, Fault | None]:
    """What is asked, if anything is, and what is wrong with the message, if anything is.

    A field too many is a fault of a message that is obeyed all the same: clients send what they like, and nobody is
    helped by silence (twiml-and-streams.md 4.4, "lenient parsing").
    """
    if not is_text:
        return None, Fault(UNREADABLE, "A binary message; all messages are text")
    if len(data) > MAX_MESSAGE_BYTES:
        return None, Fault(MALFORMED, f"A message of {len(data)} bytes; {MAX_MESSAGE_BYTES} are too many")
    fault: Fault | None = None
    try:
        message: _Media | _Mark | _Clear | _LooseMedia | _LooseMark | _LooseClear = _STRICT.decode(data)
    except UnicodeDecodeError:
        return None, Fault(UNREADABLE, "The message is not UTF-8")
    except (msgspec.DecodeError, RecursionError) as error:
        fault = Fault(MALFORMED, f"The message is not understood: {str(error)[:120]}")
        try:
            message = _LOOSE.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None, fault
    if message.stream_sid != stream_sid:
        return None, Fault(MALFORMED, "The message names another streamSid than this stream's")
    return _request(message, fault)


def _request(
    message: _Media | _Mark | _Clear | _LooseMedia | _LooseMark | _LooseClear, fault: Fault | None
) -> tuple[Request | None, Fault | None]:
    match message:
        case _Media(media=body) | _LooseMedia(media=body):
            return Said(body.payload), fault
        case _Mark(mark=body) | _LooseMark(mark=body):
            if len(body.name) > MAX_NAME:
                return None, Fault(MALFORMED, f"The name of a mark has at most {MAX_NAME} characters")
            return Marked(body.name), fault
        case _:
            return Cleared(), fault
