"""Whatever arrives, it harms no leg but the one it was sent to (law 7)."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.media.studio import Studio

from mixminus.rtp.packet import RtpPacket, RtpParseError

nearly_rtp = st.builds(
    lambda head, rest: bytes(head) + rest,
    st.tuples(st.sampled_from([0x80, 0x8F, 0x90, 0xA0, 0xB3, 0x40]), st.sampled_from([0, 8, 13, 101, 128, 200])),
    st.binary(min_size=8, max_size=60),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=60) | nearly_rtp, max_size=40))
@example([b"\x80\x00" + b"\xff" * 2500])
@example([b"\x80\x00" + bytes([0, n]) + n.to_bytes(4) + bytes(4) + bytes(1488) for n in range(40)])
def test_hostile_bytes_never_reach_another_leg(datagrams: list[bytes]) -> None:
    studio = Studio()
    victim, speaker, listener = studio.phone(1), studio.phone(2, hums=400), studio.phone(3)
    studio.room(1, 2, 3)
    for datagram in datagrams:
        victim.send(datagram)
        studio.tick()
        assert listener.hears() == {400}
    assert not speaker.audio.any()
    assert speaker.count("received") == len(datagrams)
    seen = sum(victim.count(c) for c in ("received", "malformed", "unwanted", "stray", "duplicate", "control"))
    assert seen >= len(datagrams)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | nearly_rtp)
def test_the_kernel_and_the_value_agree_on_what_is_rtp(datagram: bytes) -> None:
    studio = Studio()
    phone = studio.phone(1)
    phone.send(datagram)
    studio.tick()
    try:
        packet = RtpPacket.parse(datagram)
    except RtpParseError:
        assert phone.count("received") == 0
    else:
        known = packet.payload_type in (0, 8, 13, 101)
        assert phone.count("received") == known
        assert phone.count("unwanted") == (not known)


def test_a_datagram_longer_than_a_packet_is_malformed(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.send(bytes(phone.packet(np.zeros(160, np.int16))) + bytes(1400))
    studio.tick()
    assert phone.count("malformed") == 1


def test_a_flood_is_counted_and_stays_in_bounds(studio: Studio) -> None:
    phone = studio.phone(1)
    for _ in range(1000):
        phone.send(b"\x80")
    studio.tick()
    assert phone.count("malformed") + studio.engine.inbox_overflows == 1000


def test_packets_before_sdp_are_dropped(studio: Studio) -> None:
    from mixminus.media.contract import LegOpened, OpenLeg

    studio.apply(OpenLeg(1))
    studio.plane.deliver()
    opened = studio.events[0]
    assert isinstance(opened, LegOpened)
    studio.plane.receive(opened.port, bytes(RtpPacket(0, 1, 1, 1, bytes(160))), ("192.0.2.9", 9))
    studio.plane.receive(opened.port + 2, b"nobody", ("192.0.2.9", 9))
    studio.tick()
    statistics = studio.engine.legs.statistics(1)
    assert statistics is not None
    assert statistics.received == 0
