"""Sound files for phones: WAV, 8 kHz, mono, 16 bits, nothing else."""

import wave
from pathlib import Path

import numpy as np

from mixminus.testing.detection import RATE_HZ
from mixminus.testing.errors import ClipError
from mixminus.testing.g711 import Samples


def load_clip(path: str | Path) -> Samples:
    """Read a WAV file. Raises `ClipError`, with how to convert it, when it is anything but 8 kHz mono 16 bits."""
    try:
        with wave.open(str(path), "rb") as clip:
            shape = (clip.getframerate(), clip.getnchannels(), clip.getsampwidth())
            data = clip.readframes(clip.getnframes())
    except (OSError, EOFError, wave.Error) as problem:
        raise ClipError(f"{path} cannot be read as WAV: {problem}") from problem
    if shape != (RATE_HZ, 1, 2):
        rate, channels, width = shape
        raise ClipError(
            f"{path} has {rate} Hz, {channels} channel(s), {8 * width} bits; a phone plays 8000 Hz mono 16 bits: "
            f"convert it with  sox {path} -r 8000 -c 1 -b 16 OUT.wav"
        )
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)


def save_clip(path: str | Path, samples: Samples) -> None:
    """Write *samples* as WAV, 8 kHz mono 16 bits."""
    with wave.open(str(path), "wb") as clip:
        clip.setnchannels(1)
        clip.setsampwidth(2)
        clip.setframerate(RATE_HZ)
        clip.writeframes(samples.astype("<i2").tobytes())
