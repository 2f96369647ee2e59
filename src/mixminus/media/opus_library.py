"""libopus, as PyAV's wheel brings it or as the system has it: found, asked for coders, handed to the kernels.

Coders live in memory of ours, one array each, so that a leg's coder is freed with the array.
"""

import ctypes
import ctypes.util
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self

import numpy as np

from mixminus.base.errors import MixminusError
from mixminus.media.state import U8

_OK: Final = 0
_APPLICATION_VOIP: Final = 2048
_SET_BITRATE: Final = 4002
_SET_COMPLEXITY: Final = 4010
_SET_INBAND_FEC: Final = 4012
_SET_PACKET_LOSS_PERC: Final = 4014
_SIGNAL_VOICE: Final = 3001
_SET_SIGNAL: Final = 4024
"""opus_defines.h."""

MONO: Final = 1


class OpusError(MixminusError):
    """libopus refused what it was asked."""


@dataclass(frozen=True, slots=True)
class OpusTerms:
    """How a leg's coder is to work."""

    bitrate_bps: int
    complexity: int
    """0 to 10: quality against time."""
    fec: bool
    """Whether each packet carries a coarse copy of the last one (RFC 6716 section 2.1.7)."""
    expected_loss_percent: int = 10
    """How much room that copy gets; at 0 there is none."""


@dataclass(frozen=True)
class OpusLibrary:
    """An open library. The two addresses are what kernels call."""

    path: str
    version: str
    encode_address: int
    decode_address: int
    encoder_bytes: int
    """An encoder is one block of memory, which may be copied (opus.h, "Opus Encoder")."""
    _library: ctypes.CDLL

    @classmethod
    def open(cls, path: str) -> Self:
        """Raises `OSError` or `AttributeError` when this is no libopus."""
        library = ctypes.CDLL(path)
        version = library.opus_get_version_string
        version.restype = ctypes.c_char_p
        encode, decode = _address(library.opus_encode), _address(library.opus_decode)
        return cls(path, version().decode(), encode, decode, library.opus_encoder_get_size(MONO), library)

    def new_decoder(self, rate_hz: int) -> U8:
        """Memory that holds a decoder to mono. Raises `OpusError`."""
        decoder = np.zeros(self._library.opus_decoder_get_size(MONO), np.uint8)
        self._check(self._library.opus_decoder_init(_pointer(decoder), rate_hz, MONO))
        return decoder

    def new_encoder(self, rate_hz: int, terms: OpusTerms) -> U8:
        """Memory that holds an encoder of mono speech. Raises `OpusError`."""
        encoder = np.zeros(self.encoder_bytes, np.uint8)
        self._check(self._library.opus_encoder_init(_pointer(encoder), rate_hz, MONO, _APPLICATION_VOIP))
        for request, value in (
            (_SET_BITRATE, terms.bitrate_bps),
            (_SET_COMPLEXITY, terms.complexity),
            (_SET_SIGNAL, _SIGNAL_VOICE),
            (_SET_INBAND_FEC, int(terms.fec)),
            (_SET_PACKET_LOSS_PERC, terms.expected_loss_percent if terms.fec else 0),
        ):
            self._check(self._library.opus_encoder_ctl(_pointer(encoder), request, ctypes.c_int32(value)))
        return encoder

    def _check(self, code: int) -> None:
        if code != _OK:
            raise OpusError(f"libopus answers {code}")


@cache
def opus_library() -> OpusLibrary | None:
    """The first libopus that can be opened; None: this machine has none, and Opus is not offered."""
    for path in _candidates():
        try:
            return OpusLibrary.open(path)
        except (OSError, AttributeError):
            continue
    return None


def speakable(codecs: tuple[str, ...]) -> tuple[str, ...]:
    """Those of them that this machine can speak; PCMU is left, whatever is missing."""
    here = tuple(codec for codec in codecs if codec != "opus" or opus_library() is not None)
    return here or ("PCMU",)


def _candidates() -> Iterator[str]:
    """PyAV's own first: it is the same everywhere."""
    av = importlib.util.find_spec("av")
    if av is not None and av.origin is not None:
        site = Path(av.origin).parent.parent
        yield from (str(path) for path in sorted(site.glob("av.libs/libopus*")))
        yield from (str(path) for path in sorted(site.glob("av/.dylibs/libopus*")))
    if (system := ctypes.util.find_library("opus")) is not None:
        yield system
    yield "libopus.so.0"


def _address(function: object) -> int:
    address = ctypes.cast(function, ctypes.c_void_p).value  # type: ignore[arg-type]
    assert address is not None
    return address


def _pointer(memory: U8) -> ctypes.c_void_p:
    return ctypes.c_void_p(memory.ctypes.data)
