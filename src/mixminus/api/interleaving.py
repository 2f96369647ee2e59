"""Many files of one channel become one file of many channels. Blocks: for a thread."""

import wave
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

SAMPLE_BYTES: Final = 2
PIECE_FRAMES: Final = 8_000
"""A second of telephone sound at a time, however long the files are."""


def interleave(sources: Sequence[Path], target: Path) -> None:
    """Write the WAV *target* with a channel for each of *sources*, as long as the longest; what is missing is silent.

    Sources are mono, of 16 bits and one rate.
    """
    with ExitStack() as stack:
        tracks = [_opened(stack, source) for source in sources]
        open_tracks = [track for track in tracks if track is not None]
        frames = max((track.getnframes() for track in open_tracks), default=0)
        output = stack.enter_context(wave.open(str(target), "wb"))
        output.setnchannels(len(tracks))
        output.setsampwidth(SAMPLE_BYTES)
        output.setframerate(open_tracks[0].getframerate() if open_tracks else PIECE_FRAMES)
        for start in range(0, frames, PIECE_FRAMES):
            length = min(PIECE_FRAMES, frames - start)
            output.writeframesraw(_woven([_piece(track, length) for track in tracks], length))


def _opened(stack: ExitStack, source: Path) -> wave.Wave_read | None:
    try:
        return stack.enter_context(wave.open(str(source), "rb"))
    except (OSError, EOFError, wave.Error):  # deleted, or nothing was ever written
        return None


def _piece(track: wave.Wave_read | None, frames: int) -> bytes:
    data = b"" if track is None else track.readframes(frames)
    return data.ljust(frames * SAMPLE_BYTES, b"\0")


def _woven(pieces: Sequence[bytes], frames: int) -> bytes:
    """Sample by sample: first those of all channels at one moment, then the next."""
    step = len(pieces) * SAMPLE_BYTES
    woven = bytearray(frames * step)
    for channel, piece in enumerate(pieces):
        for byte in range(SAMPLE_BYTES):
            woven[channel * SAMPLE_BYTES + byte :: step] = piece[byte::SAMPLE_BYTES]
    return bytes(woven)
