"""`<Start>`: something goes on beside the document, also when another one takes over."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from mixminus.twiml.attributes import Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import StartStream, Steps, Warn
from mixminus.twiml.element import Element
from mixminus.twiml.nouns.stream import Stream, stream_in
from mixminus.twiml.values import TEXT


@dataclass(frozen=True, slots=True)
class Start:
    stream: Stream | None

    ATTRIBUTES: ClassVar[Table] = (
        Attribute[Any]("action", TEXT, None, offered=False),
        Attribute[Any]("method", TEXT, "POST", offered=False),
    )

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        Reader(element, cls.ATTRIBUTES, warn)
        return cls(stream_in(element, warn))

    def steps(self, context: Context) -> Steps:
        if self.stream is None:
            return None
        warnings: list[Warn] = []
        attributes = self.stream.attributes_in(context, lambda code, message: warnings.append(Warn(code, message)))
        yield from warnings
        yield StartStream(attributes)
        return None
