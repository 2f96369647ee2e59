"""Who may not speak says as much now and then, so that NATs on the way keep the far end's binding (RFC 6263)."""

from itertools import pairwise

import pytest
from tests.media.sealed_phone import SealedPhone, keys
from tests.media.studio import Studio, hum

MINUTE = 3000
"""In ticks."""


@pytest.mark.parametrize("codec", ["PCMU", "G722"])
def test_in_four_hours_of_hold_no_20_s_pass_without_a_packet(studio: Studio, codec: str) -> None:
    """Four minutes of them; the rest is alike."""
    phone = studio.phone(1, codec=codec, sends=False)
    at: list[int] = []
    for tick in range(4 * MINUTE):
        studio.tick()
        at += [tick] * len(phone.packets)
        for packet in phone.packets:
            assert packet.payload == b""
            assert packet.payload_type in (0, 9)
        phone.packets.clear()
    assert len(at) == 4 * 60 // 15
    assert max(later - one for one, later in pairwise(at)) <= 20 * 50


def test_its_packets_are_of_the_stream_that_goes_on_later(studio: Studio) -> None:
    phone = studio.phone(1, sends=False)
    studio.tick(1600)
    studio.negotiate(1)
    studio.tick(3)
    sequences = [packet.sequence for packet in phone.packets]
    assert [(b - a) & 0xFFFF for a, b in pairwise(sequences)] == [1] * 4
    assert [len(packet.payload) for packet in phone.packets] == [0, 0, 160, 160, 160]
    assert len({packet.ssrc for packet in phone.packets}) == 1


def test_a_secured_leg_seals_its_own(studio: Studio) -> None:
    sealed = SealedPhone(studio, 1, keys(), sends=False)
    studio.tick(1600)
    assert [packet.payload for packet in sealed.take_opened()] == [b"", b""]


def test_a_far_ends_own_are_neither_heard_nor_malformed(studio: Studio) -> None:
    phone = studio.phone(1, codec="opus", payload_type=111)
    for number in range(10):
        phone.send(bytes(phone.packet(hum(400)[:0], payload_type=(0, 111)[number % 2])))
        studio.tick()
    assert phone.count("malformed") == 0
    assert phone.count("received") == 10
