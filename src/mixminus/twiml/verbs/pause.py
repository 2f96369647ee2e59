"""`<Pause>`: silence."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from mixminus.twiml import effects
from mixminus.twiml.attributes import Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.element import Element
from mixminus.twiml.values import integer

LENGTH: Final = Attribute("length", integer(0), 1, 13910)


@dataclass(frozen=True, slots=True)
class Pause:
    length_s: int = 1

    ATTRIBUTES: ClassVar[Table] = (LENGTH,)

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        return cls(Reader(element, cls.ATTRIBUTES, warn)(LENGTH))

    def prompts(self, context: Context) -> tuple[effects.Pause, ...]:
        """What is to be heard, or rather not."""
        return (effects.Pause(self.length_s),)

    def steps(self, context: Context) -> effects.Steps:
        yield effects.Prompting(self.prompts(context))
        return None
