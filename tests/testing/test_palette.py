"""The palette keeps its rules, and any chord of it survives mixing and G.711."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mixminus.testing.detection import chord, level_db, notes
from mixminus.testing.g711 import LAWS, Law, Samples
from mixminus.testing.palette import FREQUENCIES_HZ, HUM_AMPLITUDE, PALETTE

# ITU-T E.180 and North American progress tones, DTMF, SIT, test tone, fax CNG and CED.
TELEPHONY_HZ = (
    *(350, 400, 425, 440, 450, 480, 500, 620, 950, 1400, 1800, 1004, 1100, 2100),
    *(697, 770, 852, 941, 1209, 1336, 1477, 1633),
)

chords = st.sets(st.sampled_from(FREQUENCIES_HZ), max_size=6)


def hum(frequency_hz: float, samples: int, phase: float = 0.0, gain: float = 1.0) -> Samples:
    n = np.arange(samples)
    wave = gain * HUM_AMPLITUDE * np.sin(2 * np.pi * frequency_hz * n / 8000 + phase)
    return wave.astype(np.int16)


def mix(parts: list[Samples], samples: int) -> Samples:
    total = np.zeros(samples, np.int32)
    for part in parts:
        total += part
    return np.clip(total, -32768, 32767).astype(np.int16)


def test_there_is_a_note_for_each_of_24_phones() -> None:
    assert len(PALETTE) == len(set(FREQUENCIES_HZ)) == 24
    assert all(350 <= hz <= 3100 for hz in FREQUENCIES_HZ)


def test_neighbours_are_80_hz_apart() -> None:
    assert min(b - a for a, b in itertools.pairwise(sorted(FREQUENCIES_HZ))) >= 80


def test_no_note_lies_on_a_harmonic_of_another() -> None:
    for low, high in itertools.permutations(FREQUENCIES_HZ, 2):
        assert all(abs(high - times * low) >= 35 for times in (2, 3, 5)), (low, high)


def test_no_note_lies_on_a_tone_of_telephony() -> None:
    for note, tone in itertools.product(FREQUENCIES_HZ, TELEPHONY_HZ):
        assert abs(note - tone) >= 20, (note, tone)


@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS.keys())
@settings(max_examples=150, deadline=None)
@given(data=st.data(), humming=chords)
def test_any_six_notes_through_g711_are_told_exactly(law: Law, data: st.DataObject, humming: set[int]) -> None:
    phases = st.floats(0, 6.28)
    gains = st.floats(0.6, 1.6)  # -4.4 dB to +4 dB: trunks and mixers are not exact
    parts = [hum(hz, 1600, data.draw(phases), data.draw(gains)) for hz in humming]
    heard = law.decode(law.encode(mix(parts, 1600)))
    assert chord(heard) == humming
    inner = notes(heard, 0.0)[2:-2]
    assert all(cell.notes == humming for cell in inner)


@settings(max_examples=150, deadline=None)
@given(
    steady=st.sets(st.sampled_from(FREQUENCIES_HZ), max_size=5),
    leaked=st.sampled_from(FREQUENCIES_HZ),
    start=st.integers(800, 1600),
    phase=st.floats(0, 6.28),
)
def test_a_leak_of_one_frame_is_seen_wherever_it_falls(
    steady: set[int], leaked: int, start: int, phase: float
) -> None:
    law = LAWS["PCMU"]
    total = mix([hum(hz, 2400) for hz in steady - {leaked}], 2400)
    total[start : start + 160] += hum(leaked, 160, phase)
    cells = [cell for cell in notes(law.decode(law.encode(total)), 0.0) if leaked in cell.notes]
    assert cells
    assert all(start / 8000 - 0.02 < cell.at < start / 8000 + 0.02 for cell in cells), "and nowhere else"


@settings(max_examples=300, deadline=None)
@given(before=chords, after=chords, phases=st.lists(st.floats(0, 6.28), min_size=12, max_size=12))
@example(before={521, 1229, 1979, 2161, 2281, 2371}, after={1693, 2069}, phases=[0.0] * 12)
def test_a_change_of_all_notes_at_once_is_told_to_the_frame(
    before: set[int], after: set[int], phases: list[float]
) -> None:
    law = LAWS["PCMU"]
    first = mix([hum(hz, 1600, phase) for hz, phase in zip(before, phases, strict=False)], 1600)
    second = mix([hum(hz, 1600, phase) for hz, phase in zip(after, phases[6:], strict=False)], 1600)
    cells = notes(law.decode(law.encode(np.concatenate([first, second]))), 0.0)
    assert [cell.notes for cell in cells[1:10]] == [before] * 9
    assert [cell.notes for cell in cells[10:19]] == [after] * 9


def test_ten_phones_at_once_do_not_clip_and_a_hundred_do_no_harm() -> None:
    ten = mix([hum(hz, 1600) for hz in FREQUENCIES_HZ[:10]], 1600)
    assert np.abs(ten).max() < 32_767
    crowd = mix([hum(hz, 1600, gain=4.0) for hz in (521, 1229, 1979)] * 2, 1600)
    assert np.abs(crowd).max() == 32_767 or np.abs(crowd).max() == 32_768
    assert chord(crowd) == {521, 1229, 1979}, "what clipping adds falls between the notes"


def test_silence_has_no_notes_and_noise_has_none() -> None:
    rng = np.random.default_rng(1)
    assert chord(np.zeros(1600, np.int16)) == frozenset()
    for amplitude in (100, 1000):  # up to -30 dB of full scale
        noise = (amplitude * rng.standard_normal(8000)).astype(np.int16)
        assert not any(cell.notes for cell in notes(noise, 0.0))


def test_a_level_is_relative_to_a_hummed_note() -> None:
    assert level_db(hum(1361, 1600), 1361) == pytest.approx(0.0, abs=0.1)
    assert level_db(hum(1361, 1600, gain=0.5), 1361) == pytest.approx(-6.0, abs=0.1)
    assert level_db(np.zeros(1600, np.int16), 1361) == -120
    assert level_db(np.zeros(0, np.int16), 1361) == -120
