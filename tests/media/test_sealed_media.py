"""Secured legs (RFC 3711, RFC 7714): what is heard, what is dropped and counted, and how keys change."""

import random
from itertools import pairwise

import numpy as np
import pytest
from pylibsrtp import Error
from tests.media.sealed_phone import PROFILES, SealedPhone, keys
from tests.media.studio import Studio, hum, notes

from mixminus.audio import g711
from mixminus.media.contract import AskStatistics, CloseLeg, SendDigits, SetLegMedia, Statistics
from mixminus.media.srtp_library import SrtpError, srtp_library
from mixminus.media.srtp_terms import DtlsTerms, SrtpKeys
from mixminus.rtp.packet import RtpPacket
from mixminus.rtp.rtcp import Report, ReportBlock, compound

LEG, OTHER = 1, 2


def pair(profile: str = "AES_CM_128_HMAC_SHA1_80", **media: object) -> tuple[Studio, SealedPhone]:
    """A secured phone in a room with a plain one."""
    studio = Studio()
    sealed = SealedPhone(studio, LEG, keys(profile), **media)
    studio.phone(OTHER)
    studio.room(1, LEG, OTHER)
    return studio, sealed


def talk(studio: Studio, sealed: SealedPhone, ticks: int = 10, hz: int = 400) -> None:
    """Both hum: the secured one at *hz*, the plain one at 700."""
    studio.phones[OTHER].hums = 700
    for _ in range(ticks):
        sealed.say(hum(hz, sealed.phone.timestamp))
        studio.tick()


def heard_by(sealed: SealedPhone) -> set[int]:
    """Of the last frame that came."""
    return notes(g711.decode_ulaw(sealed.take_opened()[-1].payload))


@pytest.mark.parametrize("profile", PROFILES)
def test_both_hear_each_other_by_every_profile(profile: str) -> None:
    studio, sealed = pair(profile)
    talk(studio, sealed)
    assert studio.phones[OTHER].hears() == {400}
    assert heard_by(sealed) == {700}


def test_what_departs_is_longer_by_its_tag_and_unlike_what_was_said() -> None:
    studio, sealed = pair("AEAD_AES_256_GCM")
    talk(studio, sealed)
    sent = sealed.phone.packets[-1]
    assert len(bytes(sent)) == 172 + 16
    assert sent.payload[:160] != sealed.take_opened()[-1].payload


def test_plain_packets_at_a_secured_leg_are_dropped_and_counted() -> None:
    studio, sealed = pair()
    sealed.phone.hums = 400
    studio.tick(5)
    assert studio.phones[OTHER].hears() == set()
    assert sealed.phone.count("forged") == 5
    assert sealed.phone.count("received") == 0


def test_sealed_packets_at_a_plain_leg_are_noise_of_no_use_and_say_nothing_to_the_far_end_in_return() -> None:
    studio, sealed = pair()
    talk(studio, sealed)
    studio.apply(SetLegMedia(LEG, *sealed.phone.address, "PCMU", 101, sends=True, receives=True))
    sealed.phone.packets.clear()
    studio.tick(3)
    with pytest.raises(Error):
        sealed.take_opened()


@pytest.mark.parametrize("profile", PROFILES)
def test_a_packet_that_was_changed_on_the_way_is_not_heard(profile: str) -> None:
    studio, sealed = pair(profile)
    for n in range(8):
        packet = bytearray(sealed.sealed(hum(400, sealed.phone.timestamp)))
        packet[-1 - 20 * n] ^= 1
        sealed.phone.send(bytes(packet))
        studio.tick()
    assert sealed.phone.count("forged") == 8
    assert sealed.phone.count("received") == 0


def test_a_packet_that_comes_again_is_counted_as_replayed() -> None:
    studio, sealed = pair()
    packet = sealed.sealed(hum(400))
    for _ in range(3):
        sealed.phone.send(packet)
        studio.tick()
    assert (sealed.phone.count("received"), sealed.phone.count("replayed")) == (1, 2)


def test_packets_out_of_order_are_all_heard() -> None:
    studio, sealed = pair()
    packets = [sealed.sealed(hum(400, 160 * n)) for n in range(12)]
    for first, second in zip(packets[::2], packets[1::2], strict=True):
        sealed.phone.send(second)
        sealed.phone.send(first)
        studio.tick(2)
    assert sealed.phone.count("received") == 12
    assert sealed.phone.count("replayed") == 0


def test_a_stranger_without_the_key_moves_nothing_and_one_with_it_is_followed() -> None:
    studio, sealed = pair()
    talk(studio, sealed)
    there = len(sealed.phone.packets)
    for _ in range(5):
        sealed.phone.send(bytes(sealed.phone.packet(hum(900))), ("198.51.100.9", 4000))
        studio.tick()
    assert len(sealed.phone.packets) == there + 5, "the phone went on being heard"
    sealed.phone.address = ("203.0.113.5", 9)
    sealed.phone.packets.clear()
    talk(studio, sealed, 3)
    assert len(sealed.phone.packets) == 3


def test_our_rollover_counter_goes_on_over_the_wrap_of_sequence_numbers_and_over_new_keys() -> None:
    studio, sealed = pair()
    row = studio.engine.legs.slots.row(LEG)
    assert row is not None
    talk(studio, sealed, 1)
    for passed in (30_000, 60_000, 65_530):  # in strides that a receiver can follow
        studio.engine.legs.transmission.sequence[row] = passed
        talk(studio, sealed, 1)
        sealed.take_opened()
    talk(studio, sealed, 10)
    opened = sealed.take_opened()
    assert [b - a for a, b in pairwise(p.sequence for p in opened)].count(-65_535) == 1
    studio.negotiate(LEG, srtp=keys(seed=2))
    held = studio.engine.sealing._held[row]
    ssrc = int(studio.engine.legs.transmission.ssrc[row])
    talk(studio, sealed, 1)
    assert held.sender.rollovers(ssrc) == 1


def test_the_same_offer_again_disturbs_nothing() -> None:
    studio, sealed = pair()
    talk(studio, sealed)
    studio.negotiate(LEG, srtp=keys())
    talk(studio, sealed)
    assert studio.phones[OTHER].hears() == {400}
    assert heard_by(sealed) == {700}
    assert sealed.phone.count("forged") == sealed.phone.count("replayed") == 0


@pytest.mark.parametrize("profile", ["AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"])
def test_the_old_key_is_good_until_the_new_one_was_used(profile: str) -> None:
    studio, sealed = pair(profile)
    talk(studio, sealed)
    old = sealed.seals
    studio.negotiate(LEG, srtp=keys(profile, seed=2))
    talk(studio, sealed, 5)
    assert studio.phones[OTHER].hears() == {400}, "the far end has not read our answer yet"
    sealed.phone.packets.clear()
    sealed.take(keys(profile, seed=2))
    talk(studio, sealed, 5)
    assert heard_by(sealed) == {700}
    assert sealed.phone.count("forged") == 0
    sealed.seals = old
    talk(studio, sealed, 3)
    assert sealed.phone.count("forged") == 3


@pytest.mark.parametrize("profile", ["AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"])
@pytest.mark.parametrize("counts_on", [True, False])
def test_a_far_end_may_count_its_rollovers_on_or_begin_anew_with_a_new_key(profile: str, counts_on: bool) -> None:
    """It is to count on (RFC 3711 section 3.3.1). Some do not, and are in their second round after 22 minutes."""
    studio, sealed = pair(profile)
    sealed.phone.sequence = 65_530
    talk(studio, sealed, 20)
    studio.negotiate(LEG, srtp=keys(profile, seed=2))
    talk(studio, sealed, 5)
    sealed.phone.packets.clear()
    sealed.take(keys(profile, seed=2))
    if counts_on:
        for sequence in (65_534, 65_535, 0):
            sealed.seals.protect(bytes(RtpPacket(0, sequence, 0, sealed.phone.ssrc, bytes(160))))
    talk(studio, sealed, 60)
    assert studio.phones[OTHER].hears() == {400}
    assert sealed.phone.count("forged") == sealed.phone.count("replayed") == 0
    assert heard_by(sealed) == {700}
    studio.tick(501)
    talk(studio, sealed, 20)
    assert studio.phones[OTHER].hears() == {400}
    studio.negotiate(LEG, srtp=keys(profile, seed=3))
    studio.apply(CloseLeg(LEG))


def test_keys_that_change_again_and_again_close_what_they_opened() -> None:
    studio, sealed = pair()
    sealed.phone.sequence = 65_530
    talk(studio, sealed, 20)
    for seed in range(2, 40):
        studio.negotiate(LEG, srtp=keys(seed=seed))
        studio.tick(seed % 3)
        studio.negotiate(LEG, srtp=keys("AES_CM_128_HMAC_SHA1_32", seed=seed))
    sealed.take(keys("AES_CM_128_HMAC_SHA1_32", seed=39))
    talk(studio, sealed, 12)
    assert studio.phones[OTHER].hears() == {400}


def test_the_old_key_is_good_for_ten_seconds_at_most() -> None:
    studio, sealed = pair()
    talk(studio, sealed)
    studio.negotiate(LEG, srtp=keys(seed=2))
    studio.tick(501)
    talk(studio, sealed, 3)
    assert sealed.phone.count("forged") == 3


def test_a_leg_whose_keys_are_to_come_neither_speaks_nor_listens() -> None:
    studio = Studio()
    phone = studio.phone(LEG, dtls=DtlsTerms(False, "sha-256", bytes(32)), hums=400)
    studio.phone(OTHER, hums=700)
    studio.room(1, LEG, OTHER)
    studio.tick(5)
    assert not phone.packets
    assert studio.phones[OTHER].hears() == set()
    agreed = keys("AEAD_AES_128_GCM")
    studio.engine.secure(LEG, agreed)
    phone.hums = None
    sealed = SealedPhone.__new__(SealedPhone)
    sealed.studio, sealed.phone = studio, phone
    sealed.take(agreed)
    talk(studio, sealed)
    assert studio.phones[OTHER].hears() == {400}
    assert heard_by(sealed) == {700}
    # Hold and resume: SDP is obeyed again, the keys stay.
    studio.negotiate(LEG, dtls=DtlsTerms(False, "sha-256", bytes(32)), sends=False)
    studio.tick(3)
    assert not sealed.take_opened()
    studio.negotiate(LEG, dtls=DtlsTerms(False, "sha-256", bytes(32)))
    talk(studio, sealed, 3)
    assert heard_by(sealed) == {700}


@pytest.mark.parametrize(
    "broken", [SrtpKeys("AES_CM_128_HMAC_SHA1_80", b"short", b"short"), SrtpKeys("NULL_HMAC_SHA1_80", b"", b"")]
)
def test_keys_that_are_none_lock_the_leg(broken: SrtpKeys) -> None:
    studio = Studio()
    phone = studio.phone(LEG, srtp=broken, hums=400)
    studio.tick(5)
    assert not phone.packets
    assert phone.count("received") == 0


def test_a_row_that_is_used_again_is_plain() -> None:
    studio, _ = pair()
    studio.apply(CloseLeg(LEG))
    assert studio.engine.sealing.is_idle
    phone = studio.phone(3, hums=500)
    studio.tick(3)
    assert phone.count("received") == 3
    assert [len(packet.payload) for packet in phone.packets] == [160] * 3


def test_rtcp_of_a_secured_leg_is_sealed_and_opened() -> None:
    studio, sealed = pair(rtcp_mux=True)
    raw: list[bytes] = []
    port = sealed.phone.port
    studio.plane._send = lambda at, to, data: raw.append(data) if at == port and 200 <= data[1] <= 204 else None
    talk(studio, sealed, 400)
    assert raw, "a report was due within 8 s"
    assert sealed.opens.unprotect_rtcp(raw[-1])[1] in (200, 201)
    told = sealed.seals.protect_rtcp(_report(studio))
    sealed.phone.send(told)
    studio.tick(2)
    assert studio.engine.reports.told(LEG).told.lost == 7  # type: ignore[union-attr]
    plain = SealedPhone(studio, 5, keys(seed=3)).phone
    plain.send(_report(studio, 5))
    studio.tick(2)
    assert studio.engine.reports.told(5).told is None  # type: ignore[union-attr]
    assert plain.count("forged") == 1


def test_rtcp_on_a_port_of_its_own_is_sealed_and_opened() -> None:
    studio, sealed = pair()
    studio.plane.receive(sealed.phone.port + 1, _report(studio), sealed.phone.address)
    assert studio.engine.reports.told(LEG).told is None  # type: ignore[union-attr]
    studio.plane.receive(sealed.phone.port + 1, sealed.seals.protect_rtcp(_report(studio)), sealed.phone.address)
    assert studio.engine.reports.told(LEG).told.lost == 7  # type: ignore[union-attr]


def _report(studio: Studio, leg: int = LEG) -> bytes:
    """A far end's: it has lost seven packets."""
    ours = int(studio.engine.legs.transmission.ssrc[studio.engine.legs.slots.row(leg)])
    return compound(Report(leg, None, (ReportBlock(ours, 0, 7, 0, 0, 0, 0),)), "far")


@pytest.mark.parametrize("profile", PROFILES)
def test_no_bytes_whatever_get_in_or_do_harm(profile: str) -> None:
    studio, sealed = pair(profile)
    talk(studio, sealed, 3)
    noise = random.Random(profile)
    before = sealed.phone.count("received")
    for n in range(600):
        packet = bytearray(
            noise.randbytes(noise.choice([0, 1, 2, 3, 8, 11, 12, 13, 20, 22, 23, 28, 40, 188, 1500, 1600]))
        )
        if len(packet) > 1 and n % 2:
            packet[0], packet[1] = noise.choice([0x80, 0x90, 0xA0, 0xB0, 0x8F]), noise.choice([0, 8, 101, 200, 201])
        sealed.phone.send(bytes(packet))
        if n % 8 == 7:
            studio.tick()
    assert sealed.phone.count("received") == before
    talk(studio, sealed, 5)
    assert studio.phones[OTHER].hears() == {400}


def test_statistics_tell_of_forgeries() -> None:
    studio, sealed = pair()
    sealed.phone.hums = 400
    studio.tick(5)
    studio.apply(AskStatistics(1, (LEG,)))
    studio.tick()
    (told,) = studio.events_of(Statistics)
    assert isinstance(told, Statistics)
    assert told.legs[0].forged == 5
    assert told.worker.forged == 5


def test_legs_of_one_room_keep_their_own_seals_when_they_share_a_packet() -> None:
    """Who hears the room's bus and nothing else gets a copy of one payload; the seals are put on the copies."""
    studio = Studio()
    listeners = [SealedPhone(studio, leg, keys(seed=leg)) for leg in (1, 2, 3)]
    studio.phone(4, hums=600)
    plain = studio.phone(5)
    studio.room(1, 1, 2, 3, 4, 5)
    studio.tick(10)
    for sealed in listeners:
        assert heard_by(sealed) == {600}
    assert plain.hears() == {600}


def test_rows_beyond_the_first_ones_are_guarded_too() -> None:
    studio = Studio()
    for leg in range(10, 90):
        studio.phone(leg)
    sealed = SealedPhone(studio, LEG, keys())
    studio.phone(OTHER)
    studio.room(1, LEG, OTHER)
    talk(studio, sealed)
    assert studio.phones[OTHER].hears() == {400}


def test_a_session_refuses_a_key_of_another_length() -> None:
    library = srtp_library()
    assert library is not None
    with pytest.raises(SrtpError):
        library.sender("AEAD_AES_256_GCM", bytes(30), 1)


def test_a_report_that_cannot_be_sealed_is_not_sent() -> None:
    studio = Studio()
    studio.phone(LEG, dtls=DtlsTerms(False, "sha-256", bytes(32)), rtcp_mux=True)
    sent: list[bytes] = []
    studio.plane._send = lambda port, to, data: sent.append(data)
    studio.tick(400)
    assert not sent


def test_packets_of_telephone_events_are_sealed() -> None:
    studio, sealed = pair()
    talk(studio, sealed, 3)
    studio.apply(SendDigits(LEG, "5"))
    talk(studio, sealed, 20)
    events = [packet for packet in sealed.take_opened() if packet.payload_type == 101]
    assert events
    assert {packet.payload[0] for packet in events} == {5}
    assert np.unique([len(packet.payload) for packet in events]).tolist() == [4]
    assert isinstance(events[0], RtpPacket)
