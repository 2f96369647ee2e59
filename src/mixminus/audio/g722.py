"""G.722 at 64 kbit/s: 16 kHz in two bands, each coded as the difference from what was predicted (ITU-T G.722, 2012).

Integer arithmetic as in the recommendation's section 6, whose block names are in the comments. One octet holds two
samples: six bits of the lower band, two of the higher one.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mixminus.audio.compiled import kernel
from mixminus.audio.frames import Samples

State = NDArray[np.int32]
"""Of one coder or decoder: the lower band, the higher band, 24 samples of the filter bank."""

SAMPLES_PER_OCTET: Final = 2

# Places in a band's part of the state.
_NB, _DET, _S, _SZ, _A1, _A2, _R1, _R2, _P1, _P2, _D, _B = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16
_BAND_WORDS: Final = 22
_ZEROS: Final = 6
_QMF_WORDS: Final = 24
STATE_WORDS: Final = 2 * _BAND_WORDS + _QMF_WORDS

_FIRST_DET_LOW: Final = 32
_FIRST_DET_HIGH: Final = 8
_MAX_NB_LOW: Final = 18432
_MAX_NB_HIGH: Final = 22528


def _table(*values: int) -> NDArray[np.int32]:
    return np.array(values, np.int32)


_QMF: Final = _table(3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11)
"""Every other one of the 24 coefficients of table 11; the rest are the same ones backwards."""

_Q6: Final = _table(
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714,
    786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
)  # fmt: skip
"""Decision levels of the lower band's 60 intervals, of one sign (table 14)."""
_Q2: Final = 564
"""Of the higher band's four."""

_QM6: Final = _table(
    -136, -136, -136, -136, -24808, -21904, -19008, -16704,
    -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
    -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
    24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
    4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
)  # fmt: skip
"""What each six-bit code of the lower band stands for (table 19)."""
_QM4: Final = _table(
    0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0
)  # fmt: skip
"""And its upper four bits, which alone drive the prediction (table 17)."""
_QM2: Final = _table(-7408, -1616, 7408, 1616)

_WL: Final = _table(0, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60)
"""By four-bit code: how the logarithm of the lower band's step moves (table 18)."""
_FIRST_WL: Final = -60
_WH: Final = _table(798, -214, 798, -214)

_ILB: Final = np.array([int(2048 * 2 ** (i / 32) + 0.5) for i in range(32)], np.int32)
"""Inverse logarithm, an octave in 32 steps (table 20)."""


def new_state() -> State:
    """Of a coder or decoder that has seen nothing yet."""
    state = np.zeros(STATE_WORDS, np.int32)
    reset(state)
    return state


@kernel
def reset(state: State) -> None:
    """Forget everything."""
    for i in range(len(state)):
        state[i] = 0
    state[_DET] = _FIRST_DET_LOW
    state[_BAND_WORDS + _DET] = _FIRST_DET_HIGH


@kernel
def saturated(value: int) -> int:
    return min(32767, max(-32768, value))


@kernel
def predict(band: State, difference: int) -> None:
    """Take in a quantised difference and predict the band's next sample (block 4)."""
    reconstructed = saturated(band[_S] + difference)  # RECONS
    partial = saturated(band[_SZ] + difference)  # PARREC
    same1 = (partial < 0) == (band[_P1] < 0)
    same2 = (partial < 0) == (band[_P2] < 0)
    toward = saturated(band[_A1] * 4)  # UPPOL2
    toward = min(32767, -toward) if same1 else toward
    a2 = (toward >> 7) + (128 if same2 else -128) + ((band[_A2] * 32512) >> 15)
    a2 = min(12288, max(-12288, a2))
    limit = 15360 - a2  # UPPOL1
    a1 = saturated((192 if same1 else -192) + ((band[_A1] * 32640) >> 15))
    a1 = min(limit, max(-limit, a1))
    step = 0 if difference == 0 else 128  # UPZERO
    zeros = 0
    newer = difference
    for i in range(_ZEROS):
        delayed = band[_D + i]
        leak = (band[_B + i] * 32640) >> 15
        b = saturated(leak + (step if (difference < 0) == (delayed < 0) else -step))
        band[_B + i] = b
        band[_D + i] = newer  # DELAYA
        zeros += (b * saturated(2 * newer)) >> 15  # FILTEZ
        newer = delayed
    zeros = saturated(zeros)
    poles = (a1 * saturated(2 * reconstructed)) >> 15  # FILTEP
    poles = saturated(poles + ((a2 * saturated(2 * int(band[_R1]))) >> 15))
    band[_R2], band[_R1] = band[_R1], reconstructed
    band[_P2], band[_P1] = band[_P1], partial
    band[_A1], band[_A2] = a1, a2
    band[_SZ] = zeros
    band[_S] = saturated(poles + zeros)  # PREDIC


@kernel
def rescale(band: State, movement: int, max_nb: int, shift: int) -> None:
    """Adapt the quantiser's step (LOGSCL and SCALEL, LOGSCH and SCALEH)."""
    nb = min(max_nb, max(0, ((band[_NB] * 127) >> 7) + movement))
    octave = shift - (nb >> 11)
    level = _ILB[(nb >> 6) & 31]
    band[_NB] = nb
    band[_DET] = 4 * (level << -octave if octave < 0 else level >> octave)


@kernel
def follow_low(band: State, code: int) -> None:
    """What both ends do once a six-bit code is known."""
    kept = code >> 2
    difference = (band[_DET] * _QM4[kept]) >> 15
    rescale(band, _WL[kept] if kept else _FIRST_WL, _MAX_NB_LOW, 8)
    predict(band, difference)


@kernel
def follow_high(band: State, code: int) -> None:
    """What both ends do once a two-bit code is known."""
    difference = (band[_DET] * _QM2[code]) >> 15
    rescale(band, _WH[code], _MAX_NB_HIGH, 10)
    predict(band, difference)


@kernel
def code_of_low(error: int, det: int) -> int:
    """QUANTL: 1 to 30 intervals of either sign, by bisection."""
    magnitude = error if error >= 0 else -(error + 1)
    low, high = 1, len(_Q6)
    while low < high:
        middle = (low + high) >> 1
        if magnitude < (_Q6[middle] * det) >> 12:
            high = middle
        else:
            low = middle + 1
    if error >= 0:
        return 62 - low
    return 64 - low if low < 3 else 34 - low


@kernel
def code_of_high(error: int, det: int) -> int:
    """QUANTH."""
    magnitude = error if error >= 0 else -(error + 1)
    outer = magnitude >= (_Q2 * det) >> 12
    if error >= 0:
        return 2 if outer else 3
    return 0 if outer else 1


@kernel
def encode(state: State, samples: Samples, coded: NDArray[np.uint8]) -> None:
    """Fill *coded* from twice as many samples at 16 kHz."""
    low, high = state[:_BAND_WORDS], state[_BAND_WORDS : 2 * _BAND_WORDS]
    history = state[2 * _BAND_WORDS :]
    for at in range(len(coded)):
        for i in range(_QMF_WORDS - 2):
            history[i] = history[i + 2]
        history[_QMF_WORDS - 2] = samples[2 * at]
        history[_QMF_WORDS - 1] = samples[2 * at + 1]
        odd, even = 0, 0
        for i in range(_QMF_WORDS // 2):
            odd += history[2 * i] * _QMF[i]
            even += history[2 * i + 1] * _QMF[_QMF_WORDS // 2 - 1 - i]
        low_code = code_of_low(saturated(((even + odd) >> 14) - low[_S]), low[_DET])
        high_code = code_of_high(saturated(((even - odd) >> 14) - high[_S]), high[_DET])
        follow_low(low, low_code)
        follow_high(high, high_code)
        coded[at] = high_code << 6 | low_code


@kernel
def decode_octet(state: State, octet: int, samples: Samples) -> None:
    """The next two samples at 16 kHz."""
    low, high = state[:_BAND_WORDS], state[_BAND_WORDS : 2 * _BAND_WORDS]
    history = state[2 * _BAND_WORDS :]
    low_code, high_code = octet & 63, octet >> 6
    low_band = min(16383, max(-16384, low[_S] + ((low[_DET] * _QM6[low_code]) >> 15)))
    high_band = min(16383, max(-16384, high[_S] + ((high[_DET] * _QM2[high_code]) >> 15)))
    follow_low(low, low_code)
    follow_high(high, high_code)
    for i in range(_QMF_WORDS - 2):
        history[i] = history[i + 2]
    history[_QMF_WORDS - 2] = low_band + high_band
    history[_QMF_WORDS - 1] = low_band - high_band
    first, second = 0, 0
    for i in range(_QMF_WORDS // 2):
        second += history[2 * i] * _QMF[i]
        first += history[2 * i + 1] * _QMF[_QMF_WORDS // 2 - 1 - i]
    samples[0] = saturated(first >> 11)
    samples[1] = saturated(second >> 11)


@kernel
def decode(state: State, coded: NDArray[np.uint8], samples: Samples) -> None:
    """Fill *samples*, at 16 kHz, from half as many octets."""
    for at in range(len(coded)):
        decode_octet(state, coded[at], samples[2 * at : 2 * at + 2])
