"""Deepgram's streaming protocol: where to connect, what to send, and what its messages mean. No socket."""

from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from mixminus.speech.contract import RATE_HZ, Failure, Guess, Listening, Phrase, Recognised, TurnOver

URL: Final = "wss://api.deepgram.com"
MODEL: Final = "nova-3"
FINALIZE: Final = b'{"type":"Finalize"}'
CLOSE: Final = b'{"type":"CloseStream"}'

_MODELS: Final = {
    "nova-3-general": "nova-3",
    "nova-2-general": "nova-2",
    "telephony": "nova-2-phonecall",
    "long": "nova-3",
}
"""Twilio's names that are not Deepgram's."""


def is_flux(wish: Listening) -> bool:
    """Models that detect turns speak another protocol."""
    return (wish.model or "").startswith("flux")


def address(base: str, wish: Listening, model: str | None = None) -> str:
    """The URL of a stream; *model* when the wish names none."""
    named = wish.model or model or MODEL
    query: list[tuple[str, str]] = [
        ("model", _MODELS.get(named, named)),
        ("encoding", "linear16"),
        ("sample_rate", str(RATE_HZ)),
    ]
    if is_flux(wish):
        if wish.end_of_turn is not None:
            query.append(("eot_threshold", f"{wish.end_of_turn:g}"))
        query += [("keyterm", hint) for hint in wish.hints]
        return f"{base}/v2/listen?{urlencode(query)}"
    query += [
        ("channels", "1"),
        ("language", wish.language),
        ("interim_results", "true"),
        ("punctuate", "true"),
        ("smart_format", str(wish.smart_format).lower()),
        ("profanity_filter", str(wish.profanity_filter).lower()),
        ("endpointing", "300"),
    ]
    word = "keyterm" if query[0][1].startswith("nova-3") else "keywords"
    query += [(word, hint) for hint in wish.hints]
    return f"{base}/v1/listen?{urlencode(query)}"


class _Alternative(msgspec.Struct):
    transcript: str = ""
    languages: list[str] = []


class _Channel(msgspec.Struct):
    alternatives: list[_Alternative] = []


class _Message(msgspec.Struct):
    type: str = ""
    channel: Any = None
    """An object in results; an array of numbers in other messages."""
    is_final: bool = False
    from_finalize: bool = False
    event: str = ""
    transcript: str = ""
    description: str = ""


_DECODER: Final = msgspec.json.Decoder(_Message)


def read(data: bytes, language: str) -> list[Recognised]:
    """What one message means; *language* is what was asked for. Messages of no interest mean nothing."""
    try:
        message = _DECODER.decode(data)
        match message.type:
            case "Results":
                return _results(message, language)
            case "TurnInfo":
                return _turn(message, language)
            case "Error":
                return [Failure(f"Deepgram: {message.description[:160] or 'error'}")]
            case _:
                return []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def _results(message: _Message, language: str) -> list[Recognised]:
    channel = msgspec.convert(message.channel, _Channel)
    best = channel.alternatives[0] if channel.alternatives else _Alternative()
    heard_in = best.languages[0] if best.languages and language == "multi" else language
    if message.is_final or message.from_finalize:
        return [Phrase(best.transcript, heard_in, message.from_finalize)]
    return [Guess(best.transcript, heard_in)] if best.transcript else []


def _turn(message: _Message, language: str) -> list[Recognised]:
    """Flux tells the whole turn each time."""
    if message.event == "EndOfTurn":
        return [Phrase(message.transcript, language), TurnOver()]
    return [Guess(message.transcript, language)] if message.transcript else []
