"""The tables against the recommendation's rules, written out sample by sample."""

import numpy as np
import pytest

from mixminus.audio import g711

EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)
EVERY_OCTET = bytes(range(256))


def naive_ulaw_decode(octet: int) -> int:
    """ITU-T G.711 table 2: sign, three bits of segment, four bits of interval, all inverted."""
    code = 255 - octet
    segment, interval = code // 16 % 8, code % 16
    magnitude = (2 * interval + 33) * (1 << segment) - 33  # in steps of the 14-bit scale
    return (-1 if code >= 128 else 1) * magnitude * 4


def naive_alaw_decode(octet: int) -> int:
    """ITU-T G.711 table 1: even bits inverted, 13-bit scale."""
    code = octet ^ 0b01010101
    segment, interval = code // 16 % 8, code % 16
    magnitude = 2 * interval + 1 if segment == 0 else (2 * interval + 33) * (1 << segment - 1)
    return (1 if code >= 128 else -1) * magnitude * 8


def test_ulaw_decodes_as_the_recommendation_says() -> None:
    assert g711.decode_ulaw(EVERY_OCTET).tolist() == [naive_ulaw_decode(octet) for octet in range(256)]


def test_alaw_decodes_as_the_recommendation_says() -> None:
    assert g711.decode_alaw(EVERY_OCTET).tolist() == [naive_alaw_decode(octet) for octet in range(256)]


def naive_ulaw_encode(sample: int) -> int:
    """Search for the segment, as the first implementations did; decision values of table 2, scaled by 4."""
    magnitude = min(abs(sample), 4 * 8158) + 4 * 33
    segment = 0
    while magnitude >= 4 * 64 * 2**segment:
        segment += 1
    interval = magnitude // (8 * 2**segment) - 16
    return 255 - int((128 if sample < 0 else 0) + 16 * segment + interval)


def naive_alaw_encode(sample: int) -> int:
    """The same for table 1, scaled by 8."""
    magnitude: int = sample if sample >= 0 else -sample - 1
    segment = 0
    while magnitude >= 8 * 32 * 2**segment:
        segment += 1
    interval = magnitude // 16 if segment == 0 else magnitude // (8 * 2**segment) - 16
    return ((128 if sample >= 0 else 0) + 16 * segment + interval) ^ 0b01010101


def test_ulaw_encodes_every_sample_as_the_recommendation_says() -> None:
    assert g711.encode_ulaw(EVERY_SAMPLE) == bytes(naive_ulaw_encode(x) for x in range(-32768, 32768))


def test_alaw_encodes_every_sample_as_the_recommendation_says() -> None:
    assert g711.encode_alaw(EVERY_SAMPLE) == bytes(naive_alaw_encode(x) for x in range(-32768, 32768))


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_coding_again_changes_no_sample(law: str) -> None:
    encode, decode = (getattr(g711, f"{verb}_{law}") for verb in ("encode", "decode"))
    once = decode(encode(EVERY_SAMPLE))
    assert np.array_equal(decode(encode(once)), once)


def test_silence_is_what_the_wire_calls_silence() -> None:
    assert g711.encode_ulaw(np.zeros(3, np.int16)) == b"\xff\xff\xff"
    assert g711.encode_alaw(np.zeros(3, np.int16)) == b"\xd5\xd5\xd5"


def test_no_code_decodes_to_the_mark_of_a_hole() -> None:
    assert -32768 not in g711.ULAW_DECODING
    assert -32768 not in g711.ALAW_DECODING
