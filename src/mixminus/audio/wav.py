"""The 44 bytes before the samples of a WAV file (RIFF; Microsoft's "Multimedia Data Standards Update", 1994)."""

import struct
from typing import Final

HEADER_BYTES: Final = 44
SAMPLE_BYTES: Final = 2
MAX_DATA_BYTES: Final = 0xFFFFFFFF - HEADER_BYTES
"""A RIFF file counts its bytes in 32 bits."""

_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM: Final = 1


def wav_header(data_bytes: int, channels: int, rate_hz: int) -> bytes:
    """Of a file that holds *data_bytes* of interleaved 16-bit samples; write it again as the file grows."""
    block_bytes = channels * SAMPLE_BYTES
    return _HEADER.pack(
        b"RIFF",
        HEADER_BYTES - 8 + data_bytes,
        b"WAVE",
        b"fmt ",
        16,
        _PCM,
        channels,
        rate_hz,
        rate_hz * block_bytes,
        block_bytes,
        8 * SAMPLE_BYTES,
        b"data",
        data_bytes,
    )
