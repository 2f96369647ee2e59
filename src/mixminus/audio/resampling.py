"""From one rate to another, a frame at a time: 8, 16 and 48 kHz; and between 24 and 48 kHz.

Linear-phase FIR filters, designed here by weighted least squares. Between 8 kHz and the others they pass telephone
speech (to 3.3 kHz) and stop what lies above 4.7 kHz; between 16 and 48 kHz they pass 7 kHz and stop 9 kHz; between 24
and 48 kHz, 11 and 13; at least 60 dB down, and no longer than 1 ms of delay. In integers, so that a sample is the
same on every machine.

A source array begins with its tail: the last samples of the frame before.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import FRAME_MS, RATE_HZ, Samples

WIDE_RATE_HZ: Final = 16_000
MIDDLE_RATE_HZ: Final = 24_000
FULL_RATE_HZ: Final = 48_000

TAIL_MS: Final = 2
"""What a filter needs of the past: 1.98 ms at most."""

_BITS: Final = 14
"""Of a tap's fraction. A phase's taps add up to less than 4 in magnitude, so that 32 bits hold every sum."""
_HALF: Final = 1 << (_BITS - 1)
_GRID_HZ: Final = 10
_STOP_WEIGHT: Final = 100.0

Filter = NDArray[np.int16]


def design(taps: int, rate_hz: int, pass_hz: int, stop_hz: int) -> NDArray[np.float64]:
    """A low-pass filter of an even number of taps: the least squared error of its (real) amplitude on a fine grid."""
    place = np.arange(taps // 2) + 0.5
    frequencies = np.concatenate(
        [np.arange(0, pass_hz + 1, _GRID_HZ), np.arange(stop_hz, rate_hz // 2 + 1, _GRID_HZ)]
    )
    passes = frequencies <= pass_hz
    weight = np.where(passes, 1.0, _STOP_WEIGHT)
    amplitude = 2 * np.cos(2 * np.pi / rate_hz * np.outer(frequencies, place))
    half = np.linalg.lstsq(amplitude * weight[:, None], passes * weight, rcond=None)[0]
    return np.concatenate([half[::-1], half])


def _rising(low_hz: int, high_hz: int, pass_hz: int, stop_hz: int) -> Filter:
    """One row of taps a phase, oldest sample first."""
    factor = high_hz // low_hz
    impulse = design(2 * factor * low_hz // 1000, high_hz, pass_hz, stop_hz)
    return _fixed(factor * impulse.reshape(-1, factor).T[:, ::-1])


def _falling(high_hz: int, low_hz: int, pass_hz: int, stop_hz: int) -> Filter:
    return _fixed(design(2 * high_hz // 1000, high_hz, pass_hz, stop_hz))


def _fixed(taps: NDArray[np.float64]) -> Filter:
    return np.ascontiguousarray(np.round(taps * (1 << _BITS)).astype(np.int16))


NARROW_TO_WIDE: Final = _rising(RATE_HZ, WIDE_RATE_HZ, 3300, 4700)
NARROW_TO_FULL: Final = _rising(RATE_HZ, FULL_RATE_HZ, 3300, 4700)
WIDE_TO_FULL: Final = _rising(WIDE_RATE_HZ, FULL_RATE_HZ, 7000, 9000)
WIDE_TO_NARROW: Final = _falling(WIDE_RATE_HZ, RATE_HZ, 3300, 4700)
FULL_TO_NARROW: Final = _falling(FULL_RATE_HZ, RATE_HZ, 3300, 4700)
FULL_TO_WIDE: Final = _falling(FULL_RATE_HZ, WIDE_RATE_HZ, 7000, 9000)
MIDDLE_TO_FULL: Final = _rising(MIDDLE_RATE_HZ, FULL_RATE_HZ, 11_000, 13_000)
FULL_TO_MIDDLE: Final = _falling(FULL_RATE_HZ, MIDDLE_RATE_HZ, 11_000, 13_000)


@kernel
def rounded(total: int) -> int:
    """A sum of products, back to 16 bits."""
    return min(32767, max(-32768, (total + _HALF) >> _BITS))


@kernel
def raise_rate(source: Samples, taps: Filter, target: Samples) -> None:
    """Fill *target*, a frame, from *source*, a tail and a frame of the lower rate."""
    factor, length = taps.shape
    frame = len(target) // factor
    first = len(source) - frame - length + 1
    for phase in range(factor):
        row = taps[phase]
        for at in range(frame):
            window = source[first + at : first + at + length]
            total = np.int32(0)
            for i in range(length):
                total = np.int32(total + np.int32(window[i]) * np.int32(row[i]))
            target[at * factor + phase] = rounded(int(total))


@kernel
def lower_rate(source: Samples, taps: Filter, target: Samples) -> None:
    """Fill *target*, a frame, from *source*, a tail and a frame of the higher rate."""
    frame, length = len(target), len(taps)
    factor = len(source) * FRAME_MS // (frame * (FRAME_MS + TAIL_MS))
    first = len(source) - factor * (frame - 1) - length
    for at in range(frame):
        window = source[first + at * factor : first + at * factor + length]
        total = np.int32(0)
        for i in range(length):
            total = np.int32(total + np.int32(window[i]) * np.int32(taps[i]))
        target[at] = rounded(int(total))
