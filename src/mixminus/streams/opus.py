"""How long an Opus packet is, read from its first two bytes (RFC 6716 section 3)."""

from typing import Final

RATE_HZ: Final = 48_000
"""Of all counts of samples here, whatever rate a packet was made of (RFC 7587 section 4.1)."""

MOST_OCTETS: Final = 6 * 1275 + 14
"""Of 120 ms without padding: six frames of 20 ms, and what tells their lengths (sections 3.2.1 and 3.2.5)."""

_MOST_SAMPLES: Final = 5760
"""120 ms (section 3.2.5)."""
_SILK: Final = (480, 960, 1920, 2880)
_HYBRID: Final = (480, 960)
_CELT: Final = (120, 240, 480, 960)
_HYBRID_FROM: Final = 12
_CELT_FROM: Final = 16


def samples_of(packet: bytes) -> int:
    """Of all its frames; 0 when this is no packet that we take."""
    if not 0 < len(packet) <= MOST_OCTETS:
        return 0
    frames = {0: 1, 3: packet[1] & 63 if len(packet) > 1 else 0}.get(packet[0] & 3, 2)
    samples = frames * _frame_samples(packet[0] >> 3)
    return samples if samples <= _MOST_SAMPLES else 0


def _frame_samples(configuration: int) -> int:
    """Of one frame (table 2)."""
    if configuration < _HYBRID_FROM:
        return _SILK[configuration & 3]
    return _HYBRID[configuration & 1] if configuration < _CELT_FROM else _CELT[configuration & 3]
