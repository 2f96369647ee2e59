"""Voices that are made easier to hear: an even level, less noise."""

from functools import cache

import numpy as np
import pytest
from bench.speech import levelled, talk
from numpy.typing import NDArray
from tests.media.studio import FRAME, Phone, Studio, hum

from mixminus.media.contract import CloseLeg, PolishVoice
from mixminus.media.kernels.polish import transform

Samples = NDArray[np.int16]


@cache
def speech() -> Samples:
    return talk(8.0, seed=5)


def said(phone: Phone, sound: Samples) -> Samples:
    """What the room gets of it."""
    frames = []
    for frame in sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME):
        phone.say(frame)
        phone.studio.tick()
        frames.append(phone.said())
    return np.concatenate(frames)


def loud_dbfs(sound: Samples) -> float:
    """The level of the loud half of the frames."""
    energy = (sound.reshape(-1, FRAME).astype(float) ** 2).mean(axis=1)
    return float(10 * np.log10(energy[energy >= np.median(energy)].mean() / 32767**2 + 1e-12))


def rms(sound: Samples) -> float:
    return float(np.sqrt((sound.astype(float) ** 2).mean()))


@pytest.mark.parametrize("size", [8, 512])
def test_the_transform_is_fouriers(size: int) -> None:
    sound = np.random.default_rng(1).normal(size=size)
    real, imaginary = sound.copy(), np.zeros(size)
    transform(real, imaginary, -1.0)
    assert np.allclose(real + 1j * imaginary, np.fft.fft(sound))
    transform(real, imaginary, 1.0)
    assert np.allclose(real / size, sound)


@pytest.mark.parametrize("level_dbfs", [-33.0, -29.0, -15.0])
def test_a_soft_or_loud_voice_comes_to_the_usual_level(studio: Studio, level_dbfs: float) -> None:
    phone = studio.phone(1)
    studio.apply(PolishVoice(1, gain_control=True, noise_suppression=False))
    heard = said(phone, np.tile(levelled(speech().astype(float), level_dbfs), 2))
    assert abs(loud_dbfs(heard[len(heard) // 2 :]) + 23) < min(4.0, abs(level_dbfs + 23) - 2)


def test_the_gain_has_its_limits_and_stands_still_in_silence(studio: Studio) -> None:
    phone = studio.phone(1)
    studio.apply(PolishVoice(1, gain_control=True, noise_suppression=False))
    hiss = np.random.default_rng(1).normal(0, 40, 8 * 8000).astype(np.int16)
    assert rms(said(phone, hiss)[-8000:]) < 1.2 * rms(hiss)
    soft = np.tile(levelled(speech().astype(float), -42.0), 2)
    heard = said(phone, soft)
    assert loud_dbfs(heard[len(heard) // 2 :]) - loud_dbfs(soft) < 12.5


def test_noise_goes_down_and_speech_stays(studio: Studio) -> None:
    phone = studio.phone(1)
    studio.apply(PolishVoice(1, gain_control=False, noise_suppression=True))
    noise = np.random.default_rng(1).normal(0, 150, 2 * 8000)
    noisy = np.concatenate([noise, speech() + np.resize(noise, len(speech())), noise]).astype(np.int16)
    heard = said(phone, noisy)
    assert 20 * np.log10(rms(noise.astype(np.int16)) / rms(heard[-8000:])) > 9
    assert loud_dbfs(heard[16000 : 16000 + len(speech())]) == pytest.approx(loud_dbfs(speech()), abs=1.5)


def test_a_suppressed_voice_is_heard_20_ms_later_and_is_the_same_when_there_is_no_noise(studio: Studio) -> None:
    phone, other = studio.phone(1), studio.phone(2)
    studio.apply(PolishVoice(1, gain_control=False, noise_suppression=True))
    warm = np.zeros(8000, np.int16)
    sound = np.concatenate([warm, speech()])
    polished, plain = said(phone, sound), said(other, sound)
    late, plain = polished[FRAME:].astype(float), plain[:-FRAME].astype(float)
    assert np.corrcoef(late, plain)[0, 1] > 0.97


def test_it_is_off_by_default_and_can_be_switched_off_again(studio: Studio) -> None:
    phone, other = studio.phone(1), studio.phone(2)
    studio.apply(PolishVoice(1, True, True), PolishVoice(1, False, False), PolishVoice(99, True, True))
    sound = hum(400, samples=1600)
    assert np.array_equal(said(phone, sound), said(other, sound))


def test_a_leg_that_is_gone_is_forgotten(studio: Studio) -> None:
    studio.phone(1)
    studio.apply(PolishVoice(1, True, True), CloseLeg(1))
    studio.tick(3)
    phone = studio.phone(2, hums=400)
    studio.tick(2)
    assert np.abs(phone.said()).max() > 2900
