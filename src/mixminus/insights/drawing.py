"""A picture as a list of shapes: what every renderer understands, and no more. Sizes are pixels at 96 dpi."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

Colour = str
"""`#rrggbb`."""


class Anchor(StrEnum):
    """Which point of a text its position is; in SVG's words."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    fill: Colour
    radius: float = 0.0
    tip: str = ""
    """What a pointer that rests there is told, where there are pointers."""


@dataclass(frozen=True, slots=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    stroke: Colour
    width: float = 1.0
    dash: float = 0.0
    """Length of dashes and gaps; 0 is a solid line."""


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed shape with a rim."""

    points: tuple[tuple[float, float], ...]
    fill: Colour
    stroke: Colour
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text; *y* is its vertical middle."""

    x: float
    y: float
    text: str
    size: float
    fill: Colour
    anchor: Anchor = Anchor.START


Shape = Box | Line | Polygon | Words


@dataclass(frozen=True, slots=True)
class Drawing:
    width: float
    height: float
    title: str
    shapes: Sequence[Shape]


def width_of(text: str, size: float) -> float:
    """About how wide a line of text is in a common sans-serif font: enough to know whether it fits."""
    return sum(_advance(character) for character in text) * size


def _advance(character: str) -> float:
    """In ems; rounded up from the widths of Helvetica."""
    if character in "ijltfrI.,:;'|!()[] ":
        return 0.33
    if character in "mwMWÅ@%…":
        return 0.9
    return 0.72 if character.isupper() else 0.57
