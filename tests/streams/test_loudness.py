"""What of an agent's audio is speech."""

import numpy as np
import pytest

from mixminus.audio import g711
from mixminus.streams.loudness import QUIET, loud_octets
from mixminus.streams.messages import MULAW, MediaFormat

L16 = MediaFormat("audio/x-l16", 8000, 1)


def test_mulaw_is_loud_where_its_samples_are() -> None:
    for octet in range(256):
        is_loud = abs(int(g711.ULAW_DECODING[octet])) >= QUIET
        assert loud_octets(bytes([0xFF, octet, 0xFF]), MULAW) == (2 if is_loud else 0)


@pytest.mark.parametrize(("samples", "loud"), [([0, 255, -255], 0), ([0, -256, 3], 4), ([9000], 2), ([], 0)])
def test_so_is_linear_audio(samples: list[int], loud: int) -> None:
    assert loud_octets(np.array(samples, "<i2").tobytes(), L16) == loud
    assert loud_octets(np.array(samples, "<i2").tobytes() + b"\x01", L16) == loud


def test_other_formats_are_speech() -> None:
    assert loud_octets(bytes(80), MediaFormat("audio/opus", 48000, 1)) == 80
