"""How much of what an agent says is speech, for who must know whether it speaks: a level, cheaply taken."""

from typing import Final

import numpy as np

from mixminus.base.stream_formats import LINEAR, MULAW

QUIET: Final = 256
"""Of 16-bit samples: -42 dBFS. Softer is taken for silence, as noise of a line is."""

SILENT_PACKET: Final = 2
"""Octets of an Opus packet that says nothing (RFC 6716, 2.1.9: discontinuous transmission)."""


def _magnitude(octet: int) -> int:
    """Of a µ-law octet (ITU-T G.711)."""
    inverted = ~octet & 0x7F
    return (((inverted & 0x0F) << 3) + 132 << (inverted >> 4)) - 132


_QUIET_MULAW: Final = bytes(octet for octet in range(256) if _magnitude(octet) < QUIET)


def loud_octets(audio: bytes, encoding: str) -> int:
    """Up to where there is speech in it; 0: it is silence. Opus packets that are sent are taken for speech."""
    if encoding == MULAW:
        return len(audio.rstrip(_QUIET_MULAW))
    if encoding == LINEAR:
        samples = np.frombuffer(audio[: len(audio) & ~1], "<i2")
        loud = np.flatnonzero((samples >= QUIET) | (samples <= -QUIET))
        return 2 * (int(loud[-1]) + 1) if len(loud) else 0
    return len(audio) if len(audio) > SILENT_PACKET else 0
