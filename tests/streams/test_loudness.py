"""What of an agent's audio is speech."""

import numpy as np
import pytest

from mixminus.audio import g711
from mixminus.base.stream_formats import LINEAR, MULAW, OPUS
from mixminus.streams.loudness import QUIET, loud_octets


def test_mulaw_is_loud_where_its_samples_are() -> None:
    for octet in range(256):
        is_loud = abs(int(g711.ULAW_DECODING[octet])) >= QUIET
        assert loud_octets(bytes([0xFF, octet, 0xFF]), MULAW) == (2 if is_loud else 0)


@pytest.mark.parametrize(("samples", "loud"), [([0, 255, -255], 0), ([0, -256, 3], 4), ([9000], 2), ([], 0)])
def test_so_is_linear_audio(samples: list[int], loud: int) -> None:
    assert loud_octets(np.array(samples, "<i2").tobytes(), LINEAR) == loud
    assert loud_octets(np.array(samples, "<i2").tobytes() + b"\x01", LINEAR) == loud


def test_an_opus_packet_is_speech_unless_it_says_nothing() -> None:
    assert [loud_octets(bytes(size), OPUS) for size in (0, 1, 2, 3, 80)] == [0, 0, 0, 3, 80]
