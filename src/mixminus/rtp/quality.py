"""How good a call sounds, estimated from what its packets went through: the E-model, simplified (ITU-T G.107).

Only delay and loss count; all other terms have the recommendation's defaults (its table 2), which make R 93.2.
"""

from typing import Final

BEST_R: Final = 93.2

CODEC_IMPAIRMENT: Final = {"PCMU": 0.0, "PCMA": 0.0, "G722": 0.0, "opus": 0.0}
"""Ie of G.113 table I.1; wideband codecs are counted as narrowband ones without fault."""
LOSS_ROBUSTNESS: Final = 25.1
"""Bpl of G.711 with packet-loss concealment, random loss (G.113 table I.4)."""

_ECHO_FREE_DELAY_MS: Final = 177.3
_WORST_MOS, _BEST_MOS = 1.0, 4.5


def transmission_rating(lost_fraction: float, one_way_delay_ms: float, codec: str = "PCMU") -> float:
    """R, from 0 to 93.2. `lost_fraction` is of packets that were not there when they were due (0 to 1)."""
    delay = 0.024 * one_way_delay_ms  # G.107's Idd, in the usual linear form (Cole and Rosenbluth, 2001)
    delay += 0.11 * max(0.0, one_way_delay_ms - _ECHO_FREE_DELAY_MS)
    own = CODEC_IMPAIRMENT.get(codec, 0.0)
    lost_percent = 100 * min(1.0, max(0.0, lost_fraction))
    equipment = own + (95 - own) * lost_percent / (lost_percent + LOSS_ROBUSTNESS)
    return min(BEST_R, max(0.0, BEST_R - delay - equipment))


def mean_opinion(rating: float) -> float:
    """R as a mean opinion score, 1 to 4.5 (G.107 annex B)."""
    if rating <= 0:
        return _WORST_MOS
    if rating >= 100:
        return _BEST_MOS
    score = 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6
    return max(_WORST_MOS, score)


def mos(lost_fraction: float, one_way_delay_ms: float, codec: str = "PCMU") -> float:
    """The estimated mean opinion score of one direction of a call."""
    return mean_opinion(transmission_rating(lost_fraction, one_way_delay_ms, codec))
