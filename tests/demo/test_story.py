"""What the demo claims, held against the laws: the story's tables are written by hand, and must not be wrong."""

import pytest

from mixminus.base.types import Sid
from mixminus.calls.hearing import Place, Presence, audibility, ear, on_bus
from mixminus.calls.outputs import Ear
from mixminus.demo.story import (
    ANA,
    BEN,
    CAST,
    CLEO,
    CUSTOMER,
    MUSIC,
    SAM,
    STORY,
    Asks,
    Dials,
    Gone,
    HangsUp,
    PicksUp,
    Scene,
)

Places = dict[str, Place]


def after(places: Places, scene: Scene) -> Places:
    """Where everybody is when the cues of a scene are through, as the example's words mean it."""
    places = dict(places)

    def change(who: str, **how: object) -> None:
        place = places[who]
        now = {"presence": place.presence, "held": place.held, "muted": place.muted} | {"coaching": place.coaching}
        now |= {"coachees": place.coachees} | how
        places[who] = Place(Sid(who), **now)  # type: ignore[arg-type]

    coaching: dict[str, str] = {}
    for cue in scene.cues:
        match cue:
            case Dials(who):
                places[who] = Place(Sid(who), Presence.WAITING)
            case PicksUp(who):
                coachee = coaching.pop(who, None)
                coachees = frozenset[Sid]() if coachee is None else frozenset({Sid(coachee)})
                places[who] = Place(Sid(who), Presence.PRESENT, coaching=bool(coachees), coachees=coachees)
                change(CUSTOMER, presence=Presence.PRESENT)
                if who == CLEO:  # the example ends the music of a cold transfer when its agent answers
                    change(CUSTOMER, held=False)
            case Asks("mute", form):
                change(form["who"], muted=True)
            case Asks("unmute", form):
                change(form["who"], muted=False)
            case Asks("hold" | "consult" | "transfer"):
                change(CUSTOMER, held=True)
            case Asks("unhold"):
                change(CUSTOMER, held=False)
            case Asks("coach", form):
                coaching[form["supervisor"]] = form["agent"]
            case Asks("barge", form):
                change(form["supervisor"], coaching=False)
            case Gone(who) | HangsUp(who):
                del places[who]
            case _:
                pass
    return places


def places_of(scene: Scene) -> Places:
    places: Places = {}
    for each in STORY[: STORY.index(scene) + 1]:
        places = after(places, each)
    return places


@pytest.mark.parametrize("scene", STORY, ids=lambda scene: scene.title)
def test_law_1_every_scene_claims_what_the_law_says(scene: Scene) -> None:
    places = places_of(scene)
    heard: dict[str, set[str]] = {
        str(listener): {str(speaker) for speaker in speakers}
        for listener, speakers in audibility(list(places.values())).items()
    }
    for name, place in places.items():
        if ear(place) in (Ear.WAIT, Ear.HOLD):
            heard[name] = {MUSIC}
    assert {name: set(speakers) for name, speakers in scene.hears.items()} == heard


@pytest.mark.parametrize(
    "scene", [scene for scene in STORY if scene.recorded is not None], ids=lambda scene: scene.title
)
def test_law_3_every_scene_claims_the_right_recording(scene: Scene) -> None:
    places = places_of(scene)
    assert scene.recorded == frozenset(name for name, place in places.items() if on_bus(place))


def test_the_story_has_everything_that_the_product_is_for() -> None:
    asked = {cue.action for scene in STORY for cue in scene.cues if isinstance(cue, Asks)}
    assert asked == {"connect", "mute", "unmute", "hold", "consult", "unhold", "leave", "coach", "barge", "transfer"}
    appeared = {name for scene in STORY for name in scene.present}
    assert appeared == set(CAST) == {CUSTOMER, ANA, BEN, SAM, CLEO}


def test_everybody_is_gone_at_the_end() -> None:
    assert places_of(STORY[-1]) == {}
