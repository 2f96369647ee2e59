"""Those who call: synthesised voices of several kinds, and a person where recordings are installed.

    voices = installed()
    voices["rms"].say("I need a refill.")

All speak at 8 kHz and at the level of a telephone. Flite's `rms` and `slt` come with the package. Debian's `flite`
adds `awb`, its `festival` with `festvox-us-slt-hts` adds `hts`. Recognisers hear espeak-ng badly, so it is not here.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from bench.speech import RECORDED, Samples, levelled, read
from mixminus.prompts.io.flite_worker import Flite

RATE_HZ: Final = 8_000
SILENT: Final = 150
"""What is below is none of a voice's sound: synthesis begins and ends with silence."""
HTS: Final = Path("/usr/share/festival/voices/us/cmu_us_slt_arctic_hts")
PERSON: Final = RECORDED / "en_US_f_Allison"
"""Debian's `asterisk-core-sounds-en-wav`, CC BY-SA 3.0: a person, who says what she says."""

Words = Mapping[str, str]


class Voice(Protocol):
    def say(self, text: str) -> Samples: ...


class Synthesised:
    """A voice that remembers what it has said."""

    def __init__(self) -> None:
        self._said: dict[str, Samples] = {}

    def say(self, text: str) -> Samples:
        """Speech without silence before and after."""
        if text not in self._said:
            with tempfile.TemporaryDirectory(prefix="mixminus-caller-") as folder:
                wav = Path(folder) / "said.wav"
                self._speak(text, wav)
                self._said[text] = bare(levelled(read(wav)))
        return self._said[text]

    def _speak(self, text: str, wav: Path) -> None:
        raise NotImplementedError


class Packaged(Synthesised):
    """A voice of the package."""

    def __init__(self, name: str, flite: Flite) -> None:
        super().__init__()
        self._name = name
        self._flite = flite

    def _speak(self, text: str, wav: Path) -> None:
        self._flite.say({"text": text, "voice": self._name, "wav": str(wav)})


class Program(Synthesised):
    """A voice that is a program: `{text}` and `{wav}` in its arguments are filled in; without `{text}` it reads."""

    def __init__(self, *arguments: str) -> None:
        super().__init__()
        self._arguments = arguments

    def _speak(self, text: str, wav: Path) -> None:
        arguments = [each.replace("{text}", text).replace("{wav}", str(wav)) for each in self._arguments]
        subprocess.run(arguments, input=text.encode(), check=True, capture_output=True, timeout=30)


def installed() -> dict[str, Voice]:
    """The voices of this machine, by name."""
    flite = Flite()
    found: dict[str, Voice] = {name: Packaged(name, flite) for name in ("rms", "slt")}
    if shutil.which("flite"):
        found["awb"] = Program("flite", "-voice", "awb", "-t", "{text}", "-o", "{wav}")
    if shutil.which("text2wave") and HTS.exists():
        found["hts"] = Program("text2wave", "-eval", "(voice_cmu_us_slt_arctic_hts)", "-o", "{wav}")
    return found


def recorded(words: Words) -> dict[str, Samples]:
    """What a person says, by its text; nothing if the recordings are not installed."""
    there = {text: PERSON / f"{name}.wav" for text, name in words.items()}
    return {text: bare(levelled(read(path))) for text, path in there.items() if path.exists()}


def bare(samples: Samples) -> Samples:
    """Without the silence before the first sound and after the last."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > SILENT)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]
