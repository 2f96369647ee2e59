"""The judge of sound judges rightly, and finds concealment better than none (issue 3, Shows 2)."""

import wave
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from bench.quality import Heard, Point, Samples, alignment, arrivals, distance_db, ours, plain
from bench.speech import joined, recorded, speakers, talk


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


def said(path: Path, seconds: float, hz: float, rate_hz: int = 8000) -> None:
    path.parent.mkdir(exist_ok=True)
    wave_form = 9000 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate_hz)) / rate_hz)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(wave_form.astype("<i2").tobytes())


def test_recorded_speakers_take_turns_and_only_sentences_are_taken(tmp_path: Path) -> None:
    for n in range(3):
        said(tmp_path / "anna" / f"{n}.wav", 4.0, 300)
        said(tmp_path / "bert" / f"{n}.wav", 4.0, 1200)
    said(tmp_path / "anna" / "word.wav", 0.5, 2500)
    said(tmp_path / "monkeys" / "scream.wav", 16.0, 2500)
    assert [len(files) for files in speakers(tmp_path)] == [3, 3]
    heard = recorded(tmp_path, 20.0).astype(float)
    assert len(heard) == 20 * 8000
    for n, hz in enumerate((300, 1200, 300, 1200)):
        begin = int(n * 4.7 * 8000)
        assert np.argmax(np.abs(np.fft.rfft(heard[begin : begin + 8000]))) == hz
        assert not heard[begin + 4 * 8000 : begin + int(4.7 * 8000)].any()


def test_too_little_speech_is_said_and_not_repeated(tmp_path: Path) -> None:
    said(tmp_path / "anna" / "only.wav", 4.0, 300)
    with pytest.raises(ValueError, match="only 5 s of speech"):
        recorded(tmp_path, 20.0)
    with pytest.raises(ValueError, match="only 0 s of speech"):
        joined(iter(()), 1.0)


@pytest.mark.parametrize(
    ("ours", "without", "verdict", "holds"),
    [
        (Heard(3.0, 1.0, 60), Heard(2.5, 1.0, 60), "better", True),
        (Heard(3.0, 1.0, 20), Heard(3.0, 1.0, 60), "sooner", True),
        (Heard(3.0, 1.0, 60), Heard(3.0, 1.0, 60), "same", False),
        (Heard(2.9, 1.0, 20), Heard(3.0, 1.0, 60), "worse", False),
        (Heard(3.0, 1.0, 80), Heard(3.0, 1.0, 60), "worse", False),
        (Heard(None, 0.5, 60), Heard(None, 1.0, 60), "better", True),
    ],
)
def test_a_bad_network_must_be_heard_better_or_at_least_as_well_and_sooner(
    ours: Heard, without: Heard, verdict: str, holds: bool
) -> None:
    bad, good = (Point("synthesised", loss, 0, ours, without, 0.0, 0.0) for loss in (0.01, 0.0))
    assert (bad.verdict, bad.holds) == (verdict, holds)
    assert good.holds is (holds or verdict == "same")
