"""What stands inside `<Dial>`."""

from typing import ClassVar, Protocol, Self

from mixminus.twiml.attributes import Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import Target
from mixminus.twiml.element import Element


class Noun(Protocol):
    """Somebody to ring."""

    ATTRIBUTES: ClassVar[Table]

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self | None:
        """Read it; None if it names nobody who could be rung, which is reported."""

    def target(self, context: Context, warn: WarnOf) -> Target:
        """With absolute URLs. Raises TwimlError 11100 for a bad whisper URL."""
