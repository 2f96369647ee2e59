"""Children that carry a name and a value: `<Parameter>`, `<Header>`."""

from collections.abc import Collection

from mixminus.twiml.attributes import SCHEMA, WarnOf
from mixminus.twiml.element import Element


def child_text(element: Element, name: str) -> str | None:
    """The text of the first child of that name."""
    return next((child.text for child in element.elements() if child.name == name), None)


def parameters(
    element: Element, siblings: Collection[str], warn: WarnOf, child_name: str = "Parameter"
) -> tuple[tuple[str, str], ...]:
    """Every `<Parameter name value>`, in order. Children that are neither these nor *siblings* are reported."""
    found: list[tuple[str, str]] = []
    for child in element.elements():
        if child.name == child_name:
            if name := child.attributes.get("name"):
                found.append((name, child.attributes.get("value", "")))
            else:
                warn(SCHEMA, f"Line {child.line}: <{child_name}> has no name")
        elif child.name not in siblings:
            warn(SCHEMA, f"Line {child.line}: <{child.name}> is not allowed in <{element.name}>")
    return tuple(found)
