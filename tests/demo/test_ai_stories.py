"""The stories with AIs, held against the laws, and played as a person plays them."""

import subprocess
import sys
from pathlib import Path

import pytest

from mixminus.base.types import Sid
from mixminus.calls.hearing import Place, Presence, audibility, ear, on_bus
from mixminus.calls.outputs import Ear
from mixminus.cli.main import DemoStory
from mixminus.demo.ai_stories import ESCALATION, PLAYS, TWO_AGENTS
from mixminus.demo.story import MUSIC, Play, Scene

PRESENT, WAITING = Presence.PRESENT, Presence.WAITING


def in_room(name: str, **how: object) -> Place:
    return Place(Sid(name), how.pop("presence", PRESENT), **how)  # type: ignore[arg-type]


def coach(name: str, whom: str) -> Place:
    return in_room(name, coaching=True, coachees=frozenset({Sid(whom)}))


CALLER, ANA, DANA, NOTES = in_room("caller"), in_room("ana"), in_room("dana"), in_room("notes", muted=True)
TRANSLATOR = coach("translator", "ana")
PLACES: dict[str, list[list[Place]]] = {
    "escalation": [
        [CALLER, in_room("assistant")],
        [CALLER, in_room("assistant")],
        [CALLER, coach("assistant", "dana"), DANA],
        [CALLER, DANA],
        [],
    ],
    "two-agents": [
        [in_room("caller", presence=WAITING)],
        [CALLER, ANA],
        [CALLER, ANA, NOTES],
        [CALLER, ANA, NOTES, TRANSLATOR],
        [in_room("caller", held=True), ANA, NOTES, TRANSLATOR],
        [CALLER, ANA, NOTES],
        [],
    ],
}
"""Where everybody is in each scene, as the words of the examples mean it."""

SCENES = [
    pytest.param(scene, places, id=scene.title)
    for play in (ESCALATION, TWO_AGENTS)
    for scene, places in zip(play.scenes, PLACES[play.name], strict=True)
]


@pytest.mark.parametrize(("scene", "places"), SCENES)
def test_laws_1_and_3_every_scene_claims_what_they_say(scene: Scene, places: list[Place]) -> None:
    heard = {str(who): {str(speaker) for speaker in speakers} for who, speakers in audibility(places).items()}
    for place in places:
        if ear(place) in (Ear.WAIT, Ear.HOLD):
            heard[str(place.call_sid)] = {MUSIC}
    assert {name: set(speakers) for name, speakers in scene.hears.items()} == heard
    if scene.recorded is not None:
        assert scene.recorded == frozenset(str(place.call_sid) for place in places if on_bus(place))


def test_every_story_can_be_asked_for() -> None:
    assert {story.value for story in DemoStory} == set(PLAYS)


@pytest.mark.parametrize("play", PLAYS.values(), ids=PLAYS)
def test_everybody_in_a_story_is_of_its_cast(play: Play) -> None:
    appear = {name for scene in play.scenes for name in scene.present}
    assert appear == set(play.cast)
    assert len(play.cast) <= 5, "there are five notes that the house music leaves alone"
    assert play.agents < set(play.cast)


@pytest.mark.network
@pytest.mark.parametrize("name", [ESCALATION.name, TWO_AGENTS.name])
def test_a_story_verifies_every_claim(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mixminus", "demo", name, "--keep", str(tmp_path)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "claims were verified by listening" in told.stdout
    assert (tmp_path / "timeline.png").is_file()
