"""A wrong cell is found, named, and loud."""

import io

from rich.console import Console

from mixminus.demo.judging import Claim, Verdict, judge, judge_recording
from mixminus.demo.run import Performance
from mixminus.demo.screen import Screen
from mixminus.demo.story import MUSIC, Scene

SCENE = Scene(
    "Hold",
    (),
    {"customer": frozenset({MUSIC}), "ana": frozenset({"ben"}), "ben": frozenset({"ana"})},
    frozenset({"ana", "ben"}),
)


def wrong(claims: tuple[Claim, ...]) -> dict[tuple[str, str], Verdict]:
    return {(claim.listener, claim.speaker): claim.verdict for claim in claims if not claim.verdict.right}


def test_everybody_is_judged_against_everybody_and_the_music() -> None:
    claims = judge(SCENE, SCENE.hears)
    assert len(claims) == 3 * 4
    assert wrong(claims) == {}


def test_what_must_not_be_heard_is_a_leak() -> None:
    heard = {**SCENE.hears, "customer": frozenset({MUSIC, "ana"})}
    assert wrong(judge(SCENE, heard)) == {("customer", "ana"): Verdict.LEAK}


def test_what_is_not_heard_is_deafness() -> None:
    heard = {**SCENE.hears, "ben": frozenset[str]()}
    assert wrong(judge(SCENE, heard)) == {("ben", "ana"): Verdict.DEAF}


def test_music_in_the_wrong_ear_is_a_leak_and_missing_music_deafness() -> None:
    heard = {**SCENE.hears, "customer": frozenset[str](), "ana": frozenset({"ben", MUSIC})}
    found = wrong(judge(SCENE, heard))
    assert found == {("customer", MUSIC): Verdict.DEAF, ("ana", MUSIC): Verdict.LEAK}


def test_hearing_oneself_is_a_leak() -> None:
    heard = {**SCENE.hears, "ana": frozenset({"ana", "ben"})}
    assert wrong(judge(SCENE, heard)) == {("ana", "ana"): Verdict.LEAK}


def test_a_listener_who_was_not_measured_has_heard_nothing() -> None:
    assert wrong(judge(SCENE, {})) == {
        ("customer", MUSIC): Verdict.DEAF,
        ("ana", "ben"): Verdict.DEAF,
        ("ben", "ana"): Verdict.DEAF,
    }


def test_the_recording_is_one_more_listener() -> None:
    assert wrong(judge_recording(SCENE, frozenset({"ana", "ben"}))) == {}
    assert wrong(judge_recording(SCENE, frozenset({"ana", "ben", MUSIC}))) == {("recording", MUSIC): Verdict.LEAK}


def test_a_performance_fails_by_one_wrong_claim_and_says_which() -> None:
    heard = {**SCENE.hears, "customer": frozenset({MUSIC, "ana"})}
    performance = Performance(claims=list(judge(SCENE, heard)), everybody_gone=True)
    assert performance.mistakes == ["customer hears ana (Hold)"]


def test_a_performance_fails_when_somebody_stays_on_the_phone() -> None:
    performance = Performance(claims=list(judge(SCENE, SCENE.hears)), everybody_gone=False)
    assert len(performance.mistakes) == 1


def shown(heard: dict[str, frozenset[str]]) -> str:
    out = io.StringIO()
    Screen(Console(file=out, width=80)).scene(4, SCENE.title, judge(SCENE, heard), 3.5)
    return out.getvalue()


def test_a_right_scene_shows_the_same_twice() -> None:
    text = shown(dict(SCENE.hears))
    assert "✔  4  Hold  3.5 s" in text
    rows = [line.split() for line in text.splitlines() if line.strip().startswith("ana ")]
    assert rows == [["ana", "·", "●", "·", "ana", "·", "●", "·"]]


def test_a_wrong_scene_is_loud() -> None:
    text = shown({**SCENE.hears, "customer": frozenset({MUSIC, "ana"}), "ben": frozenset()})
    assert "✘  4  Hold" in text
    assert "LEAK" in text
    assert "DEAF" in text


def test_the_largest_matrix_of_the_story_fits_a_terminal_of_80_columns() -> None:
    names = ("customer", "ben", "sam")
    scene = Scene("Three", (), {name: frozenset[str]() for name in names}, None)
    out = io.StringIO()
    Screen(Console(file=out, width=80)).scene(1, "Three", judge(scene, {}), 0.0)
    rows = [line.split() for line in out.getvalue().splitlines() if "hears" in line]
    assert rows == [["hears", *names, "♪"] * 2]
