"""`<Hangup>`."""

from dataclasses import dataclass
from typing import ClassVar, Self

from mixminus.twiml.attributes import Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import HangUp, Steps
from mixminus.twiml.element import Element


@dataclass(frozen=True, slots=True)
class Hangup:
    ATTRIBUTES: ClassVar[Table] = ()

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        Reader(element, cls.ATTRIBUTES, warn)
        return cls()

    def steps(self, context: Context) -> Steps:
        yield from ()
        return HangUp()
