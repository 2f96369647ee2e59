"""The clips of the demo are the sentences of its story."""

import asyncio

import pytest
from tests.demo.speak_lines import spoken

from mixminus.demo.ai_stories import PLAYS
from mixminus.demo.lines import FOLDER, clip_of, line_of
from mixminus.demo.story import STORY, Scene
from mixminus.testing.clips import load_clip
from mixminus.testing.detection import RATE_HZ

SPEAKING = [scene for play in PLAYS.values() for scene in play.scenes if scene.line is not None]


@pytest.mark.parametrize("scene", SPEAKING, ids=lambda scene: scene.title)
def test_every_sentence_has_a_clip_that_does_not_hold_the_story_up(scene: Scene) -> None:
    line = line_of(scene)
    assert line is not None
    assert line.who in scene.present
    assert 0.5 < len(line.samples) / RATE_HZ < 3.5


def test_a_scene_without_words_has_no_line() -> None:
    assert line_of(STORY[0]) is None


def test_no_clip_is_left_over_from_an_older_story() -> None:
    assert set(FOLDER.glob("*.wav")) == {clip_of(scene.line[1]) for scene in SPEAKING if scene.line}


def test_the_clips_are_as_long_as_the_offline_voice_speaks_them() -> None:
    """Whoever changes a sentence runs tests/demo/speak_lines.py."""
    for path, samples in asyncio.run(spoken()).items():
        assert len(load_clip(path)) == pytest.approx(len(samples), rel=0.02), path.name
