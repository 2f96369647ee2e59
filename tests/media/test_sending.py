"""The RTP sender."""

import numpy as np
import pytest
from tests.media.studio import FRAME, Studio

from mixminus.audio import g711


def test_rfc3550_5_1_every_tick_one_packet_whose_numbers_go_on(studio: Studio) -> None:
    phone = studio.phone(1)
    studio.tick(5)
    first = phone.packets[0]
    assert [p.sequence for p in phone.packets] == [(first.sequence + n) % 2**16 for n in range(5)]
    assert [p.timestamp for p in phone.packets] == [(first.timestamp + 160 * n) % 2**32 for n in range(5)]
    assert {p.ssrc for p in phone.packets} == {first.ssrc}
    assert [p.marker for p in phone.packets] == [True, False, False, False, False]


@pytest.mark.parametrize(("codec", "payload_type", "silence"), [("PCMU", 0, b"\xff"), ("PCMA", 8, b"\xd5")])
def test_who_hears_nothing_is_sent_silence(studio: Studio, codec: str, payload_type: int, silence: bytes) -> None:
    phone = studio.phone(1, codec=codec)
    studio.tick()
    assert phone.packets[0].payload_type == payload_type
    assert phone.packets[0].payload == silence * FRAME


def test_numbers_wrap(studio: Studio) -> None:
    phone = studio.phone(1)
    row = studio.engine.legs.slots.row(1)
    studio.engine.legs.transmission.sequence[row] = 65535
    studio.engine.legs.transmission.timestamp[row] = 2**32 - 160
    studio.tick(2)
    assert [(p.sequence, p.timestamp) for p in phone.packets] == [(65535, 2**32 - 160), (0, 0)]


def test_a_pause_keeps_the_clock_and_the_next_packet_begins_a_talkspurt(studio: Studio) -> None:
    phone = studio.phone(1)
    studio.tick(2)
    studio.negotiate(1, sends=False)
    studio.tick(10)
    assert len(phone.packets) == 2
    studio.negotiate(1, sends=True)
    studio.tick(2)
    before, after, last = phone.packets[1:]
    assert after.sequence == (before.sequence + 1) % 2**16
    assert after.timestamp == (before.timestamp + 11 * 160) % 2**32
    assert (after.marker, last.marker) == (True, False)


def test_two_legs_begin_at_different_random_numbers(studio: Studio) -> None:
    one, other = studio.phone(1), studio.phone(2)
    studio.tick()
    assert one.packets[0].ssrc != other.packets[0].ssrc
    assert one.packets[0].timestamp != other.packets[0].timestamp


def test_what_is_sent_is_coded_as_the_tables_say(studio: Studio) -> None:
    speaker, listener = studio.phone(1), studio.phone(2, codec="PCMA")
    studio.room(1, 1, 2)
    samples = np.linspace(-32000, 32000, FRAME).astype(np.int16)
    speaker.say(samples)
    studio.tick()
    want = g711.encode_alaw(g711.decode_ulaw(g711.encode_ulaw(samples)))
    assert listener.packets[0].payload == want
