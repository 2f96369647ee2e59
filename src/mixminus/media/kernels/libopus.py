"""libopus called from compiled code, by address: numbers that are passed in, so that the kernels can be cached."""

from typing import Any, Final

from numba import types

from mixminus.audio.compiled import kernel
from mixminus.media.kernels.calling import INT, POINTER, by_address, declared
from mixminus.media.state import I16, U8

NO_DATA: Final = 0
"""Instead of a packet's address: it is lost (opus_decode(3))."""


@declared
def _opus_decode(
    typing: Any, address: Any, decoder: Any, data: Any, size: Any, pcm: Any, samples: Any, fec: Any
) -> Any:
    """`int opus_decode(OpusDecoder *, const unsigned char *, opus_int32, opus_int16 *, int, int)`"""
    return types.int64(*[types.int64] * 7), by_address([POINTER, POINTER, INT, POINTER, INT, INT])


@declared
def _opus_encode(typing: Any, address: Any, encoder: Any, pcm: Any, samples: Any, data: Any, room: Any) -> Any:
    """`opus_int32 opus_encode(OpusEncoder *, const opus_int16 *, int, unsigned char *, opus_int32)`"""
    return types.int64(*[types.int64] * 6), by_address([POINTER, POINTER, INT, POINTER, INT])


@kernel
def decode_packet(address: int, decoder: int, packet: U8, pcm: I16) -> int:
    """Decode into *pcm*, which has room for a whole packet. Returns the samples, or a negative error."""
    return int(_opus_decode(address, decoder, packet.ctypes.data, len(packet), pcm.ctypes.data, len(pcm), 0))


@kernel
def recover_lost(address: int, decoder: int, following: U8, pcm: I16) -> int:
    """Fill *pcm*, whole 2.5 ms, with what was lost before *following*, from the copy in it, or else made up."""
    return int(_opus_decode(address, decoder, following.ctypes.data, len(following), pcm.ctypes.data, len(pcm), 1))


@kernel
def make_up(address: int, decoder: int, pcm: I16) -> int:
    """Fill *pcm*, whole 2.5 ms, with what the decoder thinks might have been there."""
    return int(_opus_decode(address, decoder, NO_DATA, 0, pcm.ctypes.data, len(pcm), 0))


@kernel
def encode_frame(address: int, encoder: int, pcm: I16, packet: U8) -> int:
    """Returns the packet's bytes, or a negative error."""
    return int(_opus_encode(address, encoder, pcm.ctypes.data, len(pcm), packet.ctypes.data, len(packet)))
