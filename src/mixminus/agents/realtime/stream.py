"""Media Streams from the agent's side (twiml-and-streams.md, 4.3 and 4.4): only what a bridge uses. Pure."""

from typing import Final

import msgspec

from mixminus.agents.realtime.outputs import Clear
from mixminus.agents.realtime.playback import Mark, Play

KEYS: Final = frozenset("0123456789*#ABCD")


class CallerAudio(msgspec.Struct, frozen=True):
    payload: str


class Key(msgspec.Struct, frozen=True):
    digit: str


class Marked(msgspec.Struct, frozen=True):
    name: str


class Played(msgspec.Struct, frozen=True):
    """Ours (docs/streams.md): what was played of what was said before a `clear`."""

    played_ms: int


class Stopped(msgspec.Struct, frozen=True):
    pass


Message = CallerAudio | Key | Marked | Played | Stopped


class _Payload(msgspec.Struct):
    payload: str
    track: str = "inbound"


class _Name(msgspec.Struct):
    name: str


class _Digit(msgspec.Struct):
    digit: str


class _PlayedMs(msgspec.Struct):
    played_ms: str = msgspec.field(name="playedMs")


class _Any(msgspec.Struct):
    event: str = ""
    media: _Payload | None = None
    mark: _Name | None = None
    dtmf: _Digit | None = None
    played: _PlayedMs | None = None


_READ: Final = msgspec.json.Decoder(_Any).decode
_JSON: Final = msgspec.json.Encoder().encode


def read(text: str) -> Message | None:
    """One message; None if it is none that a bridge uses, or is damaged."""
    try:
        said = _READ(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    match said:
        case _Any(event="media", media=_Payload(payload, track)) if track == "inbound" and len(payload) % 4 == 0:
            return CallerAudio(payload)
        case _Any(event="mark", mark=_Name(name)):
            return Marked(name)
        case _Any(event="dtmf", dtmf=_Digit(digit)) if digit in KEYS:
            return Key(digit)
        case _Any(event="played", played=_PlayedMs(played)) if played.isascii() and played.isdigit():
            return Played(int(played[:12]))
        case _Any(event="stop"):
            return Stopped()
        case _:
            return None


def written(output: Play | Mark | Clear, stream_sid: str) -> str:
    """The message that an output is."""
    match output:
        case Play(payload):
            body = {"event": "media", "streamSid": stream_sid, "media": {"payload": payload}}
        case Mark(name):
            body = {"event": "mark", "streamSid": stream_sid, "mark": {"name": name}}
        case Clear():
            body = {"event": "clear", "streamSid": stream_sid}
    return _JSON(body).decode()
