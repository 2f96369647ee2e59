"""Differences of numbers that wrap on the wire."""

from mixminus.audio.compiled import kernel


@kernel
def signed32(difference: int) -> int:
    """Of two timestamps, across the wrap: from -2**31 to 2**31 - 1."""
    return ((difference + 0x80000000) & 0xFFFFFFFF) - 0x80000000


@kernel
def signed16(difference: int) -> int:
    """Of two sequence numbers, across the wrap."""
    return ((difference + 0x8000) & 0xFFFF) - 0x8000
