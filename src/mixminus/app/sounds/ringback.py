"""Audible ringing tones of countries: what a caller hears while somebody else's phone rings.

Frequencies and cadences are those of ITU-T E.180, supplement 2. A modulated tone (400×25) is written as its two
sidebands.
"""

from collections.abc import Mapping
from typing import Final

from mixminus.media.contract import Clip, Silence, Tone

LEVEL_DBFS: Final = -19.0

Cadence = tuple[Clip, ...]
"""One round, to be repeated."""


def _once(*frequencies_hz: float, on_ms: int = 1_000, off_ms: int = 4_000) -> Cadence:
    return (Tone(frequencies_hz, on_ms, LEVEL_DBFS), Silence(off_ms))


def _twice(*frequencies_hz: float) -> Cadence:
    """The double ring of the countries whose networks began as British ones."""
    ring = Tone(frequencies_hz, 400, LEVEL_DBFS)
    return (ring, Silence(200), ring, Silence(2_000))


NORTH_AMERICAN: Final = _once(440, 480, on_ms=2_000)

RINGBACK: Final[Mapping[str, Cadence]] = {
    "at": _once(420, off_ms=5_000),
    "au": _twice(400, 450),
    "bg": _once(425),
    "br": _once(425),
    "be": _once(425, off_ms=3_000),
    "ch": _once(425),
    "cl": _once(400, off_ms=3_000),
    "cn": _once(450),
    "cz": _once(425),
    "de": _once(425),
    "dk": _once(425),
    "ee": _once(425),
    "es": _once(425, on_ms=1_500, off_ms=3_000),
    "fi": _once(425),
    "fr": _once(440, on_ms=1_500, off_ms=3_500),
    "gr": _once(425),
    "hu": _once(425, on_ms=1_250, off_ms=3_750),
    "il": _once(400, off_ms=3_000),
    "in": _twice(375, 425),
    "it": _once(425),
    "jp": _once(384, 416, off_ms=2_000),
    "lt": _once(425),
    "mx": _once(425),
    "my": _twice(425),
    "nl": _once(425),
    "no": _once(425),
    "nz": _twice(400, 450),
    "ph": _once(425, 480),
    "pl": _once(425),
    "pt": _once(425, off_ms=5_000),
    "ru": _once(425, on_ms=800, off_ms=3_200),
    "se": _once(425, off_ms=5_000),
    "sg": _twice(401, 449),
    "th": _once(400),
    "uk": _twice(400, 450),
    "us": NORTH_AMERICAN,
    "us-old": _once(380, 460, on_ms=2_000),
    "tw": _once(440, 480, off_ms=2_000),
    "ve": _once(425),
    "za": _twice(367, 433),
}
"""By the words of `ringTone`."""
