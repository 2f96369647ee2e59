"""A timeline as a drawing: one lane a participant, a legend, a time axis."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mixminus.insights.drawing import Anchor, Box, Colour, Drawing, Line, Polygon, Shape, Words, width_of
from mixminus.insights.timeline import Lane, Mark, Span, State, Timeline

INK: Final = "#1b1f24"
SOFT: Final = "#59636e"
GRID: Final = "#e4e8ec"
STRIPE: Final = "#f6f8fa"
PAPER: Final = "#ffffff"

PAINT: Final[dict[State, tuple[Colour, Colour]]] = {
    State.RINGING: ("#dfe5ea", INK),
    State.WAITING: ("#f0e442", INK),
    State.TALKING: ("#0072b2", PAPER),
    State.MUTED: ("#6e7781", PAPER),
    State.HELD: ("#e69f00", INK),
    State.COACHING: ("#cc79a7", INK),
}
"""Fill and text. Hues of Okabe and Ito (2008): the common kinds of colour blindness tell them apart."""
assert PAINT.keys() == set(State), "a state has no paint"

WIDTH: Final = 1120.0
MARGIN: Final = 28.0
NAMES: Final = 96.0
"""What names may take beside the lanes."""
TOP: Final = 104.0
LANE: Final = 46.0
BAR: Final = 24.0
LIFT: Final = 4.0
"""Bars sit above the middle of their lane: the markers are below them."""
AXIS: Final = 40.0
TITLE_SIZE: Final = 20.0
TEXT_SIZE: Final = 13.0
SMALL_SIZE: Final = 11.0
MARK_RADIUS: Final = 5.0

STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400)
"""How far apart the ticks of the axis may be."""
TICK_ROOM: Final = 70.0


@dataclass(frozen=True, slots=True)
class _Scale:
    """From seconds to pixels."""

    left: float
    right: float
    duration_s: float

    def x(self, at_s: float) -> float:
        return self.left + (self.right - self.left) * at_s / self.duration_s


def picture(timeline: Timeline) -> Drawing:
    """Lay it out. A picture is as wide for an hour as for a minute, and grows with the participants."""
    scale = _Scale(MARGIN + NAMES, WIDTH - MARGIN, max(timeline.duration_s, 1.0))
    bottom = TOP + LANE * len(timeline.lanes)
    shapes: list[Shape] = [Box(0, 0, WIDTH, bottom + AXIS + MARGIN / 2, PAPER)]
    shapes += _heading(timeline)
    shapes += _legend()
    for number in range(0, len(timeline.lanes), 2):
        shapes.append(Box(MARGIN / 2, TOP + LANE * number, WIDTH - MARGIN, LANE, STRIPE, 6))
    shapes += _axis(scale, bottom)
    shapes += _start(timeline, scale, bottom)
    for number, lane in enumerate(timeline.lanes):
        shapes += _lane(lane, TOP + LANE * (number + 0.5), scale)
    return Drawing(WIDTH, bottom + AXIS + MARGIN / 2, f"Timeline of {timeline.title}", tuple(shapes))


def clock_text(at_s: float) -> str:
    """`0:05`, `1:02:03`."""
    minutes, seconds = divmod(round(at_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _heading(timeline: Timeline) -> Iterator[Shape]:
    began = timeline.begins_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    facts = f"{began} · {clock_text(timeline.duration_s)} · {len(timeline.lanes)} participants"
    room = WIDTH - 3 * MARGIN - width_of(facts, TEXT_SIZE)
    yield Words(MARGIN, 30, _fitting(timeline.title, TITLE_SIZE, room), TITLE_SIZE, INK)
    yield Words(WIDTH - MARGIN, 30, facts, TEXT_SIZE, SOFT, Anchor.END)


def _legend() -> Iterator[Shape]:
    x, y = MARGIN, 64.0
    for state, (fill, _) in PAINT.items():
        yield Box(x, y - 7, 22, 14, fill, 4)
        yield Words(x + 29, y, state.value, TEXT_SIZE, SOFT)
        x += 29 + width_of(state.value, TEXT_SIZE) + 22
    for mark in Mark:
        yield _marker_shape(mark, x + MARK_RADIUS, y, "")
        yield Words(x + 18, y, mark.value, TEXT_SIZE, SOFT)
        x += 18 + width_of(mark.value, TEXT_SIZE) + 22


def _axis(scale: _Scale, bottom: float) -> Iterator[Shape]:
    step_s = _step_s(scale)
    for number in range(int(scale.duration_s / step_s) + 1):
        x = scale.x(number * step_s)
        yield Line(x, TOP, x, bottom + 6, GRID)
        yield Words(x, bottom + 20, clock_text(number * step_s), SMALL_SIZE, SOFT, Anchor.MIDDLE)


def _step_s(scale: _Scale) -> int:
    """The closest ticks that leave each its room."""
    most = (scale.right - scale.left) / TICK_ROOM
    return next((step_s for step_s in STEPS_S if scale.duration_s / step_s <= most), STEPS_S[-1])


def _start(timeline: Timeline, scale: _Scale, bottom: float) -> Iterator[Shape]:
    if timeline.starts_s is not None:
        x = scale.x(timeline.starts_s)
        yield Line(x, TOP - 6, x, bottom + 6, SOFT, 1.2, 4)
        anchor = Anchor.END if x > scale.right - MARGIN else Anchor.MIDDLE
        yield Words(x, TOP - 14, "conference starts", SMALL_SIZE, SOFT, anchor)


def _lane(lane: Lane, middle: float, scale: _Scale) -> Iterator[Shape]:
    yield Words(MARGIN, middle - LIFT, _fitting(lane.name, TEXT_SIZE, NAMES - 12), TEXT_SIZE, INK)
    for span in lane.spans:
        yield from _bar(span, lane.name, middle, scale)
    for marker in lane.markers:
        tip = f"{clock_text(marker.at_s)} {lane.name}: {marker.event} (event {marker.sequence_number})"
        yield _marker_shape(marker.mark, scale.x(marker.at_s), middle + BAR / 2 + 5, tip)


def _bar(span: Span, name: str, middle: float, scale: _Scale) -> Iterator[Shape]:
    left, right = scale.x(span.begins_s), scale.x(span.ends_s)
    fill, ink = PAINT[span.state]
    tip = f"{name}: {span.state.value}, {clock_text(span.begins_s)} to {clock_text(span.ends_s)}"
    yield Box(left + 0.75, middle - BAR / 2 - LIFT, max(1.0, right - left - 1.5), BAR, fill, 4, tip)
    if width_of(span.state.value, SMALL_SIZE) + 10 <= right - left:
        yield Words((left + right) / 2, middle - LIFT, span.state.value, SMALL_SIZE, ink, Anchor.MIDDLE)


def _marker_shape(mark: Mark, x: float, y: float, tip: str) -> Polygon:
    """A triangle up comes, a triangle down goes, a diamond changes."""
    r = MARK_RADIUS
    match mark:
        case Mark.JOIN:
            return Polygon(((x - r, y + r * 0.8), (x, y - r), (x + r, y + r * 0.8)), INK, PAPER, tip)
        case Mark.LEAVE:
            return Polygon(((x - r, y - r * 0.8), (x, y + r), (x + r, y - r * 0.8)), INK, PAPER, tip)
        case Mark.CHANGE:
            return Polygon(((x - r, y), (x, y - r), (x + r, y), (x, y + r)), INK, PAPER, tip)


def _fitting(text: str, size: float, room: float) -> str:
    """The text, or as much of it as there is room for."""
    if width_of(text, size) <= room:
        return text
    while text and width_of(text + "…", size) > room:
        text = text[:-1]
    return text + "…"
