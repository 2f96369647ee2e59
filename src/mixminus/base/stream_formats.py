"""Formats in which the audio of a Media Stream may travel, as documents and requests name them.

Twilio's own is 8 kHz µ-law. The others are ours: `audioFormat` and `sampleRate` of `<Stream>`, whose values Twilio
has never documented.
"""

from dataclasses import dataclass
from typing import Final

MULAW: Final = "audio/x-mulaw"
LINEAR: Final = "audio/x-l16"
"""16 bits, signed, little-endian: as services for speech take it, and not as RFC 2586 has it."""
OPUS: Final = "audio/opus"
"""One packet a message."""

RATES_HZ: Final = {MULAW: (8_000,), LINEAR: (16_000, 8_000, 24_000), OPUS: (48_000,)}
"""The first one is meant where none is said."""
ALL_RATES_HZ: Final = (8_000, 16_000, 24_000, 48_000)


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """One of those in `RATES_HZ`."""

    encoding: str = MULAW
    sample_rate: int = 8_000


DEFAULT: Final = StreamFormat()


def stream_format(encoding: str | None, sample_rate: int | None) -> StreamFormat:
    """What was asked for, None being not said. Raises `ValueError` with a sentence for what is not offered."""
    rates = RATES_HZ.get(encoding or MULAW)
    if rates is None:
        raise ValueError(f"there is no format {str(encoding)[:40]!r}; there are {', '.join(RATES_HZ)}")
    if sample_rate is None:
        return StreamFormat(encoding or MULAW, rates[0])
    if sample_rate not in rates:
        offered = " or ".join(map(str, sorted(rates)))
        raise ValueError(f"{encoding or MULAW} is offered at {offered} Hz, not at {sample_rate}")
    return StreamFormat(encoding or MULAW, sample_rate)
