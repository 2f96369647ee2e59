"""The kinds of values that attributes take."""

import re
from collections.abc import Mapping
from typing import Final, TypeVar

from mixminus.twiml.attributes import Values

T = TypeVar("T")

MOST_LOOPS: Final = 1000
"""`loop="0"` repeats until hang-up, at most this often (TwiML: Say, Play)."""

MAX_INTEGER: Final = 86_400
"""Every number without a limit of its own is seconds or digits, and no call lasts longer than a day."""


def words(table: Mapping[str, T]) -> Values[T]:
    """One of some words, each with its meaning."""

    def read(text: str) -> T:
        if text not in table:
            raise ValueError(text)
        return table[text]

    return Values(" or ".join(table), read, tuple(table))


def one_of(*allowed: str) -> Values[str]:
    """One of some words that mean what they say."""
    return words({word: word for word in allowed})


def some_of(*allowed: str) -> Values[tuple[str, ...]]:
    """A list of words with spaces between them; read with `Reader.listed`."""
    return Values("some of " + ", ".join(allowed), lambda text: tuple(text.split()), allowed)


def integer(least: int, most: int = MAX_INTEGER) -> Values[int]:
    """A whole number in decimal digits."""

    def read(text: str) -> int:
        number = text.strip()
        if not re.fullmatch(r"[+-]?[0-9]{1,12}", number) or not least <= int(number) <= most:
            raise ValueError(text)
        return int(number)

    return Values(f"a whole number from {least} to {most}", read)


def form(pattern: str, description: str, *, private: bool = False) -> Values[str]:
    """Text that matches *pattern* from end to end."""
    compiled = re.compile(pattern)

    def read(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(text)
        return text

    return Values(description, read, private=private)


def _read_boolean(text: str) -> bool:
    # The documents say lower case; hand-written ones say "True", and Twilio takes it.
    table = {"true": True, "false": False}
    if text.strip().lower() not in table:
        raise ValueError(text)
    return table[text.strip().lower()]


def _read_method(text: str) -> str:
    if text.strip().upper() not in ("GET", "POST"):
        raise ValueError(text)
    return text.strip().upper()


def _read_loops(text: str) -> int:
    return integer(0, MOST_LOOPS).read(text) or MOST_LOOPS


BOOLEAN: Final = Values("true or false", _read_boolean, ("true", "false"))
METHOD: Final = Values("GET or POST", _read_method, ("GET", "POST"))
LOOPS: Final = Values(f"a whole number from 0 to {MOST_LOOPS}", _read_loops)
TEXT: Final = Values("text", str)
URL: Final[Values[str | None]] = Values("a URL", str.strip)
"""Checked when it is resolved against the document's own (`Context.url`)."""
KEYS: Final = form(
    r"[0-9A-D*#wW]*", "keys: 0-9 A-D * #, and w or W for half a second or a second of silence", private=True
)


def optional(values: Values[T]) -> Values[T | None]:
    """The same for an attribute without a default."""
    return Values(values.words, values.read, values.options, values.private)
