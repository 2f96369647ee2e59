"""How much of what an agent says is speech, for who must know whether it speaks: a level, cheaply taken."""

from typing import Final

from mixminus.streams.messages import MULAW, MediaFormat

QUIET: Final = 256
"""Of 16-bit samples: -42 dBFS. Softer is taken for silence, as noise of a line is."""

L16: Final = "audio/x-l16"


def _magnitude(octet: int) -> int:
    """Of a µ-law octet (ITU-T G.711)."""
    inverted = ~octet & 0x7F
    return (((inverted & 0x0F) << 3) + 132 << (inverted >> 4)) - 132


_QUIET_MULAW: Final = bytes(octet for octet in range(256) if _magnitude(octet) < QUIET)


def loud_octets(audio: bytes, media_format: MediaFormat) -> int:
    """Up to where there is speech in it; 0: it is silence. Formats that are not looked into are taken for speech."""
    if media_format.encoding == MULAW.encoding:
        return len(audio.rstrip(_QUIET_MULAW))
    if media_format.encoding == L16:
        samples = memoryview(audio[: len(audio) & ~1]).cast("h")
        return next((2 * n for n in range(len(samples), 0, -1) if abs(samples[n - 1]) >= QUIET), 0)
    return len(audio)
