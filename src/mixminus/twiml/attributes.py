"""Attributes as a table: name, what is allowed, default, and the code of the warning for anything else."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from mixminus.twiml.element import Element
from mixminus.twiml.errors import TwimlError

SCHEMA: Final = 12200
"""The warning for what the schema does not know."""

_LIST_SPELLING: Final = 16002

T = TypeVar("T")


class WarnOf(Protocol):
    """Takes note of a warning; the document goes on."""

    def __call__(self, code: int, message: str, /) -> None: ...


@dataclass(frozen=True)
class Values(Generic[T]):
    """A kind of value: in words, and as a function that raises ValueError for what is not allowed."""

    words: str
    read: Callable[[str], T]
    options: tuple[str, ...] = ()
    """Every allowed word, where there is a list of them."""
    private: bool = False
    """Keys, numbers, passwords: never repeated in a message, since messages reach logs."""


@dataclass(frozen=True)
class Attribute(Generic[T]):
    """One row of a verb's table."""

    name: str
    values: Values[T]
    default: T
    code: int = SCHEMA
    """What a bad value is reported as."""
    fatal: bool = False
    """Twilio's catalogue calls `code` an ERROR: the verb does not run."""
    offered: bool = True
    """False: part of TwiML, accepted, and without effect here so far."""
    aliases: tuple[str, ...] = ()
    """Other spellings met in the wild."""


Table = tuple[Attribute[Any], ...]


class Reader:
    """Reads an element by its table. What the table does not know, or does not offer, is reported at once."""

    def __init__(self, element: Element, table: Table, warn: WarnOf) -> None:
        self._element = element
        self._warn = warn
        known = {spelling: row for row in table for spelling in (row.name, *row.aliases)}
        for name in element.attributes:
            row = known.get(name)
            if row is None:
                warn(SCHEMA, f"{self._where(name)} is not an attribute of <{element.name}>{_meant(name, known)}")
            elif not row.offered:
                warn(SCHEMA, f"{self._where(name)} is not offered yet and has no effect")

    def said(self, attribute: Attribute[T]) -> str | None:
        """The attribute as written; None if it was not."""
        spellings = (attribute.name, *attribute.aliases)
        return next((self._element.attributes[name] for name in spellings if name in self._element.attributes), None)

    def __call__(self, attribute: Attribute[T]) -> T:
        """The attribute's value; a bad one is reported and the default taken. Raises TwimlError if it is fatal."""
        text = self.said(attribute)
        if text is None:
            return attribute.default
        try:
            return attribute.values.read(text)
        except ValueError:
            message = f"{self._where(attribute.name)} must be {attribute.values.words}"
        if not attribute.values.private:
            message += f', not "{shortened(text)}"'
        if attribute.fatal:
            raise TwimlError(attribute.code, message)
        self._warn(attribute.code, message)
        return attribute.default

    def listed(self, attribute: Attribute[tuple[str, ...]]) -> tuple[str, ...]:
        """A space-separated list. Words that are not allowed are reported and left out."""
        text = self.said(attribute)
        if text is None:
            return attribute.default
        words = tuple(dict.fromkeys(re.findall(r"[^\s\[\]'\",]+", text)))
        if text.split() != list(words):
            # str() of a Python list, which twilio-python passes through when nobody joined it
            self._warn(
                _LIST_SPELLING, f'{self._where(attribute.name)} should be written "{shortened(" ".join(words))}"'
            )
        allowed = attribute.values.options
        for word in words:
            if word not in allowed:
                message = f'{self._where(attribute.name)} has no "{shortened(word)}"; it takes {", ".join(allowed)}'
                self._warn(attribute.code, message)
        return tuple(word for word in words if word in allowed)

    def _where(self, name: str) -> str:
        return f"Line {self._element.line}: {shortened(name)} of <{self._element.name}>"


def _meant(name: str, known: dict[str, Attribute[Any]]) -> str:
    """Most unknown names are a matter of case: attributes are camelCase."""
    meant = next((spelling for spelling in known if spelling.lower() == name.lower()), None)
    return f"; {meant} is" if meant else ""


def shortened(text: str) -> str:
    """Fit for a message, whatever was sent."""
    return text if len(text) <= 60 else f"{text[:57]}..."
