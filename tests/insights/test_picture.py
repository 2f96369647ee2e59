"""The picture of a timeline: everything in its place, nothing outside, the same as SVG, page and PNG."""

import struct
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from mixminus.base.types import Sid
from mixminus.insights.drawing import Anchor, Box, Drawing, Line, Polygon, Words, width_of
from mixminus.insights.io.png import SCALE, write_png
from mixminus.insights.page import page
from mixminus.insights.picture import PAINT, WIDTH, clock_text, picture
from mixminus.insights.svg import svg
from mixminus.insights.timeline import Entry, Lane, Mark, Marker, Span, State, Timeline

SVG = "{http://www.w3.org/2000/svg}"


def lane(name: str, *spans: Span, markers: tuple[Marker, ...] = ()) -> Lane:
    return Lane(Sid(f"CA{name}"), name, spans, markers)


def made(*lanes: Lane, title: str = "support", duration_s: float = 30.0, starts_s: float | None = 4.0) -> Timeline:
    entries = (Entry(1, 0.0, "participant-join", "customer", ""),)
    return Timeline(title, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), duration_s, starts_s, lanes, entries)


CUSTOMER = lane(
    "customer",
    Span(State.WAITING, 0, 4),
    Span(State.TALKING, 4, 10),
    Span(State.HELD, 10, 30),
    markers=(Marker(Mark.JOIN, 0, "participant-join", 1), Marker(Mark.CHANGE, 10, "participant-hold", 4)),
)
ANA = lane("ana", Span(State.RINGING, 1, 4), Span(State.TALKING, 4, 30))
TIMELINE = made(CUSTOMER, ANA)


def bars(drawing: Drawing) -> list[Box]:
    return [shape for shape in drawing.shapes if isinstance(shape, Box) and shape.tip]


def texts(drawing: Drawing) -> list[str]:
    return [shape.text for shape in drawing.shapes if isinstance(shape, Words)]


def test_every_span_is_a_bar_of_its_states_colour() -> None:
    found = [(bar.tip, bar.fill) for bar in bars(picture(TIMELINE))]
    assert found == [
        ("customer: waiting, 0:00 to 0:04", PAINT[State.WAITING][0]),
        ("customer: talking, 0:04 to 0:10", PAINT[State.TALKING][0]),
        ("customer: on hold, 0:10 to 0:30", PAINT[State.HELD][0]),
        ("ana: ringing, 0:01 to 0:04", PAINT[State.RINGING][0]),
        ("ana: talking, 0:04 to 0:30", PAINT[State.TALKING][0]),
    ]


def test_what_happens_at_the_same_time_is_drawn_at_the_same_place() -> None:
    customer, ana = bars(picture(TIMELINE))[1], bars(picture(TIMELINE))[4]
    assert customer.x == ana.x
    assert customer.y < ana.y


def test_the_bars_of_a_lane_do_not_overlap() -> None:
    first, second, third = bars(picture(TIMELINE))[:3]
    assert first.x + first.width < second.x
    assert second.x + second.width < third.x


def test_lengths_are_as_times() -> None:
    waiting, talking = bars(picture(TIMELINE))[:2]
    gap = 1.5
    assert (talking.width + gap) / (waiting.width + gap) == pytest.approx(6 / 4)


def test_a_state_is_written_on_its_bar_only_where_it_fits() -> None:
    long, short = made(lane("a", Span(State.COACHING, 0, 30))), made(lane("a", Span(State.COACHING, 0, 1)))
    assert texts(picture(long)).count("coaching") == 2  # the other is in the legend
    assert texts(picture(short)).count("coaching") == 1


def test_the_legend_names_every_state_and_every_marker() -> None:
    assert {*State, *Mark} <= set(texts(picture(made())))


def test_the_start_of_the_conference_is_a_dashed_line() -> None:
    dashed = [shape for shape in picture(TIMELINE).shapes if isinstance(shape, Line) and shape.dash]
    assert [round(line.x1) for line in dashed] == [round(bars(picture(TIMELINE))[1].x - 0.75)]
    assert not [shape for shape in picture(made(starts_s=None)).shapes if isinstance(shape, Line) and shape.dash]


@pytest.mark.parametrize("duration_s", [0.0, 0.4, 7, 30, 61, 599, 3_600, 28_800, 100_000])
def test_the_axis_has_a_handful_of_labels_that_keep_their_distance(duration_s: float) -> None:
    drawing = picture(made(duration_s=duration_s, starts_s=None))
    ticks = sorted(shape.x for shape in drawing.shapes if isinstance(shape, Words) and shape.anchor is Anchor.MIDDLE)
    assert 1 <= len(ticks) <= 16
    assert all(right - left >= 60 for left, right in pairwise(ticks))


@pytest.mark.parametrize("lanes", [0, 1, 12])
def test_everything_is_inside_the_picture(lanes: int) -> None:
    drawing = picture(made(*[CUSTOMER] * lanes, title="a long name " * 20))
    assert drawing.width == WIDTH
    for shape in drawing.shapes:
        for x, y in corners(shape):
            assert -1 <= x <= drawing.width + 1
            assert -1 <= y <= drawing.height + 1


def corners(shape: Box | Line | Polygon | Words) -> list[tuple[float, float]]:
    match shape:
        case Box(x, y, width, height):
            return [(x, y), (x + width, y + height)]
        case Line(x1, y1, x2, y2):
            return [(x1, y1), (x2, y2)]
        case Polygon(points):
            return list(points)
        case Words(x, y, text, size, _, anchor):
            width = width_of(text, size)
            left = {Anchor.START: x, Anchor.MIDDLE: x - width / 2, Anchor.END: x - width}[anchor]
            return [(left, y - size / 2), (left + width, y + size / 2)]


@pytest.mark.parametrize(("at_s", "text"), [(0, "0:00"), (65.4, "1:05"), (3_599.6, "1:00:00"), (3_661, "1:01:01")])
def test_times_read_as_on_a_clock(at_s: float, text: str) -> None:
    assert clock_text(at_s) == text


def test_the_svg_is_one_element_for_every_shape() -> None:
    drawing = picture(TIMELINE)
    root = ElementTree.fromstring(svg(drawing))
    assert root.tag == f"{SVG}svg"
    assert len(root) == len(drawing.shapes) + 1  # and a title
    assert root.findtext(f"{SVG}title") == "Timeline of support"


HOSTILE = "</title><script>alert(1)</script>&\"'"


def test_names_are_text_and_never_markup() -> None:
    timeline = made(lane(HOSTILE, Span(State.TALKING, 0, 30)), title=HOSTILE)
    assert ElementTree.fromstring(svg(picture(timeline))).findtext(f"{SVG}title") == f"Timeline of {HOSTILE}"
    assert "<script" not in page(timeline, picture(timeline))


def test_the_page_has_the_picture_and_a_row_for_every_event() -> None:
    html = page(TIMELINE, picture(TIMELINE))
    assert html.count("<svg ") == 1
    assert html.count("<tr>") == 1 + len(TIMELINE.entries)
    assert "<td>participant-join</td><td>customer</td>" in html
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")


def test_the_png_is_the_drawing_at_twice_its_size(tmp_path: Path) -> None:
    drawing = picture(TIMELINE)
    write_png(drawing, tmp_path / "timeline.png")
    width, height = struct.unpack(">II", (tmp_path / "timeline.png").read_bytes()[16:24])
    assert (width, height) == (round(drawing.width * SCALE), round(drawing.height * SCALE))


def test_the_png_has_every_bar_in_its_colour(tmp_path: Path) -> None:
    drawing = picture(TIMELINE)
    write_png(drawing, tmp_path / "timeline.png")
    with Image.open(tmp_path / "timeline.png") as image:
        for bar in bars(drawing):
            spot = (round((bar.x + 6) * SCALE), round((bar.y + 6) * SCALE))
            red, green, blue = (int(bar.fill[at : at + 2], 16) for at in (1, 3, 5))
            assert image.getpixel(spot) == (red, green, blue), bar.tip
