"""What is reported: medians with extremes, and nothing that is not valid passes for a figure."""

import json
import math
from pathlib import Path

import pytest
from bench.report import Report, UnreadableReport
from bench.rows import Row, merged, row
from bench.shapes import coached, rooms_of
from bench.soak import slope_per_s
from hypothesis import given
from hypothesis import strategies as st

from bench import __main__ as command
from bench import document, kernel, kernel_loads, page, plan, plots

PLAIN, COACHED = rooms_of(3, 500).name, coached(500).name
MACHINE = {"cpu": "a <fast> one", "cores": "2"}


def load(name: str, *us: float, faults: tuple[str, ...] = ()) -> Row:
    return Row("load", name, {"cpu_us": us, "legs": (500.0,) * len(us)}, faults)


def report(*rows: Row) -> Report:
    return Report("x", MACHINE, 3, rows)


def cell(text: str, what: str) -> tuple[str, str]:
    (line,) = (line for line in text.splitlines() if line.startswith(f"| {what}"))
    _, _, measured, _, met, _ = (part.strip() for part in line.split("|"))
    return measured, met


def test_runs_are_joined_by_part_and_name_in_their_order() -> None:
    runs = [row("load", "a", {"cpu_us": 3.0}), row("load", "b", {"cpu_us": 9.0}), row("load", "a", {"cpu_us": 1.0})]
    first, second = merged(runs)
    assert (first.name, first.figures["cpu_us"], first.median("cpu_us")) == ("a", (3.0, 1.0), 2.0)
    assert (first.extremes("cpu_us"), first.runs, second.name) == ((1.0, 3.0), 2, "b")


def test_a_fault_in_one_run_of_three_makes_the_row_invalid() -> None:
    good, bad = row("load", "a", {"cpu_us": 3.0}), row("load", "a", {"cpu_us": 1.0}, ["echo"])
    (joined,) = merged([good, bad, good])
    assert not joined.valid
    assert joined.faults == ("echo",)


def test_what_could_not_be_measured_is_absent_and_not_a_number() -> None:
    one = row("load", "a", {"delay_p50_ms": math.nan, "cpu_us": 1.0})
    assert set(one.figures) == {"cpu_us"}
    assert one.median("delay_p50_ms") is None


FIGURES = st.dictionaries(st.text(min_size=1), st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))


@given(FIGURES, st.lists(st.text()))
def test_a_report_is_read_as_it_was_written(figures: dict[str, list[float]], faults: list[str]) -> None:
    written = report(Row("load", "a", {name: tuple(values) for name, values in figures.items()}, tuple(faults)))
    again = Report.from_json(written.to_json())
    assert (again.target, again.machine, again.runs, list(again.rows)) == ("x", MACHINE, 3, list(written.rows))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"rows": 3}', '{"rows": [{}], "machine": {}, "target": "", "runs": 1}']
)
def test_what_is_no_report_is_said_to_be_none(text: str) -> None:
    with pytest.raises(UnreadableReport):
        Report.from_json(text)


def test_the_table_shows_the_median_with_least_and_most_and_marks_what_is_invalid() -> None:
    text = report(load(PLAIN, 240, 219, 226), load(COACHED, 300, faults=("3 markers leaked",))).text()
    assert "226 (219 to 240)" in text
    assert f"{COACHED} INVALID" in text
    assert f"INVALID  {COACHED}: 3 markers leaked" in text


def test_the_page_names_the_machine_and_strikes_invalid_rows_out() -> None:
    html = page.page(report(load(PLAIN, 226), load(COACHED, 300, faults=("echo & co",))))
    assert "a &lt;fast&gt; one" in html
    assert '<tr class="invalid">' in html
    assert "invalid: echo &amp; co" in html


def test_without_matplotlib_the_page_has_its_tables_and_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    html = page.page(report(load(PLAIN, 226)))
    assert "matplotlib is not installed" in html
    assert "226" in html
    with pytest.raises(plots.NoMatplotlib):
        plots.png(report(load(PLAIN, 226)))


def test_the_plots_take_one_run_several_runs_invalid_rows_and_none_at_all() -> None:
    pytest.importorskip("matplotlib")
    one = row("set-up", "50 calls a second", {"setup_p50_ms": 3.0, "setup_p99_ms": 9.0})
    failed = Row("load", rooms_of(3, 1_000).name, {}, ("every call failed",))
    assert plots.png(report(load(PLAIN, 1, 2, 3), load("100 legs, rooms of 3", 2, faults=("x",)), one, failed))
    assert plots.svg(report()).startswith("<svg")


def test_the_document_gets_the_figure_its_verdict_and_the_ratio_of_the_medians() -> None:
    text = document.section(report(load(PLAIN, 219, 226, 240), load(COACHED, 250, 240, 300)))
    assert cell(text, f"CPU per leg-second, {PLAIN}") == ("226 (219 to 240)", "yes")
    assert cell(text, "one coach in every room") == ("1.11", "yes")
    assert cell(text, "one room of 250") == ("not measured yet", "")
    assert "medians of 3 runs" in text


def test_the_document_gives_no_figure_of_an_invalid_row_nor_of_what_is_divided_by_it() -> None:
    text = document.section(report(load(PLAIN, 100, faults=("the server dropped 3 calls",)), load(COACHED, 110)))
    assert cell(text, f"CPU per leg-second, {PLAIN}") == ("invalid, see below", "")
    assert cell(text, "one coach in every room") == ("invalid, see below", "")
    assert f"- {PLAIN}: the server dropped 3 calls" in text


def test_a_missed_aim_is_said_to_be_missed() -> None:
    assert cell(document.section(report(load(PLAIN, 251))), f"CPU per leg-second, {PLAIN}") == ("251", "no")


def test_only_the_marked_section_is_replaced(tmp_path: Path) -> None:
    results, into = tmp_path / "r.json", tmp_path / "p.md"
    results.write_text(report(load(PLAIN, 226)).to_json())
    into.write_text(f"before\n{document.BEGIN}\nold\n{document.END}\nafter\n")
    for _ in range(2):  # writing it again changes nothing
        assert document.main([str(results), "--into", str(into)]) == 0
        text = into.read_text()
    assert text.startswith(f"before\n{document.BEGIN}")
    assert text.endswith(f"{document.END}\nafter\n")
    assert "old" not in text
    assert text.count("226") == 1


@pytest.mark.parametrize("results", ["{}", json.dumps({"target": "x", "machine": {}, "runs": 1, "rows": []})])
def test_a_document_without_a_section_or_results_without_rows_change_nothing(tmp_path: Path, results: str) -> None:
    (tmp_path / "r.json").write_text(results)
    (tmp_path / "p.md").write_text("no marks")
    assert document.main([str(tmp_path / "r.json"), "--into", str(tmp_path / "p.md")]) == 1
    assert (tmp_path / "p.md").read_text() == "no marks"


def test_the_published_document_has_a_section_and_every_claim_is_measured_by_the_full_run() -> None:
    document.replaced(Path(__file__).parents[2].joinpath("docs/performance.md").read_text(), "")
    full = {shape.name for shape in command.planned(command.arguments(["--full"])).shapes}
    claimed = {name for c in document.claims() if c.part == "load" for name in (c.name, c.over) if name}
    assert claimed <= full
    engines = {load.name for load in kernel_loads.LOADS}
    assert {c.name for c in document.claims() if c.part == kernel.PART} == engines


def test_short_and_full_measure_every_part() -> None:
    for words in ([], ["--short"], ["--full"]):
        assert command.planned(command.arguments(words)).parts == plan.PARTS


def test_growth_is_the_slope_that_one_odd_look_does_not_bend() -> None:
    points = [(float(t), 100.0 + 2 * t) for t in range(20)]
    points[7] = (7.0, 9_000.0)
    assert slope_per_s(points) == pytest.approx(2.0)
