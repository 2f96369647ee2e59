"""`<Number>`: a telephone number."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from mixminus.twiml.attributes import Attribute, Reader, Table, WarnOf
from mixminus.twiml.context import Context
from mixminus.twiml.effects import Target, TargetKind
from mixminus.twiml.element import Element
from mixminus.twiml.nouns.whisper import MACHINE_DETECTION, NO_WHISPER, Whisper, WhisperRows
from mixminus.twiml.values import KEYS, TEXT, optional

SEPARATORS: Final = re.compile(r"[\s().\-/]+")
NUMBER: Final = re.compile(r"\+?[0-9]{1,15}|[0-9*#]{1,15}")
"""E.164, or what a trunk or a switchboard takes: an extension, a service code."""

SEND_DIGITS: Final[Attribute[str | None]] = Attribute("sendDigits", optional(KEYS), None, 13222)

_WHISPER = WhisperRows.of(13221)


@dataclass(frozen=True, slots=True)
class Number:
    number: str
    send_digits: str | None = None
    whisper: Whisper = NO_WHISPER

    ATTRIBUTES: ClassVar[Table] = (
        SEND_DIGITS,
        *_WHISPER.table,
        Attribute[Any]("byoc", TEXT, None, offered=False),
        *MACHINE_DETECTION,
    )

    @classmethod
    def parse(cls, element: Element, warn: WarnOf) -> Self | None:
        """A `<Number>`, or a `<Dial>` whose text is one."""
        read = Reader(element, cls.ATTRIBUTES, warn)
        number = parse_number(element.text)
        if number is None:
            warn(13223, f"Line {element.line}: the text of <{element.name}> is not a telephone number")
            return None
        return cls(number, read(SEND_DIGITS) or None, _WHISPER.read(read))

    def target(self, context: Context, warn: WarnOf) -> Target:
        return Target(
            TargetKind.NUMBER,
            self.number,
            send_digits=self.send_digits,
            whisper_url=self.whisper.url_in(context),
            whisper_method=self.whisper.method,
            callback=self.whisper.callback_in(context, warn),
        )


def parse_number(text: str) -> str | None:
    """The digits of what people write as a number; None if it is none."""
    number = SEPARATORS.sub("", text)
    return number if NUMBER.fullmatch(number) else None
