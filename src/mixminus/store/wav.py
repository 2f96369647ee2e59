"""How long a recording is, told from its file. That is put right first: its writer may have been stopped anywhere."""

import os
import struct
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class WavSize:
    size_bytes: int
    duration_s: int
    """Rounded to the nearest second, as Twilio tells it."""


# Our recorder writes RIFF, fmt and data chunks and nothing else, so that samples begin here.
HEADER_BYTES: Final = 44
RIFF_SIZE_AT: Final = 4
DATA_SIZE_AT: Final = 40


def mended_wav(path: Path) -> WavSize | None:
    """Measure a WAV file whose writer is gone, by its size on disk. None: there is no file, or no sound in it.

    The header is made to say the same: a killed process leaves samples that it does not tell of yet, a loss of power
    can leave it ahead of its samples.
    """
    try:
        with wave.open(str(path), "rb") as header:
            block_bytes = header.getnchannels() * header.getsampwidth()
            bytes_per_second = header.getframerate() * block_bytes
        if not bytes_per_second:
            return None
        data_bytes = (path.stat().st_size - HEADER_BYTES) // block_bytes * block_bytes
        if data_bytes <= 0:
            return None
        _settle(path, data_bytes)
    except (OSError, EOFError, wave.Error):
        return None
    return WavSize(HEADER_BYTES + data_bytes, round(data_bytes / bytes_per_second))


def _settle(path: Path, data_bytes: int) -> None:
    with path.open("r+b") as file:
        for at, size in ((RIFF_SIZE_AT, HEADER_BYTES - 8 + data_bytes), (DATA_SIZE_AT, data_bytes)):
            file.seek(at)
            file.write(struct.pack("<I", size))
        file.truncate(HEADER_BYTES + data_bytes)
        file.flush()
        os.fsync(file.fileno())
