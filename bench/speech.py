"""Speech to measure with, at 8 kHz: synthesised, or recorded from people.

Synthesised: sentences drawn from a small grammar, spoken by the package's own voices. Recorded: what a folder has.
Debian's packages `asterisk-core-sounds-*-wav` (CC BY-SA 3.0, CC BY 3.0) are looked for by themselves.
"""

import random
import tempfile
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
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
PAUSE_S: Final = 0.7
"""Between two sentences."""

RECORDED: Final = Path("/usr/share/asterisk/sounds")
"""Where the Debian packages put what people spoke, a folder a speaker."""
SHORTEST_S, LONGEST_S = 3.0, 10.0
"""A sentence or two: shorter files are words and tones, longer ones music and monkeys."""

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


def read(path: Path) -> NDArray[np.float64]:
    """The first channel of a sound file, at telephone rate."""
    with av.open(str(path)) as file:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        frames = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(float)


def spoken(text: str, voice: str, flite: Flite) -> Samples:
    """One sentence, at telephone rate and level."""
    with tempfile.TemporaryDirectory(prefix="mixminus-speech-") as folder:
        wav = Path(folder) / "speech.wav"
        flite.say({"text": text, "voice": voice, "wav": str(wav)})
        return levelled(read(wav))


def levelled(sound: NDArray[np.float64], level_dbfs: float = LEVEL_DBFS) -> Samples:
    """Bring the loud half of the 20 ms frames to that level."""
    energy = (sound[: len(sound) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1)
    loud = np.sqrt(energy[energy >= np.median(energy)].mean())
    return np.asarray(np.clip(np.round(sound * (32767 * 10 ** (level_dbfs / 20) / loud)), -32768, 32767), np.int16)


def talk(seconds: float, seed: int = 1, pause_s: float = PAUSE_S) -> Samples:
    """That much of two voices in turn, with pauses."""
    flite = Flite()
    return joined((spoken(text, VOICES[n % 2], flite) for n, text in enumerate(sentences(seed))), seconds, pause_s)


def speakers(folder: Path) -> list[list[Path]]:
    """The files of a sentence or two, by the folder below *folder* that they are in; not those without any."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*.wav")):
        if SHORTEST_S <= path.stat().st_size / (2 * RATE_HZ) <= LONGEST_S and path.parent.name != "silence":
            found.setdefault(path.relative_to(folder).parts[0], []).append(path)
    return list(found.values())


def recorded(folder: Path, seconds: float, seed: int = 1) -> Samples:
    """That much of all who speak in a folder, in turn, with pauses. Raises `ValueError` when it is not enough."""
    voices = speakers(folder)
    draw = random.Random(seed)
    for files in voices:
        draw.shuffle(files)
    return joined((levelled(read(path)) for path in _in_turn(voices)), seconds)


def joined(sentences: Iterator[Samples], seconds: float, pause_s: float = PAUSE_S) -> Samples:
    """So many sentences that they last that long, with pauses. Raises `ValueError` when there are too few."""
    said, length, pause = [], 0, np.zeros(int(pause_s * RATE_HZ), np.int16)
    for sentence in sentences:
        said += [sentence, pause]
        length += len(sentence) + len(pause)
        if length >= seconds * RATE_HZ:
            return np.concatenate(said)[: int(seconds * RATE_HZ)]
    raise ValueError(f"that is only {length / RATE_HZ:.0f} s of speech")


def _in_turn(voices: Sequence[Sequence[Path]]) -> Iterator[Path]:
    """The first of each voice, the second of each: until one has no more."""
    if voices:
        rounds = min(len(files) for files in voices)
        yield from (files[n // len(voices)] for n, files in enumerate(islice(cycle(voices), rounds * len(voices))))
