"""`python -m bench.document RESULTS.json …`: write the figures of docs/performance.md from the results of runs.

Several files become one: the runs of all of them stand behind each median, so that they can be spread over a night.
Only the section between two marks is replaced. An invalid row gives no figure, and the document says why.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench import claims
from bench.report import Report, UnreadableReport
from bench.rows import Row

BEGIN: Final = "<!-- figures: written by python -m bench.document -->"
END: Final = "<!-- end of figures -->"
_DOCUMENT: Final = Path("docs/performance.md")
_QUIET_CORES: Final = 0.1
_FULL: Final = 0.9


class NoSection(Exception):
    """The document has no section for figures."""


def section(report: Report) -> str:
    """Return the section's text."""
    lines = ["| what | measured | aim | met |", "|---|---|---|---|"]
    lines += [f"| {a.what} | {a.measured} | {a.aim} | {a.met} |" for a in claims.answers(report)]
    notes = [*_instrument(report), *_listed("Invalid", report.faults()), *_listed("Doubtful", report.doubts())]
    return "\n".join([*lines, "", f"Measured: {report.headline()}.", *notes, *_disturbance(report)])


def _instrument(report: Report) -> Iterator[str]:
    """Yield the generator's own health beside what it measured: who reads a delay must know what the meter did."""
    loads = [row for row in report.rows if "generator_cores" in row.figures]
    if not loads:
        return
    yield from ("", "The instrument itself, and how full the cores were (medians):", "")
    yield "| load | server, cores | generator, cores | generator late, p99, ms | others, cores |"
    yield "|---|---|---|---|---|"
    for row in loads:
        cells = [_shown(row, "cores", 2), _shown(row, "generator_cores", 2)]
        cells += [_shown(row, "generator_late_p99_ms", 1), _shown(row, "others_cores", 2)]
        yield f"| {row.name} | {' | '.join(cells)} |"
    yield from _full("generator", "That is no limit of the server", "generator_cores", 1, loads)
    cores = int(report.machine.get("cores", "2")) - 1
    yield from _full("server", "Its figures there are those of less work", "cores", cores, loads)


def _full(whose: str, meaning: str, figure: str, cores: int, loads: Sequence[Row]) -> Iterator[str]:
    if full := [row.name for row in loads if (row.median(figure) or 0) > _FULL * cores]:
        yield from ("", f"The {whose} had used up its core: {'; '.join(full)}. {meaning}.")


def _shown(row: Row, figure: str, digits: int) -> str:
    value = row.median(figure)
    return "-" if value is None else f"{value:.{digits}f}"


def _listed(head: str, items: Sequence[str]) -> list[str]:
    return ["", f"{head}:", "", *(f"- {item}" for item in items)] if items else []


def _disturbance(report: Report) -> list[str]:
    others = [max(row.figures["others_cores"]) for row in report.rows if "others_cores" in row.figures]
    if not others or max(others) < _QUIET_CORES:
        return []
    return ["", f"The machine was not quiet: other programs used up to {max(others):.1f} cores meanwhile."]


def replaced(document: str, text: str, first: str = BEGIN, last: str = END) -> str:
    """Return the document with the section between two lines exchanged; raises `NoSection`."""
    head, begin, rest = document.partition(first)
    _, end, tail = rest.partition(last)
    if not begin or not end:
        raise NoSection(f"the document has no lines {first!r} and {last!r}")
    return f"{head}{begin}\n\n{text}\n\n{end}{tail}"


def main(words: Sequence[str] | None = None) -> int:
    """Exit status 1, and nothing written, when the results or the document are not what they should be."""
    parser = argparse.ArgumentParser(prog="python -m bench.document", description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="what python -m bench --json wrote, of one machine")
    parser.add_argument("--into", type=Path, default=_DOCUMENT)
    options = parser.parse_args(words)
    try:
        report = Report.joined([Report.from_json(results.read_text()) for results in options.results])
        document = replaced(options.into.read_text(), section(report))
    except (OSError, UnreadableReport, NoSection) as error:
        print(f"bench.document: {error}", file=sys.stderr)
        return 1
    options.into.write_text(document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
