"""`<Say>`: text to speech."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from mixminus.twiml.attributes import Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import Prompting, SayText, Steps
from mixminus.twiml.element import Element
from mixminus.twiml.values import LOOPS, form, optional

MAX_CHARACTERS: Final = 4096
"""Of the basic voices (13521)."""

SSML: Final = frozenset(
    {"break", "emphasis", "lang", "p", "s", "w", "phoneme", "prosody", "say-as", "sub"},
)
SPELT_OUT: Final = frozenset({"characters", "spell-out", "digits", "telephone"})

_VOICE = form(r"man|woman|alice|(Polly|Google)\.[\w.-]+", "man, woman, alice, Polly.NAME or Google.NAME")
_LANGUAGE = form(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", "a language tag such as en-US")

VOICE: Final[Attribute[str | None]] = Attribute("voice", optional(_VOICE), None, 13511)
LANGUAGE: Final[Attribute[str | None]] = Attribute("language", optional(_LANGUAGE), None, 13512)
LOOP: Final = Attribute("loop", LOOPS, 1, 13510)


@dataclass(frozen=True, slots=True)
class Say:
    """`text` is what is read aloud: SSML is reduced to words."""

    text: str
    voice: str | None = None
    language: str | None = None
    loops: int = 1

    ATTRIBUTES: ClassVar[Table] = (VOICE, LANGUAGE, LOOP)

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        read = Reader(element, cls.ATTRIBUTES, warn)
        text = " ".join("".join(_spoken(element, warn)).split())
        if not text:
            warn(13520, f"Line {element.line}: <Say> has nothing to say")
        if len(text) > MAX_CHARACTERS:
            warn(13521, f"Line {element.line}: <Say> is cut after {MAX_CHARACTERS} of {len(text)} characters")
        return cls(text[:MAX_CHARACTERS], read(VOICE), read(LANGUAGE), read(LOOP))

    def prompts(self, context: Context) -> tuple[SayText, ...]:
        """What is to be heard."""
        return (SayText(self.text, self.voice, self.language, self.loops),) if self.text else ()

    def steps(self, context: Context) -> Steps:
        if prompts := self.prompts(context):
            yield Prompting(prompts)
        return None


def _spoken(element: Element, warn: WarnOf) -> Iterator[str]:
    """The words of an element and of the SSML in it (its depth is bounded, see element.MAX_DEPTH)."""
    for child in element.children:
        if isinstance(child, str):
            yield child
            continue
        if child.name not in SSML:
            warn(
                12200, f"Line {child.line}: <{child.name}> is not an element of <Say>; its text is read all the same"
            )
        yield _in_words(child, "".join(_spoken(child, warn)))


def _in_words(element: Element, text: str) -> str:
    """What an SSML element makes of its text. Voices differ; words and pauses are what all of them can do."""
    match element.name:
        case "break":
            return ", "
        case "p" | "s":
            return f"{text.rstrip()} " if re.search(r"[.!?]\s*$", text) else f"{text}. "
        case "sub":
            return element.attributes.get("alias", text)
        case "say-as" if element.attributes.get("interpret-as") in SPELT_OUT:
            return " ".join(text.replace(" ", ""))
    return text
