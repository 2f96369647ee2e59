"""The judge of sound judges rightly, and finds concealment better than none (issue 3, Shows 2)."""

from functools import cache

import numpy as np
import pytest
from bench.quality import Samples, alignment, arrivals, distance_db, ours, plain
from bench.speech import talk


@cache
def speech() -> Samples:
    return talk(8.0, seed=3)


def test_the_distance_of_a_sound_to_itself_is_none_however_late_it_is() -> None:
    late = np.concatenate([np.zeros(700, np.int16), speech()])
    assert alignment(speech(), late) == 700
    assert distance_db(speech(), late) < 0.01


def test_the_distance_grows_with_the_noise() -> None:
    noise = np.random.default_rng(1).normal(0, 1, len(speech()))
    distances = [distance_db(speech(), (speech() + rms * noise).astype(np.int16)) for rms in (10, 100, 1000)]
    assert distances == sorted(distances)
    assert distances[-1] > 3


@pytest.mark.parametrize("loss", [0.05, 0.10])
@pytest.mark.parametrize("jitter_ms", [0, 30, 80])
def test_lost_speech_is_nearer_to_the_original_with_concealment_than_without(loss: float, jitter_ms: int) -> None:
    coming = arrivals(len(speech()) // 160, loss, jitter_ms, seed=7)
    heard, delay_ms, _, _ = ours(speech(), coming)
    assert distance_db(speech(), heard) < distance_db(speech(), plain(speech(), coming, 3 if jitter_ms else 0))
    assert delay_ms <= 60
