"""How speech sounds after a bad network: the engine's receiver against one that conceals nothing, in virtual time.

    python -m bench.quality [--speech FOLDER] [--json FILE] [--write]

Speech is cut into packets, which are lost and delayed at random from a fixed seed, and taken from the engine tick by
tick. The score is PESQ (ITU-T P.862, narrowband) where the `pesq` package is installed; the log-spectral distance, in
dB, is measured always. Beside them: the delay of the jitter buffer, and how much was made up. Speech is synthesised,
and recorded from people if a folder has some (`bench/speech.py`). `--write` puts the table into docs/performance.md.
The exit status is 1 when ours is not better wherever there is loss or jitter.
"""

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.document import NoSection, replaced
from bench.speech import RATE_HZ, RECORDED, recorded, talk
from mixminus.audio import g711
from mixminus.media.contract import OpenLeg, SetLegMedia
from mixminus.media.engine import Engine, EngineSettings
from mixminus.media.state import CONCEALED, LATE

Samples = NDArray[np.int16]

LOSSES: Final = (0.0, 0.01, 0.05, 0.10)
JITTERS_MS: Final = (0, 30, 80)
FRAME: Final = 160
FIXED_DELAY_TICKS: Final = 3
"""Of the receiver without concealment: 60 ms, the largest that ours may take. None where there is no jitter."""
CLIP_S: Final = 8
"""PESQ is made for clips of 8 to 12 s."""
ALIKE: Final = 0.02
"""A PESQ, or as many dB, that nobody hears."""
SAME_DELAY_MS: Final = 1.0
"""Ours has none until the first late packet."""

BEGIN: Final = "<!-- quality: written by python -m bench.quality --write -->"
END: Final = "<!-- end of quality -->"
DOCUMENT: Final = Path("docs/performance.md")


@dataclass(frozen=True, slots=True)
class Heard:
    """What one receiver made of it. A higher PESQ is better, a smaller distance is."""

    pesq: float | None
    distance_db: float
    delay_ms: float


@dataclass(frozen=True, slots=True)
class Point:
    """One network, heard by two receivers: ours, and one of fixed delay that conceals nothing."""

    speech: str
    loss: float
    jitter_ms: int
    ours: Heard
    without: Heard
    concealed_percent: float
    late_percent: float

    @property
    def verdict(self) -> str:
        """What ours is: `better`, the same but `sooner`, the `same`, or `worse`."""
        gain = self._gain
        if gain > ALIKE:
            return "better"
        if gain < -ALIKE or self.ours.delay_ms > self.without.delay_ms + SAME_DELAY_MS:
            return "worse"
        return "sooner" if self.ours.delay_ms < self.without.delay_ms - SAME_DELAY_MS else "same"

    @property
    def holds(self) -> bool:
        """Better wherever the network is bad, never worse."""
        impaired = bool(self.loss or self.jitter_ms)
        return self.verdict in (("better", "sooner") if impaired else ("better", "sooner", "same"))

    @property
    def _gain(self) -> float:
        if self.ours.pesq is None or self.without.pesq is None:
            return self.without.distance_db - self.ours.distance_db
        return self.ours.pesq - self.without.pesq


def arrivals(packets: int, loss: float, jitter_ms: int, seed: int) -> list[list[int]]:
    """Which packets come in each tick: delays are uniform up to *jitter_ms*, so packets overtake each other."""
    draw = random.Random(seed)
    ticks: list[list[int]] = [[] for _ in range(packets + jitter_ms // 20 + 2)]
    for n in range(packets):
        late_ms = draw.random() * jitter_ms
        if draw.random() >= loss:
            ticks[n + int((5.0 + late_ms) // 20.0)].append(n)
    return ticks


def ours(speech: Samples, coming: list[list[int]]) -> tuple[Samples, float, float, float]:
    """What the engine takes from a leg; its mean delay in ms, and the shares made up and late, in percent."""
    engine = Engine(EngineSettings(legs=1, rooms=1, players=1, recorders=1), random.Random(1).randbytes)
    engine.apply([OpenLeg(1), SetLegMedia(1, "192.0.2.1", 4000, "PCMU", None, True, True)])
    coded = g711.encode_ulaw(speech)
    heard, delays = [], []
    for packets in coming:
        for n in packets:
            header = b"\x80\0" + (n % 65536).to_bytes(2) + (n * FRAME).to_bytes(4) + bytes(4)
            engine.receive(1, header + coded[n * FRAME : (n + 1) * FRAME], ("192.0.2.1", 4000))
        engine.tick()
        heard.append(engine.legs.mixing.said[0].copy())
        delays.append(engine.legs.playout_delay(0) * 1000 / RATE_HZ)
    counters = engine.legs.line.counters[0]
    packets_sent = len(speech) // FRAME
    concealed = 100 * float(counters[CONCEALED]) / len(speech)
    return np.concatenate(heard), float(np.mean(delays)), concealed, 100 * float(counters[LATE]) / packets_sent


def plain(speech: Samples, coming: list[list[int]], delay_ticks: int) -> Samples:
    """A buffer of a fixed delay that plays silence for what is not there."""
    sound = g711.decode_ulaw(g711.encode_ulaw(speech))
    heard = np.zeros((len(coming) + delay_ticks) * FRAME, np.int16)
    for tick, packets in enumerate(coming):
        for n in packets:
            if tick <= n + delay_ticks:
                due = n + delay_ticks
                heard[due * FRAME : (due + 1) * FRAME] = sound[n * FRAME : (n + 1) * FRAME]
    return heard


def spectra(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Levels in dB of 16 bands from 200 to 3600 Hz, a row each 10 ms, none below 40 dB."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 256)[::80] * np.hanning(256)
    power = np.abs(np.fft.rfft(frames)) ** 2
    edges = np.geomspace(200, 3600, 17) * 256 / RATE_HZ
    bands = [power[:, int(low) : max(int(low) + 1, int(high))].mean(axis=1) for low, high in pairwise(edges)]
    return np.asarray(np.maximum(10 * np.log10(np.stack(bands, axis=1) + 1e-9), 60.0))


def distance_db(clean: Samples, heard: Samples) -> float:
    """Mean log-spectral distance, each 10 ms of speech against the nearest 10 ms within 80 ms: time may stretch."""
    lag = alignment(clean, heard)
    target = spectra(clean.astype(float))
    got = spectra(np.concatenate([heard[lag:], np.zeros(2000, np.int16)]).astype(float))
    reach = 8
    padded = np.pad(got, ((reach, reach), (0, 0)), mode="edge")
    rows = min(len(target), len(got))
    apart = np.stack(
        [np.sqrt(((target[:rows] - padded[n : n + rows]) ** 2).mean(axis=1)) for n in range(2 * reach + 1)]
    )
    speaking = target[:rows].max(axis=1) > 75.0
    return float(apart.min(axis=0)[speaking].mean())


def alignment(clean: Samples, heard: Samples) -> int:
    """How much later the sound is heard, in samples, by the envelope's correlation."""
    length = min(len(clean), len(heard))
    one = np.fft.rfft(np.abs(clean[:length].astype(float)), 2 * length)
    other = np.fft.rfft(np.abs(heard[:length].astype(float)), 2 * length)
    return int(np.argmax(np.fft.irfft(other * np.conj(one))[: RATE_HZ // 4]))


def pesq_score(clean: Samples, heard: Samples) -> float | None:
    """The mean of P.862's score over clips, 1 to 4.5; None without the package."""
    try:
        from pesq import pesq
    except ImportError:
        return None
    lag = alignment(clean, heard)
    heard = heard[lag:]
    length = CLIP_S * RATE_HZ
    scores = [
        float(pesq(RATE_HZ, clean[at : at + length], heard[at : at + length], "nb"))
        for at in range(0, min(len(clean), len(heard)) - length + 1, length)
    ]
    return float(np.mean(scores))


def scored(clean: Samples, heard: Samples, delay_ms: float) -> Heard:
    return Heard(pesq_score(clean, heard), distance_db(clean, heard), delay_ms)


def measure(name: str, speech: Samples, seed: int = 7) -> Iterator[Point]:
    """Every network of the grid."""
    for loss in LOSSES:
        for jitter_ms in JITTERS_MS:
            coming = arrivals(len(speech) // FRAME, loss, jitter_ms, seed)
            heard, delay_ms, concealed, late = ours(speech, coming)
            patience = FIXED_DELAY_TICKS if jitter_ms else 0
            yield Point(
                name,
                loss,
                jitter_ms,
                scored(speech, heard, delay_ms),
                scored(speech, plain(speech, coming, patience), 20 * patience),
                concealed,
                late,
            )


def table(points: Sequence[Point]) -> str:
    """For docs/performance.md."""
    head = "speech|loss|jitter|PESQ|without|distance|without|delay|without|made up|late|ours is"
    lines = [f"| {head.replace('|', ' | ')} |"]
    lines.append("|" + 12 * "---|")
    for p in points:
        both = (p.ours, p.without)
        cells = [p.speech, f"{p.loss:.0%}", f"{p.jitter_ms} ms"]
        cells += ["–" if heard.pesq is None else f"{heard.pesq:.2f}" for heard in both]
        cells += [f"{heard.distance_db:.1f} dB" for heard in both] + [f"{heard.delay_ms:.0f} ms" for heard in both]
        cells += [f"{p.concealed_percent:.1f} %", f"{p.late_percent:.1f} %", p.verdict]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def speeches(folder: Path, seconds: float) -> Iterator[tuple[str, Samples]]:
    """Synthesised, and recorded if there is any."""
    yield "synthesised", talk(seconds)
    if folder.is_dir():
        yield "recorded", recorded(folder, seconds)
    else:
        print(f"no recorded speech: there is no folder {folder}; see --speech", file=sys.stderr)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    parser.add_argument("--seconds", type=float, default=80.0, help="of each kind of speech")
    parser.add_argument(
        "--speech", type=Path, default=RECORDED, help="WAV files of people; a folder for each speaker"
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", action="store_true", help=f"put the table into {DOCUMENT}")
    options = parser.parse_args()
    points = [point for name, speech in speeches(options.speech, options.seconds) for point in measure(name, speech)]
    print(table(points))
    if options.json is not None:
        rows: list[dict[str, Any]] = [asdict(point) | {"verdict": point.verdict} for point in points]
        options.json.write_text(json.dumps(rows, indent=1))
    if options.write:
        try:
            DOCUMENT.write_text(replaced(DOCUMENT.read_text(), table(points), BEGIN, END))
        except (OSError, NoSection) as error:
            print(f"bench.quality: {error}", file=sys.stderr)
            return 1
    return int(not all(point.holds for point in points))


if __name__ == "__main__":
    sys.exit(main())
