"""The ear lays packets on the clock: by timestamp within a stream, by arrival when a stream begins."""

import numpy as np
import pytest

from mixminus.testing.ear import Ear
from mixminus.testing.g711 import PCMU, Samples
from mixminus.testing.rtp import Packet


def packet(number: int, value: int, *, ssrc: int = 7, marker: bool = False, first_timestamp: int = 0) -> Packet:
    payload = PCMU.encode(np.full(160, value, np.int16))
    timestamp = (first_timestamp + 160 * number) & 0xFFFF_FFFF
    return Packet(0, number, timestamp, ssrc, payload, marker)


def frames(samples: Samples) -> list[int]:
    """The first sample of every frame, rounded to thousands."""
    return [round(int(frame[0]), -3) for frame in samples.reshape(-1, 160)]


def test_packets_out_of_order_fall_into_place() -> None:
    ear = Ear()
    for number in (0, 2, 1, 3):
        ear.hear(packet(number, 1000 * (number + 1)), PCMU, 10.0 + 0.02 * number)
    assert frames(ear.heard) == [1000, 2000, 3000, 4000]
    assert ear.begins_at == 10.0


def test_a_lost_packet_leaves_silence() -> None:
    ear = Ear()
    for number in (0, 1, 3):
        ear.hear(packet(number, 1000), PCMU, 0.02 * number)
    assert frames(ear.heard) == [1000, 1000, 0, 1000]


def test_timestamps_may_wrap() -> None:
    ear = Ear()
    for number in range(3):
        ear.hear(packet(number, 1000, first_timestamp=0xFFFF_FFFF - 200), PCMU, 0.02 * number)
    assert frames(ear.heard) == [1000, 1000, 1000]


def test_a_new_ssrc_begins_where_it_arrives() -> None:
    ear = Ear()
    ear.hear(packet(0, 1000), PCMU, 0.0)
    ear.hear(packet(900, 2000, ssrc=8), PCMU, 0.04)
    assert frames(ear.heard) == [1000, 0, 2000]


def test_timestamps_that_stood_still_in_a_pause_are_not_believed() -> None:
    ear = Ear()
    ear.hear(packet(0, 1000), PCMU, 0.0)
    ear.hear(packet(1, 2000, marker=True), PCMU, 0.08)
    ear.hear(packet(2, 3000), PCMU, 0.10)
    assert frames(ear.heard) == [1000, 0, 0, 0, 2000, 3000]


def test_a_burst_after_a_stall_is_laid_out_by_its_timestamps() -> None:
    ear = Ear()
    ear.hear(packet(0, 1000), PCMU, 0.0)
    for number in (1, 2, 3, 4):
        ear.hear(packet(number, 1000 * number), PCMU, 0.08)
    assert frames(ear.heard) == [1000, 1000, 2000, 3000, 4000]


def test_a_piece_of_the_past_has_the_length_that_was_asked_for() -> None:
    ear = Ear()
    assert not ear.between(0.0, 1.0).any()
    for number in range(5):
        ear.hear(packet(number, 1000), PCMU, 10.0 + 0.02 * number)
    piece = ear.between(9.98, 10.14)
    assert frames(piece) == [0, 1000, 1000, 1000, 1000, 1000, 0, 0]
    assert len(ear.between(12.0, 11.0)) == 0


def test_hearing_goes_on_after_it_was_looked_at() -> None:
    ear = Ear()
    for number in range(100):
        ear.hear(packet(number, 1000), PCMU, 0.02 * number)
        assert len(ear.heard) == 160 * (number + 1)


@pytest.mark.parametrize("first", [0.0, 1234.567])
def test_first_and_last_are_told_on_the_clock(first: float) -> None:
    ear = Ear()
    wave = (3000 * np.sin(2 * np.pi * 521 * np.arange(160 * 50) / 8000)).astype(np.int16).reshape(-1, 160)
    wave[:10] = 0
    wave[30:] = 0
    for number, frame in enumerate(wave):
        ear.hear(Packet(0, number, 160 * number, 7, PCMU.encode(frame)), PCMU, first + 0.02 * number)
    assert ear.first_heard(521) == pytest.approx(first + 0.2)
    assert ear.last_heard(521) == pytest.approx(first + 0.6)
    assert ear.first_heard(641) is None
    assert ear.last_heard(641) is None
