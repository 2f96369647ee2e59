"""A drawing as a PNG file, by Pillow (the extra `pictures`) and the font that comes with it."""

from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from mixminus.insights.drawing import Anchor, Box, Drawing, Line, Polygon, Shape, Words

SCALE: Final = 2
"""Pixels of the file for each of the drawing: sharp on dense screens."""

SMOOTH: Final = 3
"""Pillow's shapes have hard edges: they are drawn larger, and made smaller."""

_ZOOM: Final = SCALE * SMOOTH

_ANCHORS: Final = {Anchor.START: "lm", Anchor.MIDDLE: "mm", Anchor.END: "rm"}


def write_png(drawing: Drawing, path: Path) -> None:
    """Draw *drawing* into the file *path*. Raises `OSError`."""
    large = (round(drawing.width * _ZOOM), round(drawing.height * _ZOOM))
    image = Image.new("RGB", large, "#ffffff")
    brush = ImageDraw.Draw(image)
    for shape in drawing.shapes:
        _draw(brush, shape)
    size = (round(drawing.width * SCALE), round(drawing.height * SCALE))
    image.resize(size, Image.Resampling.LANCZOS).save(path, "PNG", optimize=True)


def _draw(brush: ImageDraw.ImageDraw, shape: Shape) -> None:
    match shape:
        case Box(x, y, width, height, fill, radius):
            corners = (x * _ZOOM, y * _ZOOM, (x + width) * _ZOOM - 1, (y + height) * _ZOOM - 1)
            radius = min(radius, width / 2, height / 2)
            brush.rounded_rectangle(corners, radius * _ZOOM, fill=fill)
        case Line():
            _draw_line(brush, shape)
        case Polygon(points, fill, stroke):
            brush.polygon([(x * _ZOOM, y * _ZOOM) for x, y in points], fill, stroke, width=_ZOOM)
        case Words(x, y, text, size, fill, anchor):
            font = ImageFont.load_default(size * _ZOOM)
            brush.text((x * _ZOOM, y * _ZOOM), text, fill, font, _ANCHORS[anchor])


def _draw_line(brush: ImageDraw.ImageDraw, line: Line) -> None:
    """Pillow knows no dashes: a dashed line is many lines."""
    length = max(abs(line.x2 - line.x1), abs(line.y2 - line.y1))
    stretches = [(0.0, 1.0)]
    if line.dash and length:
        step = line.dash / length
        count = int(1 / step) + 1
        stretches = [(at * step, min(1.0, (at + 1) * step)) for at in range(0, count, 2)]
    for begin, end in stretches:
        ends = [
            ((line.x1 + (line.x2 - line.x1) * at) * _ZOOM, (line.y1 + (line.y2 - line.y1) * at) * _ZOOM)
            for at in (begin, end)
        ]
        brush.line(ends, line.stroke, round(line.width * _ZOOM))
