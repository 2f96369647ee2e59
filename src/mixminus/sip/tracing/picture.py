"""A ladder as a picture: SVG, readable on light and dark pages, with every message's text as the arrow's tooltip."""

from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

from mixminus.sip.tracing.ladder import Ladder, Rung, ladder
from mixminus.sip.tracing.trace import Traced, Way

POST_PX: Final = 260
ROW_PX: Final = 30
LEFT_PX: Final = 110
TOP_PX: Final = 50

REQUEST: Final = "#2563eb"
FINE: Final = "#15803d"
REFUSED: Final = "#b91c1c"
PASSING: Final = "#6b7280"

_STYLE: Final = (
    "text{font:13px ui-monospace,Menlo,Consolas,monospace;fill:#111827}"
    ".time{fill:#6b7280;text-anchor:end}.head{font-weight:bold;text-anchor:middle}.caption{text-anchor:middle}"
)


def picture(messages: Sequence[Traced]) -> str:
    """The SVG of these messages, which are in order."""
    shown = ladder(messages)
    texts = {message.number: message.text for message in messages}
    width = LEFT_PX + POST_PX * (len(shown.posts) - 1) + LEFT_PX
    height = TOP_PX + ROW_PX * (len(shown.rungs) + 1)
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="#ffffff"/>',
        *(_post(place, name, height) for place, name in enumerate(shown.posts)),
        *_rungs(shown, texts),
        "</svg>",
    )
    return "\n".join(parts) + "\n"


def _post(place: int, name: str, height: int) -> str:
    x = _x(place)
    line = f'<line x1="{x}" y1="{TOP_PX - 12}" x2="{x}" y2="{height - 8}" stroke="#9ca3af"/>'
    return f'<text class="head" x="{x}" y="{TOP_PX - 22}">{escape(name)}</text>{line}'


def _rungs(shown: Ladder, texts: Mapping[int, str]) -> list[str]:
    return [_rung(rung, TOP_PX + ROW_PX * (row + 1), texts[rung.number]) for row, rung in enumerate(shown.rungs)]


def _rung(rung: Rung, y: int, text: str) -> str:
    near, far, colour = _x(0), _x(rung.post), _colour(rung)
    tip, tail = (far, far - 8) if rung.way is Way.OUT else (near, near + 8)
    dashes = ' stroke-dasharray="5 4"' if rung.is_repeated else ""
    return (
        f"<g><title>{escape(text)}</title>"
        f'<text class="time" x="{LEFT_PX - 16}" y="{y + 4}">{rung.after_s:.3f} s</text>'
        f'<line x1="{near}" y1="{y}" x2="{far}" y2="{y}" stroke="{colour}" stroke-width="1.5"{dashes}/>'
        f'<polygon points="{tip},{y} {tail},{y - 4} {tail},{y + 4}" fill="{colour}"/>'
        f'<text class="caption" x="{far - POST_PX // 2}" y="{y - 5}" style="fill:{colour}">'
        f"{escape(rung.caption)}</text>"
        "</g>"
    )


def _x(place: int) -> int:
    return LEFT_PX + POST_PX * place


def _colour(rung: Rung) -> str:
    status = rung.caption[:1]
    if not status.isdigit():
        return REFUSED if rung.caption == "not SIP" else REQUEST
    return {"1": PASSING, "2": FINE}.get(status, REFUSED)
