"""How long a recording is, told from its file: the header may not have been finished when the node stopped."""

import wave
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WavSize:
    size_bytes: int
    duration_s: int
    """Rounded to the nearest second, as Twilio tells it."""


# Our recorder writes RIFF, fmt and data chunks and nothing else, so that samples begin here.
HEADER_BYTES = 44


def wav_size(path: Path) -> WavSize | None:
    """Measure a WAV file by its size on disk. None: there is no file, or no sound in it."""
    try:
        size_bytes = path.stat().st_size
        with wave.open(str(path), "rb") as header:
            bytes_per_second = header.getframerate() * header.getnchannels() * header.getsampwidth()
    except (OSError, EOFError, wave.Error):
        return None
    if size_bytes <= HEADER_BYTES or not bytes_per_second:
        return None
    return WavSize(size_bytes, round((size_bytes - HEADER_BYTES) / bytes_per_second))
