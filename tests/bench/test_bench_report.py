"""What is reported: medians with extremes, and nothing that is not valid passes for a figure."""

import json
import math
from pathlib import Path

import pytest
from bench.report import Report, UnreadableReport
from bench.rows import Row, doubtful, merged, row
from bench.shapes import coached, rooms_of
from bench.soak import slope_per_s
from hypothesis import given
from hypothesis import strategies as st

from bench import __main__ as command
from bench import budget, claims, document, kernel, kernel_loads, page, plan, plots

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


def test_results_of_several_files_become_medians_of_all_their_runs(tmp_path: Path) -> None:
    for name, us in (("a", 100.0), ("b", 300.0), ("c", 110.0)):
        one = Report("x", {**MACHINE, "load_before": name}, 1, [load(PLAIN, us)])
        (tmp_path / f"{name}.json").write_text(one.to_json())
    into = tmp_path / "p.md"
    into.write_text(f"{document.BEGIN}\n{document.END}\n")
    assert document.main([*(str(tmp_path / f"{name}.json") for name in "abc"), "--into", str(into)]) == 0
    assert cell(into.read_text(), f"CPU per leg-second, {PLAIN}") == ("110 (100 to 300)", "yes")
    assert "medians of 3 runs" in into.read_text()


def test_results_of_another_machine_are_not_joined(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.json").write_text(Report("x", {"cpu": name}, 1, [load(PLAIN, 1)]).to_json())
    (tmp_path / "p.md").write_text(before := f"{document.BEGIN}\n{document.END}\n")
    words = [str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--into", str(tmp_path / "p.md")]
    assert document.main(words) == 1
    assert (tmp_path / "p.md").read_text() == before


def late(name: str, delay_ms: float) -> Row:
    doubt = "the generator was 9.0 ms late (p99): its delays do not count"
    return row("load", name, {"cpu_us": 200.0, doubtful("delay_p50_ms"): delay_ms}, doubts=[doubt])


def test_a_delay_that_a_late_generator_measured_is_no_figure_and_its_cost_is_one() -> None:
    told = report(late(PLAIN, 34.5))
    assert cell(document.section(told), f"added delay, {PLAIN}, p50") == ("doubtful, see below", "")
    assert cell(document.section(told), f"CPU per leg-second, {PLAIN}") == ("200", "yes")
    assert "- 500 legs, rooms of 3: the generator was 9.0 ms late" in document.section(told)
    assert "[34.5]" in told.text()


def test_of_several_runs_those_count_for_delay_in_which_the_generator_was_on_time() -> None:
    good = row("load", PLAIN, {"cpu_us": 210.0, "delay_p50_ms": 11.0})
    told = report(*merged([late(PLAIN, 34.5), good]))
    assert cell(document.section(told), f"added delay, {PLAIN}, p50") == ("11.0", "yes")
    assert "Doubtful" in document.section(told)


def test_the_instrument_s_own_load_is_beside_the_figures_and_a_full_core_is_said() -> None:
    figures = {"cpu_us": 260.0, "cores": 0.78, "generator_cores": 0.97, "generator_late_p99_ms": 2.0}
    text = document.section(report(row("load", PLAIN, {**figures, "others_cores": 0.0})))
    assert f"| {PLAIN} | 0.78 | 0.97 | 2.0 | 0.00 |" in text
    assert f"The generator had used up its core: {PLAIN}" in text


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
    claimed = {name for c in claims.claims() if c.part == "load" for name in (c.name, c.over) if name}
    assert claimed <= full
    engines = {load.name for load in kernel_loads.LOADS}
    assert {c.name for c in claims.claims() if c.part == kernel.PART} == engines


def test_the_design_s_aims_are_all_measured_by_the_run_that_is_for_them_alone() -> None:
    aims = command.planned(command.arguments(["--only-aims"]))
    aimed = {name for c in claims.claims() if c.part == "load" and c.aim for name in (c.name, c.over) if name}
    assert aimed - {shape.name for shape in aims.shapes} == {rooms_of(3, 2_000).name}


@pytest.mark.parametrize(("words", "minutes"), [([], 3), (["--only-aims"], 7), (["--full"], 14)])
def test_a_run_takes_no_longer_than_is_said(words: list[str], minutes: float) -> None:
    assert budget.seconds(command.planned(command.arguments(words))) <= minutes * 60


def test_progress_is_told_with_the_time_that_all_of_it_takes() -> None:
    told: list[str] = []
    budget.clocked(125, told.append)("set-up ...")
    assert told == ["[0:00 of about 2:05] set-up ..."]


def test_short_and_full_measure_every_part() -> None:
    for words in ([], ["--short"], ["--full"], ["--only-aims"]):
        assert command.planned(command.arguments(words)).parts == plan.PARTS


def test_growth_is_the_slope_that_one_odd_look_does_not_bend() -> None:
    points = [(float(t), 100.0 + 2 * t) for t in range(20)]
    points[7] = (7.0, 9_000.0)
    assert slope_per_s(points) == pytest.approx(2.0)
