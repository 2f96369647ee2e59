"""`<Queue>` of `<Dial>`: whoever waits at its front."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from mixminus.twiml.attributes import SCHEMA, Attribute, Reader, Table, WarnOf
from mixminus.twiml.element import Element
from mixminus.twiml.values import METHOD as HTTP_METHOD
from mixminus.twiml.values import TEXT, URL

MOST_NAME_CHARACTERS: Final = 64

WHISPER: Final[Attribute[str | None]] = Attribute("url", URL, None, 11100)
METHOD: Final = Attribute("method", HTTP_METHOD, "POST")


@dataclass(frozen=True, slots=True)
class Queue:
    """`url` as written: what the queued call hears before the two are joined."""

    name: str
    url: str | None = None
    method: str = "POST"

    ATTRIBUTES: ClassVar[Table] = (
        WHISPER,
        METHOD,
        Attribute[Any]("reservationSid", TEXT, None, offered=False),
        Attribute[Any]("postWorkActivitySid", TEXT, None, offered=False),
    )

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self | None:
        """None, and a warning, without a name."""
        read = Reader(element, cls.ATTRIBUTES, warn)
        name = queue_name(element, warn)
        return cls(name, read(WHISPER) or None, read(METHOD)) if name else None


def queue_name(element: Element, warn: WarnOf) -> str | None:
    """The text of the element. None, and a warning, for what cannot name a queue."""
    name = " ".join(element.text.split())
    if not name or len(name) > MOST_NAME_CHARACTERS:
        warn(SCHEMA, f"Line {element.line}: <{element.name}> names a queue in 1 to {MOST_NAME_CHARACTERS} characters")
        return None
    return name
