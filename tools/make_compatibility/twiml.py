"""Verbs, nouns and attributes, against the tables of `mixminus.twiml`."""

from collections.abc import Iterator, Mapping

from tools.make_compatibility.rows import Notes, Row, Section, Status

from mixminus.twiml.attributes import Table
from mixminus.twiml.nouns import NOUNS
from mixminus.twiml.nouns.conversation_relay import LANGUAGE_ROWS, ConversationRelay
from mixminus.twiml.nouns.stream import Stream
from mixminus.twiml.verbs import VERBS

TITLES = {"verbs": "TwiML verbs", "nouns": "Nouns of `<Dial>`", "connected": "Inside `<Connect>` and `<Start>`"}

_PARTS = {**VERBS, **NOUNS, "Stream": Stream, "ConversationRelay": ConversationRelay}
TABLES: Mapping[str, Table] = {**{name: part.ATTRIBUTES for name, part in _PARTS.items()}, "Language": LANGUAGE_ROWS}


def sections(facts: Mapping[str, Mapping[str, str]], notes: Notes) -> Iterator[Section]:
    for group, title in TITLES.items():
        yield Section(2, title)
        offered = {name: words.split() for name, words in facts[group].items() if name in TABLES}
        for name, attributes in offered.items():
            text = "" if attributes or extras(name, attributes) else "Yes. It has no attributes."
            yield Section(3, f"`<{name}>`", text, tuple(rows(name, attributes, notes)))
        missing = {name: words for name, words in facts[group].items() if name not in TABLES}
        if missing:
            yield Section(3, "Not offered", "Skipped with a warning (12200); the rest runs.", tuple(absent(missing)))


def rows(element: str, attributes: list[str], notes: Notes) -> Iterator[Row]:
    """Twilio's attributes, then our own."""
    table = {row.name: row for row in TABLES[element]}
    for name in attributes:
        row = table.get(name)
        if row is None:
            status, why = Status.NOT_YET, ""
        elif row.offered:
            status, why = Status.YES, ""
        else:
            status, why = Status.NOT_YET, "accepted, with a warning, and without effect"
        yield notes.on(f"{element}.{name}", Row(f"`{name}`", status, why))
    for name in extras(element, attributes):
        yield notes.on(f"{element}.{name}", Row(f"`{name}`", Status.YES, "ours: Twilio does not have it"))


def extras(element: str, attributes: list[str]) -> list[str]:
    return [row.name for row in TABLES[element] if row.offered and row.name not in attributes]


def absent(missing: Mapping[str, str]) -> Iterator[Row]:
    for name, words in missing.items():
        attributes = ", ".join(f"`{word}`" for word in words.split())
        yield Row(f"`<{name}>`", Status.NOT_YET, attributes and f"with {attributes}")
