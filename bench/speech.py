"""Speech to measure with: sentences drawn from a small grammar, spoken by the package's own voices, at 8 kHz."""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from mixminus.prompts.io.flite_worker import Flite

Samples = NDArray[np.int16]

RATE_HZ: Final = 8000
VOICES: Final = ("rms", "slt")
LEVEL_DBFS: Final = -23.0
"""Of the loud half of the frames: telephone speech is about there."""

_PARTS: Final = (
    ("the driver", "my sister", "an engineer", "your colleague", "the old customer", "nobody", "Mister Jones", "she"),
    ("measures", "calls back about", "forgets", "would like to change", "cannot find", "brought", "will cancel"),
    ("seven bicycles", "the blue invoice", "our meeting", "a wheelchair", "two hotel rooms", "the broken phone"),
    (
        "before noon",
        "on Thursday",
        "in a hurry",
        "without a reason",
        "near the river",
        "at twenty past nine",
        "again",
    ),
)
_NUMBERS: Final = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def sentences(seed: int) -> Iterator[str]:
    """Without end; every fifth one reads out a number, as people on telephones do."""
    draw = random.Random(seed)
    while True:
        told = " ".join(draw.choice(part) for part in _PARTS)
        number = " ".join(draw.choices(_NUMBERS, k=draw.randint(4, 9)))
        yield f"{told}. My number is {number}." if draw.random() < 0.2 else f"{told}."


def spoken(text: str, voice: str, flite: Flite) -> Samples:
    """One sentence, at telephone rate and level."""
    with tempfile.TemporaryDirectory(prefix="mixminus-speech-") as folder:
        wav = Path(folder) / "speech.wav"
        flite.say({"text": text, "voice": voice, "wav": str(wav)})
        with av.open(str(wav)) as file:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
            frames = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
            frames += resampler.resample(None)
    sound = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(float)
    return levelled(sound)


def levelled(sound: NDArray[np.float64], level_dbfs: float = LEVEL_DBFS) -> Samples:
    """Bring the loud half of the 20 ms frames to that level."""
    energy = (sound[: len(sound) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1)
    loud = np.sqrt(energy[energy >= np.median(energy)].mean())
    return np.asarray(np.clip(np.round(sound * (32767 * 10 ** (level_dbfs / 20) / loud)), -32768, 32767), np.int16)


def talk(seconds: float, seed: int = 1, pause_s: float = 0.7) -> Samples:
    """That much of two voices in turn, with pauses."""
    flite, said, length = Flite(), [], 0
    pause = np.zeros(int(pause_s * RATE_HZ), np.int16)
    for n, text in enumerate(sentences(seed)):
        said += [spoken(text, VOICES[n % 2], flite), pause]
        length += len(said[-1]) + len(said[-2])
        if length >= seconds * RATE_HZ:
            return np.concatenate(said)[: int(seconds * RATE_HZ)]
    raise AssertionError("there are always more sentences")
