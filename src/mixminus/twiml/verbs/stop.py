"""`<Stop>`: the end of what `<Start>` began, by its name."""

from dataclasses import dataclass
from typing import ClassVar, Self

from mixminus.twiml.attributes import SCHEMA, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import Steps, StopStream
from mixminus.twiml.element import Element
from mixminus.twiml.nouns.stream import NAME, Stream


@dataclass(frozen=True, slots=True)
class Stop:
    names: tuple[str, ...]

    ATTRIBUTES: ClassVar[Table] = ()

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        Reader(element, cls.ATTRIBUTES, warn)
        names: list[str] = []
        for child in element.elements():
            if child.name != "Stream":
                warn(SCHEMA, f"Line {child.line}: <{child.name[:60]}> in <Stop> is not offered")
            elif name := Reader(child, Stream.ATTRIBUTES, warn)(NAME):
                names.append(name)
            else:
                warn(SCHEMA, f"Line {child.line}: the <Stream> to stop has no name")
        return cls(tuple(names))

    def steps(self, context: Context) -> Steps:
        for name in self.names:
            yield StopStream(name)
        return None
