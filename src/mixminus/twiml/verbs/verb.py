"""What every verb is: a frozen value that can be printed and compared, and the steps that it takes."""

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from mixminus.twiml.attributes import Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import Steps
from mixminus.twiml.element import Element
from mixminus.twiml.errors import TwimlError


class Verb(Protocol):
    """A verb as it was said."""

    def steps(self, context: Context) -> Steps:
        """Run it. Returns None to let the next verb run. Raises TwimlError."""


class OfferedVerb(Verb, Protocol):
    """A verb of the table VERBS."""

    ATTRIBUTES: ClassVar[Table]

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self:
        """Read it. Raises TwimlError for what must not run."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """A verb with an error: what stands before it runs, and here the document fails."""

    code: int
    message: str

    def steps(self, context: Context) -> Steps:
        raise TwimlError(self.code, self.message)
        yield  # a generator, as every verb's steps are
