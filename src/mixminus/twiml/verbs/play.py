"""`<Play>`: an audio file, or keys pressed to the other side."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from mixminus.twiml.attributes import SCHEMA, Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import PlayUrl, Prompting, SendDigits, Steps
from mixminus.twiml.element import Element
from mixminus.twiml.values import KEYS, LOOPS, optional

LOOP: Final = Attribute("loop", LOOPS, 1, 13410)
DIGITS: Final[Attribute[str | None]] = Attribute("digits", optional(KEYS), None, 13430)


@dataclass(frozen=True, slots=True)
class Play:
    """`url` as written. With `digits` the URL does not count."""

    url: str
    loops: int = 1
    digits: str | None = None

    ATTRIBUTES: ClassVar[Table] = (LOOP, DIGITS)

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        read = Reader(element, cls.ATTRIBUTES, warn)
        play = cls(element.text, read(LOOP), read(DIGITS))
        if not play.url and not play.digits:
            warn(SCHEMA, f"Line {element.line}: <Play> has neither a URL nor digits")
        return play

    def prompts(self, context: Context) -> tuple[PlayUrl, ...]:
        """What is to be heard. Raises TwimlError 11100."""
        return (PlayUrl(context.audio_url(self.url), self.loops),) if self.url else ()

    def steps(self, context: Context) -> Steps:
        if self.digits:
            yield SendDigits(self.digits)
        elif prompts := self.prompts(context):
            yield Prompting(prompts)
        return None
