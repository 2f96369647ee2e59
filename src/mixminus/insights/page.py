"""A timeline as one HTML page: the picture, and a table of everything that happened."""

from html import escape
from typing import Final

from mixminus.insights.drawing import Drawing
from mixminus.insights.svg import svg
from mixminus.insights.timeline import Entry, Timeline

STYLE: Final = """
body { margin: 32px auto; max-width: 1120px; padding: 0 16px; background: #fff; color: #1b1f24;
       font: 14px/1.5 Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; }
svg { width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; margin-top: 24px; }
th { text-align: left; color: #59636e; font-weight: 500; }
th, td { padding: 5px 12px; border-bottom: 1px solid #e4e8ec; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
"""


def page(timeline: Timeline, drawing: Drawing) -> str:
    """A page that needs nothing else: no script, no network."""
    title = escape(timeline.title)
    rows = "\n".join(_row(entry) for entry in timeline.entries)
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style></head>
<body>
{svg(drawing)}
<table>
<thead><tr><th class="number">#</th><th class="number">seconds</th><th>event</th><th>who</th><th></th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
"""


def _row(entry: Entry) -> str:
    numbers = f'<td class="number">{entry.sequence_number}</td><td class="number">{entry.at_s:.2f}</td>'
    words = "".join(f"<td>{escape(text)}</td>" for text in (entry.event, entry.who, entry.about))
    return f"<tr>{numbers}{words}</tr>"
