"""The report as one HTML page without any other file: machine, plots, tables."""

from html import escape
from typing import Final

from bench import claims, plots, tables
from bench.report import Report

_STYLE: Final = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0 2rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #8884; text-align: right; }
th:first-child, td:first-child { text-align: left; }
tr.invalid td { color: #a00; text-decoration: line-through; }
tr.why td { color: #a00; text-align: left; }
div.wide { overflow-x: auto; }
svg { max-width: 100%; height: auto; }
"""


def page(report: Report) -> str:
    """Return the page; without matplotlib it has no plots and says so."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><meta charset="utf-8"><title>Conference benchmark</title>',
        f"<style>{_STYLE}</style>",
        "<h1>Conference benchmark</h1>",
        f"<p>{escape(report.headline())}</p>",
        _listed("Invalid rows", report.faults()),
        _listed("Doubtful delays", report.doubts()),
        _aims(report),
        _plots(report),
        *(_table(table, lines) for table, lines in tables.filled(report.rows)),
        "</html>",
    ]
    return "\n".join(part for part in parts if part)


def _listed(head: str, lines: list[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h2>{head}</h2><ul>{items}</ul>" if items else ""


def _aims(report: Report) -> str:
    head = "<tr><th>aims</th><th>measured</th><th>aim</th><th>met</th></tr>"
    cells = ((a.what, a.measured, a.aim, a.met) for a in claims.measured(report))
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>" for line in cells)
    return f'<div class="wide"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>' if body else ""


def _plots(report: Report) -> str:
    try:
        return plots.svg(report)
    except plots.NoMatplotlib as error:
        return f"<p>Plots are left out: {escape(str(error))}</p>"


def _table(table: tables.Table, lines: list[tables.Line]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in tables.heads(table))
    body = "".join(_line(line) for line in lines)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _line(line: tables.Line) -> str:
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in line.cells)
    if not line.faults:
        return f"<tr>{cells}</tr>"
    why = escape("invalid: " + "; ".join(line.faults))
    return f'<tr class="invalid">{cells}</tr><tr class="why"><td colspan="{len(line.cells)}">{why}</td></tr>'
