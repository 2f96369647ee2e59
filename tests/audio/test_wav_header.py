import io
import wave

import pytest

from mixminus.audio.wav import HEADER_BYTES, wav_header


@pytest.mark.parametrize(("channels", "frames"), [(1, 0), (1, 160), (2, 8000)])
def test_another_reader_reads_the_header(channels: int, frames: int) -> None:
    data = bytes(2 * channels * frames)
    header = wav_header(len(data), channels, rate_hz=8000)
    assert len(header) == HEADER_BYTES
    with wave.open(io.BytesIO(header + data)) as read:
        assert read.getparams()[:4] == (channels, 2, 8000, frames)
        assert read.readframes(frames) == data
