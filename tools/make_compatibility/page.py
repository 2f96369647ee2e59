"""The page as Markdown."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from tools.make_compatibility import rest, rows, twiml, webhooks
from tools.make_compatibility.rows import Notes, Section, Status

HEAD = """# Compatibility with Twilio

Every verb, noun, attribute, resource, parameter and event of Twilio's programmable voice that concerns calls and
conferences, and whether it works here. What is promised about conferences is named by a test in tests/scenarios. Of
the rest, an attribute is `yes` when the code offers it, and a parameter or event when the code speaks of it.

- **yes**: works as Twilio's documentation says.
- **partly**: works within the limits that are named.
- **not yet**: a request with it does not fail for it, unless it says so.

Made by `python -m tools.make_compatibility` from the tables that the code itself uses; do not edit it by hand.
"""


def compatibility_page() -> str:
    notes = Notes(rows.facts("notes")["notes"])
    names = rows.facts("twiml")
    parts = (
        twiml.sections(names, notes),
        rest.sections(rows.facts("rest"), notes),
        webhooks.sections(names, notes),
    )
    sections = list(chain.from_iterable(parts))
    if notes.unused:
        raise ValueError(f"notes on what is not on the page: {', '.join(sorted(notes.unused))}")
    return "\n".join([HEAD, *_summary(sections), *chain.from_iterable(map(_lines, sections))]).rstrip() + "\n"


def _summary(sections: Sequence[Section]) -> Iterator[str]:
    yield f"| | {' | '.join(Status)} |"
    yield "|---|---|---|---|"
    for title, members in _groups(sections):
        counted = rows.count(row for section in members for row in section.rows)
        yield f"| {title} | {' | '.join(str(counted[status]) for status in Status)} |"
    yield ""


def _groups(sections: Iterable[Section]) -> list[tuple[str, list[Section]]]:
    groups: list[tuple[str, list[Section]]] = []
    for section in sections:
        if section.level == 2:
            groups.append((section.title, []))
        else:
            groups[-1][1].append(section)
    return groups


def _lines(section: Section) -> Iterator[str]:
    yield f"{'#' * section.level} {section.title}"
    yield ""
    if section.text:
        yield section.text
        yield ""
    if section.rows:
        yield "| | | |"
        yield "|---|---|---|"
        yield from (f"| {row.name} | {row.status} | {row.why} |".replace("|  |", "| |") for row in section.rows)
        yield ""
