"""The notes that phones hum: 24 frequencies that stay apart after G.711, mixing and clipping.

Chosen by search under three rules, which tests/testing/test_palette.py states: neighbours are at least 80 Hz apart
(what the window of `detection` tells apart), no note lies within 35 Hz of the double, triple or fivefold of another
(the harmonics that clipping and companding make), and none within 20 Hz of the tones telephony itself uses (ITU-T
E.180 progress tones, DTMF, 1,004 Hz test tone, fax). All are primes in hertz, so a second of each is a whole number
of cycles.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

PALETTE: Final[Mapping[str, int]] = MappingProxyType(
    {
        "alpha": 521,
        "beta": 641,
        "gamma": 733,
        "delta": 829,
        "epsilon": 971,
        "zeta": 1123,
        "eta": 1229,
        "theta": 1361,
        "iota": 1511,
        "kappa": 1601,
        "lambda": 1693,
        "mu": 1777,
        "nu": 1871,
        "xi": 1979,
        "omicron": 2069,
        "pi": 2161,
        "rho": 2281,
        "sigma": 2371,
        "tau": 2531,
        "upsilon": 2647,
        "phi": 2767,
        "chi": 2861,
        "psi": 2963,
        "omega": 3061,
    }
)
"""Name of a note to its frequency in hertz."""

FREQUENCIES_HZ: Final = tuple(PALETTE.values())

HUM_AMPLITUDE: Final = 3_000
"""Peak of a hummed note, of 32,767: ten phones may hum at once before a mix of them can clip."""
