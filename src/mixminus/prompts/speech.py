"""What `<Say>` asks for, in an offline voice's terms: plain text, who speaks, which language. A core."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mixminus.prompts.prompt import NO_TEXT, TEXT_TOO_LONG, PromptError

APOLOGY: Final = "We are sorry, an application error has occurred. Goodbye."
"""What a caller hears before the call ends when a document failed and its fallback too."""

MAX_CHARACTERS: Final = 4096  # twiml-and-streams.md, 2.1: the basic voices

_PAUSE = re.compile(r"</?(?:break|p|s)\b[^<>]*>")
_SUBSTITUTE = re.compile(r"<sub\b[^<>]*\balias=(['\"])(?P<alias>.*?)\1[^<>]*>.*?</sub>", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\s]+")


class Speaker(StrEnum):
    MAN = "man"
    WOMAN = "woman"


@dataclass(frozen=True, slots=True)
class Speech:
    """One thing to say. `language` is a lower-case tag such as `en-us`."""

    text: str
    speaker: Speaker
    language: str


def speech(markup: str, voice: str | None, language: str | None) -> Speech:
    """Read what a `<Say>` holds. Raises `PromptError` when there is nothing to say, or too much."""
    text = plain_text(markup)
    if len(text) > MAX_CHARACTERS:
        raise PromptError(TEXT_TOO_LONG, f"the text has {len(text)} characters; {MAX_CHARACTERS} can be spoken")
    if not any(character.isalnum() for character in text):
        raise PromptError(NO_TEXT, "there is no text to say")
    return Speech(text, speaker(voice or ""), (language or language_of(voice or "") or "en-us").lower())


def plain_text(markup: str) -> str:
    """Take the SSML out: pauses become commas, substitutes are spoken, every other tag leaves its text."""
    text = _SUBSTITUTE.sub(lambda found: found["alias"], markup)
    text = _TAG.sub(" ", _PAUSE.sub(", ", text))
    text = _UNSPEAKABLE.sub(" ", html.unescape(text))
    return text.strip(" ,")


# Polly's men (twiml-and-streams.md, 2.1); everybody else in the list is a woman.
_POLLY_MEN: Final = frozenset(
    {
        "adriano", "andres", "arthur", "brian", "cristiano", "daniel", "enrique", "geraint", "giorgio",
        "hans", "jacek", "jan", "joey", "justin", "karl", "kevin", "liam", "mads", "mathieu", "matthew",
        "maxim", "miguel", "pedro", "remi", "rémi", "ricardo", "ruben", "russell", "sergio", "stephen",
        "takumi", "thiago",
    }
)  # fmt: skip


def speaker(voice: str) -> Speaker:
    """Tell whether a Twilio voice is a man's. No voice named is Twilio's default, `man`."""
    family, _, name = voice.lower().partition(".")
    if family in ("", "man"):
        return Speaker.MAN
    if family == "polly" and name.partition("-")[0] in _POLLY_MEN:
        return Speaker.MAN
    return Speaker.WOMAN


def language_of(voice: str) -> str | None:
    """`Google.de-DE-Standard-A` speaks its own language; names of Polly do not tell theirs."""
    found = re.match(r"google\.([a-z]{2,3}-[a-z]{2})-", voice.lower())
    return found[1] if found else None


# Tags whose espeak-ng name is neither the tag nor its first part. Its `en` is the British one.
_ESPEAK_NAMES: Final[Mapping[str, str]] = {
    "arb": "ar", "cmn": "cmn", "cmn-cn": "cmn", "cmn-tw": "cmn", "en": "en-us", "en-ca": "en-us", "es-mx": "es-419",
    "es-us": "es-419", "yue-hk": "yue", "zh": "cmn", "zh-cn": "cmn", "zh-hk": "yue", "zh-tw": "cmn",
}  # fmt: skip

# First parts of tags that espeak-ng 1.51 has under that name.
_ESPEAK_LANGUAGES: Final = frozenset(
    {
        "af", "am", "ar", "bg", "bn", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et", "fi", "fr", "gu",
        "he", "hi", "hr", "hu", "id", "is", "it", "ja", "kn", "ko", "lt", "lv", "ml", "mr", "ms", "nb", "nl",
        "pa", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "sw", "ta", "te", "th", "tr", "uk", "ur", "vi",
    }
)  # fmt: skip
_ESPEAK_REGIONS: Final = frozenset({"en-us", "fr-be", "fr-ch", "pt-br"})


def espeak_language(tag: str) -> str | None:
    """Return espeak-ng's name for a language tag; None: it does not speak that."""
    if tag in _ESPEAK_NAMES:
        return _ESPEAK_NAMES[tag]
    if tag in _ESPEAK_REGIONS:
        return tag
    first = tag.partition("-")[0]
    return first if first in _ESPEAK_LANGUAGES else None
