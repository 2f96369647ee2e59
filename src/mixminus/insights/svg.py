"""A drawing as SVG text."""

from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape

from mixminus.insights.drawing import Box, Drawing, Line, Polygon, Shape, Words

FONT: Final = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def svg(drawing: Drawing) -> str:
    """An `<svg>` element, self-contained: to be written to a file, or into a page."""
    size = f'width="{drawing.width:g}" height="{drawing.height:g}" viewBox="0 0 {drawing.width:g} {drawing.height:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{FONT}">'
    return "\n".join([head, f"<title>{escape(drawing.title)}</title>", *_elements(drawing.shapes), "</svg>"])


def _elements(shapes: Iterable[Shape]) -> Iterable[str]:
    return (_element(shape) for shape in shapes)


def _element(shape: Shape) -> str:
    match shape:
        case Box(x, y, width, height, fill, radius, tip):
            where = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius:g}"'
            return _with_tip("rect", f'{where} fill="{fill}"', tip)
        case Line(x1, y1, x2, y2, stroke, width, dash):
            where = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
            dashes = f' stroke-dasharray="{dash:g}"' if dash else ""
            return f'<line {where} stroke="{stroke}" stroke-width="{width:g}"{dashes}/>'
        case Polygon(points, fill, stroke, tip):
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            return _with_tip("polygon", f'points="{corners}" fill="{fill}" stroke="{stroke}"', tip)
        case Words(x, y, text, size, fill, anchor):
            where = f'x="{x:.1f}" y="{y:.1f}" dy="0.35em"'
            how = f'font-size="{size:g}" fill="{fill}" text-anchor="{anchor.value}"'
            return f"<text {where} {how}>{escape(text)}</text>"


def _with_tip(name: str, attributes: str, tip: str) -> str:
    return f"<{name} {attributes}><title>{escape(tip)}</title></{name}>" if tip else f"<{name} {attributes}/>"
