"""The marker must come through a mix, and nothing else may pass for one."""

import numpy as np
import pytest
from bench.load import marker, sounds, ulaw
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

LEGS = st.integers(0, 2**marker.LEG_BITS - 1)
SERIALS = st.integers(0, marker.SERIALS - 1)


def written(leg: int, serial: int) -> np.ndarray:
    out = np.zeros(marker.SAMPLES, np.uint8)
    marker.write(leg, serial, out)
    return out


@given(LEGS, SERIALS)
def test_what_is_written_is_read(leg: int, serial: int) -> None:
    assert marker.read(written(leg, serial)) == leg << marker.SERIAL_BITS | serial


@given(LEGS, SERIALS, st.integers(0, 2**32 - 1))
def test_a_marker_is_read_through_the_loudest_background(leg: int, serial: int, seed: int) -> None:
    noise = np.random.default_rng(seed).integers(-marker.BACKGROUND, marker.BACKGROUND, marker.SAMPLES)
    mixed = ulaw.encode(ulaw.decode(written(leg, serial)) + noise)
    assert marker.first_loud(mixed, 0, marker.SAMPLES) == 0
    assert marker.read(mixed) == leg << marker.SERIAL_BITS | serial


def test_a_marker_is_read_at_half_its_level() -> None:
    assert marker.read(ulaw.encode(ulaw.decode(written(77, 3)).astype(int) // 2)) == 77 << marker.SERIAL_BITS | 3


@given(LEGS, SERIALS, st.integers(0, 39))
def test_a_turned_symbol_is_found_by_the_check(leg: int, serial: int, symbol: int) -> None:
    damaged = written(leg, serial)
    at = slice(4 * symbol, 4 * symbol + 4)
    damaged[at] = damaged[at][::-1]
    assert marker.read(damaged) == marker.NOT_A_MARKER


@given(arrays.arrays(np.uint8, marker.SAMPLES))
def test_noise_is_no_marker_and_its_first_loud_sample_is_found(codes: np.ndarray) -> None:
    assert marker.read(codes) == marker.NOT_A_MARKER or marker.first_loud(codes, 0, marker.SAMPLES) == 0
    loud = np.flatnonzero(np.abs(ulaw.decode(codes).astype(int)) >= 8_316)
    expected = loud[0] if len(loud) else marker.SAMPLES
    assert marker.first_loud(codes, 0, marker.SAMPLES) == expected


@pytest.mark.parametrize("talkers", [1, 2, 5, 10])
def test_all_talkers_of_a_room_together_are_not_loud(talkers: int) -> None:
    speech = ulaw.decode(sounds.loops(talkers)[sounds.SPEECH]).astype(int)
    assert 0 < talkers * np.abs(speech).max() <= 1.03 * marker.BACKGROUND


def test_every_frame_of_the_tone_has_the_same_energy() -> None:
    tone = ulaw.decode(sounds.loops(1)[sounds.TONE]).astype(float)
    energy = (tone**2).mean(axis=1)
    assert energy == pytest.approx(sounds.TONE_PEAK**2 / 2, rel=0.02)


def test_ulaw_decodes_the_ends_and_the_zero_of_g711() -> None:
    assert ulaw.decode(np.array([0xFF, 0x7F, 0x80, 0x00], np.uint8)).tolist() == [0, 0, 32124, -32124]


def test_ulaw_encodes_what_it_decodes() -> None:
    codes = np.arange(256, dtype=np.uint8)
    again = ulaw.encode(ulaw.decode(codes))
    assert ulaw.decode(again).tolist() == ulaw.decode(codes).tolist()
