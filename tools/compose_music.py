"""Compose the sounds that the package ships: hold music and two beeps. `python tools/compose_music.py` writes them.

Everything here is arithmetic and a fixed seed: no sample, no third-party audio (LICENSE-music.md beside the files).

What hold music must be on a telephone: something between 300 and 3,400 Hz, quiet enough for G.711, never a long pure
tone (a test tone or a call-progress tone would be heard in it), and without an end. So every note is a detuned pair
that decays, and the whole piece is laid on a ring: what rings on past the last bar rings into the first.
"""

from pathlib import Path
from typing import Final

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame

Signal = npt.NDArray[np.float64]

RATE_HZ: Final = 24_000
# 71.4 beats a minute; sixteen bars are 53.76 s, a whole number of 20 ms frames.
BEAT_S: Final = 0.84
BARS: Final = 16
LENGTH: Final = round(BARS * 4 * BEAT_S * RATE_HZ)
LEVEL_DBFS: Final = -20.0
MUSIC_FOLDER: Final = Path(__file__).parent.parent / "src" / "mixminus" / "prompts" / "music"

# MIDI notes. One chord a bar: bass, then the voices of the right hand, led so that they move little.
CHORDS: Final = (
    (41, 57, 60, 64, 67), (40, 55, 59, 62, 67), (38, 57, 60, 64, 65), (36, 55, 59, 62, 64),
    (41, 57, 60, 64, 67), (40, 55, 59, 62, 66), (45, 55, 60, 64, 71), (43, 57, 60, 62, 65),
    (45, 55, 60, 64, 67), (40, 55, 59, 62, 67), (41, 57, 60, 64, 67), (36, 55, 59, 64, 67),
    (38, 57, 60, 65, 69), (40, 55, 59, 62, 67), (41, 57, 60, 64, 69), (43, 57, 60, 62, 65),
)  # fmt: skip

# (bar, beat, note): few, mostly of the pentatonic scale, with room to breathe.
MELODY: Final = (
    (0, 1.0, 76), (0, 2.5, 79), (1, 0.5, 74), (2, 1.0, 72), (2, 2.0, 74), (2, 3.0, 77), (3, 0.5, 76),
    (4, 1.0, 76), (4, 2.5, 81), (5, 0.5, 79), (6, 1.0, 76), (6, 2.5, 74), (7, 0.5, 72), (7, 2.0, 74),
    (8, 0.5, 79), (8, 2.0, 76), (9, 1.0, 74), (9, 3.0, 71), (10, 0.5, 72), (10, 2.0, 76), (11, 0.5, 79),
    (12, 0.5, 77), (12, 2.0, 76), (12, 3.0, 74), (13, 0.5, 74), (13, 2.0, 71), (14, 1.0, 72), (14, 2.5, 76),
    (15, 0.5, 74), (15, 2.0, 69),
)  # fmt: skip

# Which voice of the chord sounds on which half beat: a slow broken chord.
PATTERN: Final = (0, 2, 1, 3, 2, 1, 3, 2)


def frequency(note: float) -> float:
    """Equal temperament, A4 = 440 Hz."""
    return float(440.0 * 2 ** ((note - 69) / 12))


def electric_piano(note: float, seconds: float, velocity: float) -> Signal:
    """A tine: frequency modulation whose brightness falls faster than its loudness; two of them, 10 cents apart."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    body = np.zeros_like(t)
    for cents in (-5.0, 5.0):
        hz = frequency(note + cents / 100)
        vibrato = 0.9 * np.sin(2 * np.pi * 5.1 * t) * np.minimum(t / 0.25, 1.0)
        index = (0.5 + 1.5 * velocity) * np.exp(-t * 3.5) + 0.6
        body += np.sin(2 * np.pi * hz * t + vibrato + index * np.sin(2 * np.pi * hz * t))
    tine = 0.12 * np.exp(-t * 18) * np.sin(2 * np.pi * 6.8 * frequency(note) * t)
    tremolo = 1 - 0.25 * (1 + np.sin(2 * np.pi * 4.4 * t)) / 2
    envelope = np.minimum(t / 0.006, 1.0) * np.exp(-t * (1.1 + note / 60))
    ending = np.minimum((seconds - t) / 0.05, 1.0)
    sound: Signal = velocity * (body + tine) * envelope * tremolo * ending
    return sound


def pad(note: float, seconds: float, velocity: float, rng: np.random.Generator) -> Signal:
    """A breath of strings: four detuned voices of a few partials, swelling and fading."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    body = np.zeros_like(t)
    for cents in (-9.0, -3.0, 4.0, 10.0):
        hz = frequency(note + cents / 100)
        for partial in range(1, 7):
            body += np.sin(2 * np.pi * partial * hz * t + rng.uniform(0, 2 * np.pi)) / partial**1.4
    sound: Signal = velocity * body * np.sin(np.pi * np.arange(len(t)) / len(t)) ** 2
    return sound


def lay(ring: Signal, sound: Signal, at_s: float) -> None:
    """Add a sound to the ring; what runs over the end continues at the start."""
    places = (round(at_s * RATE_HZ) + np.arange(len(sound))) % LENGTH
    np.add.at(ring, places, sound)


def performance(rng: np.random.Generator) -> Signal:
    """Play the piece, as evenly as people do: a few milliseconds off, never twice as hard."""
    ring = np.zeros(LENGTH)

    def touch() -> float:
        return float(rng.normal(0, 0.006))

    for bar, (bass, *voices) in enumerate(CHORDS):
        start = bar * 4 * BEAT_S
        for beat, strength in ((0, 0.55), (2.5, 0.35)):
            lay(ring, electric_piano(bass + 12, 2.4, strength), start + beat * BEAT_S + touch())
        for half_beat, voice in enumerate(PATTERN):
            strength = rng.uniform(0.24, 0.33) + 0.1 * (half_beat == 0)
            lay(ring, electric_piano(voices[voice], 2.0, strength), start + half_beat * BEAT_S / 2 + touch())
        for voice in voices:
            lay(ring, pad(voice, 6 * BEAT_S, 0.1, rng), start - BEAT_S)
    for bar, beat, note in MELODY:
        # With its octave below: alone, a high note would be the one tone that a detector looks for.
        strength = rng.uniform(0.24, 0.31)
        for voice, share in ((note, 1.0), (note - 12, 0.9)):
            lay(ring, electric_piano(voice, 1.7, strength * share), (bar * 4 + beat) * BEAT_S + touch())
    return ring


def room(ring: Signal, rng: np.random.Generator) -> Signal:
    """A small room, 0.9 s of it, convolved around the ring; dry in front."""
    t = np.arange(round(0.9 * RATE_HZ)) / RATE_HZ
    echo = np.zeros(LENGTH)
    echo[: len(t)] = rng.normal(0, 1, len(t)) * np.exp(-t * 6.9 / 0.9) * np.minimum(t / 0.012, 1.0)
    wet = np.fft.irfft(np.fft.rfft(ring) * np.fft.rfft(echo), LENGTH)
    mixed: Signal = ring + wet * (0.28 * ring.std() / wet.std())
    return mixed


def banded(ring: Signal) -> Signal:
    """Nothing below 270 Hz, which a phone turns into rattle; little above 3.4 kHz, which it does not carry."""
    hz = np.fft.rfftfreq(LENGTH, 1 / RATE_HZ)
    low = 1 / (1 + (270 / np.maximum(hz, 1)) ** 6)
    high = 1 / (1 + (hz / 3400) ** 8)
    kept: Signal = np.fft.irfft(np.fft.rfft(ring) * low * high, LENGTH)
    return kept


def hold_music() -> Signal:
    """The piece, as -1..1."""
    rng = np.random.default_rng(20_100_401)
    ring = banded(room(performance(rng), rng))
    levelled: Signal = ring * (10 ** (LEVEL_DBFS / 20) / ring.std())
    return levelled


def beep(*notes: int) -> Signal:
    """Two short notes, 120 ms each, the second over the end of the first: a door chime in miniature."""
    gap, seconds = 0.11, 0.16
    whole = np.zeros(round((gap * (len(notes) - 1) + seconds) * RATE_HZ))
    for place, note in enumerate(notes):
        t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        envelope = np.minimum(t / 0.008, 1.0) * np.exp(-t * 9) * np.minimum((seconds - t) / 0.03, 1.0)
        sound = (np.sin(2 * np.pi * frequency(note) * t) + 0.25 * np.sin(4 * np.pi * frequency(note) * t)) * envelope
        start = round(place * gap * RATE_HZ)
        whole[start : start + len(sound)] += sound
    levelled: Signal = whole * (10 ** (-10.0 / 20) / np.abs(whole).max())
    return levelled


def write_flac(path: Path, signal: Signal) -> None:
    """Lossless, so that the seam stays a seam of whole samples."""
    samples = np.rint(signal * 32767).astype(np.int16).reshape(1, -1)
    with av.open(path, "w") as container:
        stream = container.add_stream("flac", rate=RATE_HZ, layout="mono", options={"compression_level": "12"})
        frame = AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        container.mux([*stream.encode(frame), *stream.encode(None)])


def main() -> None:
    """Write the three files into the package."""
    MUSIC_FOLDER.mkdir(exist_ok=True)
    write_flac(MUSIC_FOLDER / "hold-music.flac", hold_music())
    write_flac(MUSIC_FOLDER / "enter-beep.flac", beep(79, 84))
    write_flac(MUSIC_FOLDER / "exit-beep.flac", beep(84, 79))


if __name__ == "__main__":
    main()
