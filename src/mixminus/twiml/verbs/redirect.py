"""`<Redirect>`: another document takes over."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from mixminus.twiml.attributes import Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import GoTo, Steps
from mixminus.twiml.element import Element
from mixminus.twiml.values import METHOD as HTTP_METHOD

METHOD: Final = Attribute("method", HTTP_METHOD, "POST", 13710)


@dataclass(frozen=True, slots=True)
class Redirect:
    """`url` as written; empty is the document itself, again."""

    url: str = ""
    method: str = "POST"

    ATTRIBUTES: ClassVar[Table] = (METHOD,)

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        return cls(element.text, Reader(element, cls.ATTRIBUTES, warn)(METHOD))

    def steps(self, context: Context) -> Steps:
        yield from ()
        return GoTo(context.url(self.url), self.method)
