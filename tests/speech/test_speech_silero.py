"""The model that knows voices, where a wheel has brought it."""

import time

import numpy as np
import pytest
from bench.speech import VOICES, spoken
from numpy.typing import NDArray

from mixminus.prompts.io.flite_worker import Flite
from mixminus.speech.contract import SpeechError
from mixminus.speech.io.silero import Silero, model_path

try:
    model_path()
except SpeechError:
    pytest.skip("needs the extra `ai`", allow_module_level=True)
pytest.importorskip("onnxruntime")


def judged(silero: Silero, samples: NDArray[np.int16]) -> float:
    """The share of frames that are a voice; each is waited for."""
    line, found = silero.line(), 0
    frames = [samples[at : at + 160] for at in range(0, len(samples) - 160, 160)]
    for frame in frames:
        found += line.is_voice(frame)
        silero.thread.submit(lambda: None).result()
    return found / len(frames)


def test_it_knows_a_voice_from_a_chord_and_from_noise() -> None:
    silero = Silero()
    try:
        at = np.arange(3 * 8_000) / 8_000
        beat = (np.sin(2 * np.pi * 2 * at) > 0) * sum(np.sin(2 * np.pi * f * at) for f in (262, 330, 392))
        assert judged(silero, spoken("my invoice is wrong and i want to talk to somebody", VOICES[0], Flite())) > 0.6
        assert judged(silero, (4_000 * beat).astype(np.int16)) < 0.1
        assert judged(silero, np.random.default_rng(1).normal(0, 2_000, 24_000).astype(np.int16)) < 0.1
    finally:
        silero.close()


def test_nobody_waits_for_it() -> None:
    silero = Silero()
    line = silero.line()
    silero.thread.submit(time.sleep, 0.2)
    began = time.perf_counter()
    for _ in range(200):
        assert not line.is_voice(np.zeros(160, np.int16))
    assert time.perf_counter() - began < 0.1, "4 s of audio, while the thread is busy"
    silero.close()
