"""Events and parameters of webhooks, against the words that the code sends."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from tools.make_compatibility.rows import Notes, Row, Section, Status

import mixminus

SENDERS = ("app", "calls", "twiml", "webhooks")


def sections(facts: Mapping[str, Mapping[str, str]], notes: Notes) -> Iterator[Section]:
    yield Section(2, "Events")
    for callback, words in facts["events"].items():
        rows = (notes.on(event, Row(f"`{event}`", _sent(event))) for event in words.split())
        yield Section(3, callback, rows=tuple(rows))
    yield Section(2, "Parameters of webhooks")
    for callback, words in facts["parameters"].items():
        rows = (
            notes.on(f"{callback}.{name}", notes.on(name, Row(f"`{name}`", _sent(name)))) for name in words.split()
        )
        yield Section(3, callback, rows=tuple(rows))


def _sent(word: str) -> Status:
    """Whether it stands in the code as a whole word, or as the prefix that it is."""
    prefix, more, _ = word.partition("…")
    end = "" if more else r"(?![\w-])"
    pattern = rf"(?<![\w-]){re.escape(prefix.removesuffix('X-'))}{end}"
    return Status.YES if re.search(pattern, _source()) else Status.NOT_YET


@cache
def _source() -> str:
    root = Path(next(iter(mixminus.__path__)))
    files = (file for part in SENDERS for file in sorted((root / part).rglob("*.py")))
    return "\n".join(file.read_text() for file in files)
