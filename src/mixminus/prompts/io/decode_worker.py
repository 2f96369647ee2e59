"""`python -m mixminus.prompts.io.decode_worker`: any audio in, raw 8 kHz mono out. Not for people."""

import os
from collections.abc import Iterator
from typing import BinaryIO, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.container import InputContainer

from mixminus.prompts.formats import DEMUXERS, raw_demuxer
from mixminus.prompts.io.jobs import Job, serve
from mixminus.prompts.level import Samples, levelled
from mixminus.prompts.prompt import BYTES_PER_MS, NOT_AUDIO, RATE_HZ, TOO_LARGE, PromptError

_MAX_CHANNELS: Final = 16
# Below, a few bytes become minutes; above, nothing that a phone could tell from 192 kHz.
_RATES_HZ: Final = range(1000, 768_001)
_MEMORY_BYTES: Final = 2 * 1024**3


def decode(job: Job) -> Job:
    """Decode `source` to `target`; `demuxer` names a format without header, `level_dbfs` asks for that loudness."""
    limit = int(job["decoded_ms"]) * RATE_HZ // 1000
    with open(job["source"], "rb") as file:
        if os.fstat(file.fileno()).st_size > int(job["file_bytes"]):
            raise PromptError(TOO_LARGE, f"the file is larger than {int(job['file_bytes'])} bytes")
        head = file.read(16)
        file.seek(0)
        if not head:
            raise PromptError(NOT_AUDIO, "the file is empty")
        samples = _read(file, raw_demuxer(head, job["demuxer"]), limit)
    if job["level_dbfs"] is not None:
        samples = levelled(samples, float(job["level_dbfs"]))
    with open(job["target"], "wb") as out:
        samples.astype("<i2").tofile(out)
    return {"duration_ms": 2 * len(samples) // BYTES_PER_MS}


def _read(file: BinaryIO, demuxer: str | None, limit: int) -> Samples:
    options = {"format_whitelist": DEMUXERS}
    raw = demuxer in ("mulaw", "alaw")
    if raw:
        options |= {"sample_rate": str(RATE_HZ)}
    try:
        with av.open(file, "r", format=demuxer, options=options) as container:
            pieces, total = [], 0
            for piece in _resampled(container):
                pieces.append(piece)
                total += len(piece)
                if total > limit:
                    raise PromptError(TOO_LARGE, f"the audio is longer than {limit // RATE_HZ} seconds")
    except av.FFmpegError as error:
        raise PromptError(NOT_AUDIO, f"the file is not audio that can be decoded ({error.strerror})") from error
    if not total:
        raise PromptError(NOT_AUDIO, "the file holds no sound")
    return np.concatenate(pieces)


def _resampled(container: InputContainer) -> Iterator[Samples]:
    resampler = AudioResampler("s16", "mono", RATE_HZ)
    for frame in (*_frames(container), None):
        for piece in resampler.resample(frame):
            yield piece.to_ndarray().reshape(-1).astype(np.int16, copy=False)


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    """Every frame that decodes. Damaged packets are skipped, unless nearly all are: then it is no audio."""
    if not container.streams.audio:
        raise PromptError(NOT_AUDIO, "the file holds no audio")
    stream = container.streams.audio[0]
    context = stream.codec_context
    if context.sample_rate not in _RATES_HZ or not 1 <= context.layout.nb_channels <= _MAX_CHANNELS:
        raise PromptError(NOT_AUDIO, "the file's sample rate or number of channels is absurd")
    good = damaged = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            damaged += 1
            continue
        good += bool(frames)
        yield from frames
    if damaged > good:
        raise PromptError(NOT_AUDIO, "the file is damaged: most of it does not decode")


if __name__ == "__main__":
    serve(decode, memory_bytes=_MEMORY_BYTES)
