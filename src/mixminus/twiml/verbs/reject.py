"""`<Reject>`: as the first verb it refuses the call unanswered."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from mixminus.twiml.attributes import Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import Rejected, Steps
from mixminus.twiml.element import Element
from mixminus.twiml.values import one_of

REASON: Final = Attribute("reason", one_of("rejected", "busy"), "rejected", 13810)


@dataclass(frozen=True, slots=True)
class Reject:
    reason: str = "rejected"

    ATTRIBUTES: ClassVar[Table] = (REASON,)

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        return cls(Reader(element, cls.ATTRIBUTES, warn)(REASON))

    def steps(self, context: Context) -> Steps:
        yield from ()
        return Rejected(self.reason)
