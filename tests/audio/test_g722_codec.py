"""G.722 against FFmpeg's, bit by bit, both ways."""

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from mixminus.audio import g722

RATE_HZ = 16_000
Samples = NDArray[np.int16]


def tones() -> Samples:
    time = np.arange(RATE_HZ) / RATE_HZ
    return np.asarray(6000 * np.sin(2 * np.pi * 6000 * time) + 9000 * np.sin(2 * np.pi * 440 * time), np.int16)


def noise(peak: int) -> Samples:
    return np.random.default_rng(7).integers(-peak, peak, RATE_HZ).astype(np.int16)


def square() -> Samples:
    return np.where(np.arange(RATE_HZ) // 40 % 2, 32767, -32768).astype(np.int16)


SOUNDS = pytest.mark.parametrize(
    "sound", [tones(), noise(300), noise(32767), square()], ids=["t", "quiet", "loud", "sq"]
)


def foreign_encoding(sound: Samples) -> bytes:
    encoder = av.CodecContext.create("g722", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE_HZ, "mono", "s16"
    coded = b""
    for at in range(0, len(sound), 320):
        frame = av.AudioFrame.from_ndarray(sound[None, at : at + 320], format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        coded += b"".join(bytes(packet) for packet in encoder.encode(frame))
    return coded + b"".join(bytes(packet) for packet in encoder.encode(None))


def foreign_decoding(coded: bytes) -> Samples:
    decoder = av.CodecContext.create("g722", "r")
    decoder.sample_rate, decoder.layout = RATE_HZ, "mono"
    packets = (av.Packet(coded[at : at + 160]) for at in range(0, len(coded), 160))
    return np.concatenate([frame.to_ndarray().reshape(-1) for packet in packets for frame in decoder.decode(packet)])


def encoding(sound: Samples) -> NDArray[np.uint8]:
    coded = np.zeros(len(sound) // 2, np.uint8)
    g722.encode(g722.new_state(), sound, coded)
    return coded


def decoding(coded: bytes) -> Samples:
    sound = np.zeros(2 * len(coded), np.int16)
    g722.decode(g722.new_state(), np.frombuffer(coded, np.uint8), sound)
    return sound


@SOUNDS
def test_we_encode_as_ffmpeg_does(sound: Samples) -> None:
    assert encoding(sound).tobytes() == foreign_encoding(sound)


@SOUNDS
def test_we_decode_as_ffmpeg_does(sound: Samples) -> None:
    coded = foreign_encoding(sound)
    assert np.array_equal(decoding(coded), foreign_decoding(coded))


def test_any_octets_are_decoded_as_ffmpeg_does() -> None:
    coded = np.random.default_rng(8).integers(0, 256, 8000).astype(np.uint8).tobytes()
    assert np.array_equal(decoding(coded), foreign_decoding(coded))


def test_a_frame_at_a_time_is_the_same_as_all_at_once() -> None:
    sound, state = noise(8000), g722.new_state()
    pieces = np.zeros(len(sound) // 2, np.uint8)
    for at in range(0, len(pieces), 160):
        g722.encode(state, sound[2 * at : 2 * at + 320], pieces[at : at + 160])
    assert np.array_equal(pieces, encoding(sound))


def test_what_was_coded_is_heard_22_samples_later_and_clear() -> None:
    """The two filter banks delay by 22 samples; 64 kbit/s are good for more than 20 dB in a tone."""
    time = np.arange(RATE_HZ) / RATE_HZ
    sound = np.asarray(8000 * np.sin(2 * np.pi * 1000 * time), np.int16)
    heard = decoding(encoding(sound).tobytes())
    error = heard[4022:12_022].astype(float) - sound[4000:12_000]
    assert 10 * np.log10(np.mean(sound.astype(float) ** 2) / np.mean(error**2)) > 20
