"""The marker: one 20 ms frame that says who spoke it and when, and survives being mixed with other talkers.

40 Manchester symbols of 4 samples (`+ + - -` is 1, `- - + +` is 0): free of DC, energy at 1-2 kHz, and every symbol
checks itself. A loud sample begins a marker: background speech stays below `BACKGROUND`, markers are far above.

    | sync 6 bits | leg 18 bits | serial 8 bits | CRC-8 of leg and serial |
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bench.load import ulaw

SAMPLES: Final = 160
SYMBOL_SAMPLES: Final = 4
LEG_BITS: Final = 18
SERIAL_BITS: Final = 8
SERIALS: Final = 1 << SERIAL_BITS
NOT_A_MARKER: Final = -1

LEVEL: Final = 22_000
# All talkers of a room together; with a marker on top they stay below the clipping level of 32,635.
BACKGROUND: Final = 5_000
# Loud is G.711's upper two of eight segments, from 8,316 on: bits 6 and 5 of the complemented code, which a loop
# without branches can look for. A server that attenuates by 6 dB is still understood.
_LOUD_BIT: Final = 0x40
_SURE: Final = 2 * 5_000  # what a pair of samples must add up to

_SYNC: Final = 0b101100
_SYNC_SHIFT: Final = LEG_BITS + 2 * SERIAL_BITS
_SYMBOLS: Final = SAMPLES // SYMBOL_SAMPLES

_HIGH: Final = int(ulaw.encode(np.array([LEVEL]))[0])
_LOW: Final = int(ulaw.encode(np.array([-LEVEL]))[0])
_LINEAR: Final = ulaw.LINEAR


@njit(cache=True, nogil=True)
def crc8(word: int) -> int:
    """CRC-8 (x^8 + x^2 + x + 1) of the 26 bits of leg and serial."""
    register = word << 8
    for bit in range(LEG_BITS + SERIAL_BITS + 7, 7, -1):
        if register >> bit & 1:
            register ^= 0x107 << (bit - 8)
    return register & 0xFF


@njit(cache=True, nogil=True)
def write(leg: int, serial: int, out: NDArray[np.uint8]) -> None:
    """Put the marker of *leg* and *serial* into *out*, 160 µ-law codes."""
    word = leg << SERIAL_BITS | serial
    bits = _SYNC << _SYNC_SHIFT | word << 8 | crc8(word)
    for symbol in range(_SYMBOLS):
        one = bits >> (_SYMBOLS - 1 - symbol) & 1
        at = symbol * SYMBOL_SAMPLES
        out[at] = out[at + 1] = _HIGH if one else _LOW
        out[at + 2] = out[at + 3] = _LOW if one else _HIGH


@njit(cache=True, nogil=True)
def read(codes: NDArray[np.uint8]) -> int:
    """Return `leg << 8 | serial` of the marker in 160 µ-law codes, or `NOT_A_MARKER`."""
    bits = 0
    for symbol in range(_SYMBOLS):
        at = symbol * SYMBOL_SAMPLES
        first = _LINEAR[codes[at]] + _LINEAR[codes[at + 1]]
        second = _LINEAR[codes[at + 2]] + _LINEAR[codes[at + 3]]
        if first >= _SURE and second <= -_SURE:
            bits = bits << 1 | 1
        elif first <= -_SURE and second >= _SURE:
            bits = bits << 1
        else:
            return NOT_A_MARKER
    word = bits >> 8 & ((1 << (LEG_BITS + SERIAL_BITS)) - 1)
    if bits >> _SYNC_SHIFT != _SYNC or bits & 0xFF != crc8(word):
        return NOT_A_MARKER
    return word


@njit(cache=True, nogil=True)
def first_loud(codes: NDArray[np.uint8], begin: int, end: int) -> int:
    """Return where the first loud sample of `codes[begin:end]` is, or *end*."""
    loudness = 0
    for at in range(begin, end):
        loudness |= ~codes[at] & (~codes[at] << 1)
    if loudness & _LOUD_BIT == 0:
        return end
    for at in range(begin, end):
        if ~codes[at] & (~codes[at] << 1) & _LOUD_BIT:
            return at
    return end
