"""What an application says: JSON from anybody, read strictly, and never an error that reaches beyond its message."""

from dataclasses import dataclass
from typing import Final

import msgspec

from mixminus.relay.terms import INPUTS, Input

MAX_MESSAGE_BYTES: Final = 1 << 20
MAX_TOKEN: Final = 65_536
"""Characters of one text message."""
MAX_LOOPS: Final = 1_000
"""What `loop: 0` means (TwiML: Play)."""
MAX_DIGITS: Final = 256


@dataclass(frozen=True, slots=True)
class Text:
    """Tokens to be spoken. None: as the document says."""

    token: str
    last: bool = False
    language: str | None = None
    interruptible: Input | None = None
    preemptible: bool | None = None


@dataclass(frozen=True, slots=True)
class Play:
    source: str
    loops: int = 1
    interruptible: Input | None = None
    preemptible: bool | None = None


@dataclass(frozen=True, slots=True)
class SendDigits:
    digits: str


@dataclass(frozen=True, slots=True)
class Switch:
    """Another language; None: that side stays."""

    speaks: str | None
    hears: str | None


@dataclass(frozen=True, slots=True)
class End:
    handoff_data: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A type that some clients send and nobody has to obey."""


Request = Text | Play | SendDigits | Switch | End | Ignored


class Malformed(Exception):
    """The message is not understood. A sentence for whoever sent it."""


class _Text(msgspec.Struct):
    token: str
    last: bool | None = False
    lang: str | None = None
    interruptible: bool | str | None = None
    preemptible: bool | None = None


class _Play(msgspec.Struct):
    source: str
    loop: int | None = 1
    interruptible: bool | str | None = None
    preemptible: bool | None = None


class _SendDigits(msgspec.Struct):
    digits: str


class _Language(msgspec.Struct, rename="camel"):
    tts_language: str | None = None
    transcription_language: str | None = None


class _End(msgspec.Struct, rename="camel"):
    handoff_data: str | None = None


class _Kind(msgspec.Struct):
    type: str


IGNORED: Final = frozenset({"connected", "interrupt", "setup"})
"""In skill files and samples, and in no document (twiml-and-streams.md 5.3)."""

_KIND: Final = msgspec.json.Decoder(_Kind)
_BODIES: Final[dict[str, msgspec.json.Decoder[_Text | _Play | _SendDigits | _Language | _End]]] = {
    "text": msgspec.json.Decoder(_Text),
    "play": msgspec.json.Decoder(_Play),
    "sendDigits": msgspec.json.Decoder(_SendDigits),
    "language": msgspec.json.Decoder(_Language),
    "end": msgspec.json.Decoder(_End),
}


def read(data: bytes, *, is_text: bool = True) -> Request:
    """What is asked. Fields that are not known are left out of account. Raises `Malformed`."""
    if not is_text:
        raise Malformed("A binary message; all messages are text")
    if len(data) > MAX_MESSAGE_BYTES:
        raise Malformed(f"A message of {len(data)} bytes; {MAX_MESSAGE_BYTES} are too many")
    try:
        kind = _KIND.decode(data).type
        if kind in IGNORED:
            return Ignored()
        if kind not in _BODIES:
            raise Malformed(f"There is no message type {kind[:40]!r}; there are {', '.join(_BODIES)}")
        body = _BODIES[kind].decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"The message is not understood: {str(error)[:160]}") from None
    return _request(body)


def _request(body: "_Text | _Play | _SendDigits | _Language | _End") -> Request:
    match body:
        case _Text():
            if len(body.token) > MAX_TOKEN:
                raise Malformed(f"A token of more than {MAX_TOKEN} characters")
            language = tag(body.lang)
            return Text(body.token, bool(body.last), language, _input(body.interruptible), body.preemptible)
        case _Play(source, loop):
            if not source.strip():
                raise Malformed("play has no source")
            loops = 1 if loop is None else loop or MAX_LOOPS
            if not 1 <= loops <= MAX_LOOPS:
                raise Malformed(f"loop must be 0 to {MAX_LOOPS}")
            return Play(source.strip(), loops, _input(body.interruptible), body.preemptible)
        case _SendDigits(digits):
            if not digits or len(digits) > MAX_DIGITS or set(digits) - set("0123456789w#*"):
                raise Malformed(f"digits must be 1 to {MAX_DIGITS} of 0-9 w # *")
            return SendDigits(digits)
        case _Language(speaks, hears):
            if speaks is None and hears is None:
                raise Malformed("language names neither a ttsLanguage nor a transcriptionLanguage")
            return Switch(tag(speaks), tag(hears))
        case _End(handoff_data):
            return End(handoff_data or "")


def tag(language: str | None) -> str | None:
    """A language tag, roughly BCP-47. Raises `Malformed`."""
    if language is None or not language:
        return None
    parts = language.split("-")
    if not all(part.isascii() and part.isalnum() and len(part) <= 8 for part in parts) or len(language) > 35:
        raise Malformed(f"{language[:40]!r} is not a language tag")
    return language


def _input(said: bool | str | None) -> Input | None:
    if said is None:
        return None
    word = str(said).lower()
    if word not in INPUTS:
        raise Malformed(f"interruptible must be one of {', '.join(INPUTS)}, not {word[:40]!r}")
    return INPUTS[word]
