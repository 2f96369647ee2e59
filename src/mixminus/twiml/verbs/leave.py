"""`<Leave>`: a call that waits in a queue goes on."""

from dataclasses import dataclass
from typing import ClassVar, Self

from mixminus.twiml.attributes import Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import Steps
from mixminus.twiml.element import Element
from mixminus.twiml.queue_effects import LeaveQueue


@dataclass(frozen=True, slots=True)
class Leave:
    ATTRIBUTES: ClassVar[Table] = ()

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        Reader(element, cls.ATTRIBUTES, warn)
        return cls()

    def steps(self, context: Context) -> Steps:
        yield LeaveQueue()
        return None
