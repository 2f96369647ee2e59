"""Sound files are 8 kHz mono 16 bits, or refused with what to do about it."""

import wave
from pathlib import Path

import numpy as np
import pytest

from mixminus.testing.clips import load_clip, save_clip
from mixminus.testing.errors import ClipError


def test_a_clip_survives_the_disk(tmp_path: Path) -> None:
    samples = np.array([0, 1, -1, 32767, -32768], np.int16)
    save_clip(tmp_path / "clip.wav", samples)
    assert load_clip(tmp_path / "clip.wav").tolist() == samples.tolist()


def test_another_rate_is_refused_with_the_way_to_convert_it(tmp_path: Path) -> None:
    path = tmp_path / "cd.wav"
    with wave.open(str(path), "wb") as clip:
        clip.setnchannels(2)
        clip.setsampwidth(2)
        clip.setframerate(44_100)
        clip.writeframes(bytes(16))
    with pytest.raises(ClipError, match=r"44100 Hz, 2 channel\(s\), 16 bits.*sox"):
        load_clip(path)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\x04\x00\x00\x00WAVE", b"no sound at all" * 10])
def test_what_is_no_wav_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(ClipError, match="cannot be read"):
        load_clip(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=r"missing\.wav"):
        load_clip(tmp_path / "missing.wav")
