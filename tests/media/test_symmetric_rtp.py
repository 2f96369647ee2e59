"""Where packets go, and whose packets are taken (RFC 4961)."""

import random

from tests.media.studio import Phone, Studio, hum, notes

from mixminus.media.contract import RtpTimedOut
from mixminus.rtp.packet import RtpPacket

ELSEWHERE = ("198.51.100.9", 5555)
BEHIND_A_NAT = ("192.0.2.1", 61_000)
"""The announced host, and a port that SDP does not name."""
THIRD = ("203.0.113.5", 6666)


def destinations(studio: Studio, ticks: int = 1) -> set[tuple[str, int]]:
    sent = set()
    studio.plane._send = lambda port, destination, packet: sent.add(destination)
    studio.tick(ticks)
    return sent


def test_before_any_packet_came_the_address_of_sdp_is_sent_to(studio: Studio) -> None:
    phone = studio.phone(1)
    assert destinations(studio) == {phone.address}


def speak_from(studio: Studio, phone: Phone, source: tuple[str, int], ticks: int, hz: int = 400) -> None:
    """Go on with the phone's stream from there."""
    for _ in range(ticks):
        phone.send(phone.packet(hum(hz, phone.timestamp)), source=source)
        studio.tick()


def test_then_the_address_that_packets_come_from(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.send(phone.packet(hum(400)), source=BEHIND_A_NAT)
    assert destinations(studio) == {BEHIND_A_NAT}


def test_a_host_that_signalling_comes_from_is_believed_at_once(studio: Studio) -> None:
    phone = studio.phone(1, signalled_from=ELSEWHERE[0])
    phone.send(phone.packet(hum(400)), source=ELSEWHERE)
    assert destinations(studio) == {ELSEWHERE}


def test_another_host_is_believed_when_it_has_gone_on_for_100_ms(studio: Studio) -> None:
    phone = studio.phone(1)
    speak_from(studio, phone, ELSEWHERE, 4)
    assert destinations(studio) == {phone.address}
    assert notes(phone.said()) == set()
    speak_from(studio, phone, ELSEWHERE, 4)
    assert notes(phone.said()) == {400}
    assert destinations(studio) == {ELSEWHERE}


def test_a_burst_proves_nothing_nor_do_single_packets_from_everywhere(studio: Studio) -> None:
    phone = studio.phone(1)
    for _ in range(50):
        phone.send(phone.packet(hum(900)), source=ELSEWHERE)
    for tick in range(20):
        phone.send(phone.packet(hum(900)), source=(f"198.51.100.{tick + 10}", 4000))
        phone.send(phone.packet(hum(900), sequence=31 * tick, ssrc=99), source=THIRD)
        studio.tick()
    assert destinations(studio) == {phone.address}
    assert phone.count("received") == 0
    assert phone.count("stray") == 90


def test_who_speaks_first_is_believed_where_that_is_configured(studio: Studio) -> None:
    phone = studio.phone(1, latch="first")
    phone.send(phone.packet(hum(400)), source=ELSEWHERE)
    assert destinations(studio) == {ELSEWHERE}
    phone.send(phone.packet(hum(400)), source=THIRD)
    assert destinations(studio) == {ELSEWHERE}
    studio.tick(12)
    phone.send(phone.packet(hum(400)), source=THIRD)
    assert destinations(studio) == {THIRD}


def test_garbage_and_rtcp_latch_nothing(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.send(b"hello", source=ELSEWHERE)
    phone.send(b"\x80\xc8" + bytes(26), source=ELSEWHERE)
    assert destinations(studio) == {phone.address}
    assert (phone.count("malformed"), phone.count("control")) == (1, 1)


def test_a_stranger_cannot_take_over_a_living_stream(studio: Studio) -> None:
    phone = studio.phone(1)
    speak_from(studio, phone, ELSEWHERE, 6)
    before = phone.count("stray")
    phone.address = ELSEWHERE
    for _ in range(20):
        phone.say(hum(400, phone.timestamp))
        phone.send(phone.packet(hum(900), sequence=phone.sequence + 5), source=THIRD)
        phone.timestamp -= 160
        phone.sequence -= 1
        studio.tick()
        assert notes(phone.said()) == {400}
    assert destinations(studio) == {ELSEWHERE}
    assert phone.count("stray") == before + 20


def test_after_200_ms_of_silence_its_stream_may_go_on_from_elsewhere(studio: Studio) -> None:
    phone = studio.phone(1)
    speak_from(studio, phone, ELSEWHERE, 6)
    studio.tick(12)
    speak_from(studio, phone, THIRD, 4)
    assert destinations(studio) == {ELSEWHERE}
    speak_from(studio, phone, THIRD, 2)
    assert destinations(studio) == {THIRD}


def test_another_stream_may_not(studio: Studio) -> None:
    """In hours of hold nobody who does not know the stream gets the call."""
    phone = studio.phone(1)
    phone.say(hum(400))
    studio.tick(12)
    thief = Phone(studio, 77, phone.port, THIRD)
    for _ in range(20):
        thief.say(hum(900))
        assert destinations(studio) == {phone.address}
        assert notes(phone.said()) == set()
    assert phone.count("stray") == 20


def test_two_ports_of_the_announced_host_do_not_take_the_call_from_each_other(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.send(phone.packet(hum(400)), source=BEHIND_A_NAT)
    studio.tick()
    neighbour = Phone(studio, 77, phone.port, ("192.0.2.1", 3333))
    for _ in range(5):
        neighbour.say(hum(900))
        phone.send(phone.packet(hum(400)), source=BEHIND_A_NAT)
        assert destinations(studio) == {BEHIND_A_NAT}


def test_an_attacker_who_sprays_ports_is_neither_heard_nor_sent_a_word(studio: Studio) -> None:
    """By ear: two talk, one of them from behind a NAT, one is on hold; another host floods all their ports."""
    caller, agent, held = studio.phone(1, hums=400), studio.phone(2, hums=700), studio.phone(3, hums=500)
    caller.address = ELSEWHERE
    studio.room(1, 1, 2)
    studio.tick(8)
    held.hums = None
    studio.tick(20)
    noise = random.Random(5)
    eavesdroppers = [
        Phone(studio, leg, victim.port, THIRD) for leg, victim in ((71, caller), (72, agent), (73, held))
    ]
    studio.phones.update({eavesdropper.leg: eavesdropper for eavesdropper in eavesdroppers})
    for tick in range(100):
        for victim in (caller, agent, held):
            for n in range(3):
                packet = RtpPacket(0, (3 * tick + n) & 0xFFFF, 480 * tick, noise.choice([1, 2, 3, 77]), b"\x10" * 160)
                victim.send(packet, source=THIRD)
        studio.tick()
        assert notes(caller.said()) == {400}
        assert notes(agent.said()) == {700}
        assert notes(held.said()) == set()
        assert agent.hears() == {400}
    assert not any(eavesdropper.packets for eavesdropper in eavesdroppers)


def test_the_announced_address_may_always_speak(studio: Studio) -> None:
    phone = studio.phone(1)
    speak_from(studio, phone, ELSEWHERE, 6)
    phone.say(hum(400, phone.timestamp))
    assert destinations(studio) == {phone.address}


def test_a_new_address_in_sdp_is_sent_to_at_once(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.say(hum(400))
    studio.tick()
    studio.negotiate(1, remote_host=THIRD[0], remote_port=THIRD[1])
    assert destinations(studio) == {THIRD}


def test_the_same_sdp_again_keeps_the_latch(studio: Studio) -> None:
    phone = studio.phone(1)
    speak_from(studio, phone, ELSEWHERE, 6)
    studio.negotiate(1, sends=True)
    assert destinations(studio) == {ELSEWHERE}


def test_an_address_that_is_none_is_not_sent_to(studio: Studio) -> None:
    studio.phone(1)
    for host in ("pbx.example", "::", "1::2::3", "fe80::1%eth0", "300.1.1.1", "9" * 5000 + ".1.1.1", "0.0.0.0"):
        studio.negotiate(1, remote_host=host)
        assert destinations(studio) == set()


def test_silence_is_reported_once_and_again_after_packets_came_back(studio: Studio) -> None:
    phone = studio.phone(1, rtp_timeout_ms=100)
    studio.tick(4)
    assert studio.events_of(RtpTimedOut) == []
    studio.tick(20)
    assert studio.events_of(RtpTimedOut) == [RtpTimedOut(1)]
    phone.say(hum(400))
    studio.tick(4)
    assert len(studio.events_of(RtpTimedOut)) == 1
    studio.tick(10)
    assert len(studio.events_of(RtpTimedOut)) == 2


def test_a_phone_that_is_not_to_send_does_not_time_out(studio: Studio) -> None:
    studio.phone(1, rtp_timeout_ms=100, receives=False)
    studio.phone(2, rtp_timeout_ms=0)
    studio.tick(20)
    assert studio.events_of(RtpTimedOut) == []
