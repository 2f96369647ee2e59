"""Ringing tones of countries."""

import pytest

from mixminus.app.sounds.ringback import RINGBACK
from mixminus.media.contract import Silence, Tone
from mixminus.twiml.verbs.dial import RING_TONES


def test_every_word_of_the_attribute_has_a_tone() -> None:
    assert sorted(RINGBACK) == sorted(RING_TONES)


@pytest.mark.parametrize("country", RING_TONES)
def test_a_round_rings_and_then_is_silent_for_longer(country: str) -> None:
    rings = [clip.duration_ms for clip in RINGBACK[country] if isinstance(clip, Tone)]
    pauses = [clip.duration_ms for clip in RINGBACK[country] if isinstance(clip, Silence)]
    assert isinstance(RINGBACK[country][-1], Silence)
    assert sum(rings) < sum(pauses)
    assert 3_000 <= sum(rings) + sum(pauses) <= 6_000
