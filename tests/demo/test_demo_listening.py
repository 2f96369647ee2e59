"""Notes and music are told apart, whatever sounds together: with the house music that a node plays."""

from pathlib import Path

import av
import numpy as np
import pytest

from mixminus.demo import listening
from mixminus.demo.listening import LISTEN_S, MUSIC_RMS, NOTES, has_music, residue_rms, sounds_in
from mixminus.demo.story import CAST, MUSIC
from mixminus.testing.detection import RATE_HZ, level_db
from mixminus.testing.g711 import LAWS, Samples
from mixminus.testing.palette import HUM_AMPLITUDE

SAMPLES = round(LISTEN_S * RATE_HZ)
MUSIC_FILE = Path(listening.__file__).parents[1] / "prompts" / "music" / "hold-music.flac"


def chord(*names: str) -> Samples:
    """Several hum at once; every phase is another."""
    at = np.arange(SAMPLES) / RATE_HZ
    waves = [np.sin(2 * np.pi * NOTES[name] * at + number) for number, name in enumerate(names)]
    return through_the_line(np.sum([np.zeros(SAMPLES), *waves], axis=0) * HUM_AMPLITUDE)


def through_the_line(wave: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Samples:
    law = LAWS["PCMU"]
    return law.decode(law.encode(wave.round().astype(np.int16)))


@pytest.fixture(scope="module")
def music() -> Samples:
    """The house music at 8 kHz."""
    with av.open(str(MUSIC_FILE)) as file:
        resampler = av.AudioResampler("s16", "mono", RATE_HZ)
        frames = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.int16)


def moments(music: Samples) -> list[Samples]:
    """What may be heard while listening, every tenth of a second."""
    return [music[start : start + SAMPLES] for start in range(0, len(music) - SAMPLES, RATE_HZ // 10)]


def test_silence_is_nobody_and_no_music() -> None:
    assert sounds_in(np.zeros(SAMPLES, np.int16)) == frozenset()


def test_nothing_heard_at_all_is_nobody() -> None:
    assert sounds_in(np.zeros(0, np.int16)) == frozenset()


@pytest.mark.parametrize("name", CAST)
def test_one_who_hums_is_heard_alone(name: str) -> None:
    assert sounds_in(chord(name)) == {name}


def test_all_who_hum_are_heard_and_taken_for_no_music() -> None:
    assert sounds_in(chord(*CAST)) == set(CAST)
    assert residue_rms(chord(*CAST)) < MUSIC_RMS / 3


def test_the_house_music_is_music_at_every_moment_and_nobody(music: Samples) -> None:
    assert all(sounds_in(moment) == {MUSIC} for moment in moments(music))


def test_the_house_music_is_far_from_the_threshold(music: Samples) -> None:
    assert min(residue_rms(moment) for moment in moments(music)) > 4 * MUSIC_RMS


def test_the_house_music_has_nothing_at_anybodys_note(music: Samples) -> None:
    loudest = max(level_db(moment, hz) for moment in moments(music) for hz in NOTES.values())
    assert loudest < -30.0


def test_somebody_who_leaks_into_the_music_is_heard(music: Samples) -> None:
    both = music[:SAMPLES].astype(np.float64) + chord("ana")
    assert sounds_in(through_the_line(np.clip(both, -32_768, 32_767))) == {"ana", MUSIC}


def test_a_lost_packet_is_no_music() -> None:
    samples = chord("customer", "ben").copy()
    samples[1_000:1_160] = 0
    assert not has_music(samples)
