"""Where packets go, and whose packets are taken (RFC 4961)."""

from tests.media.studio import Studio, hum, notes

from mixminus.media.contract import RtpTimedOut

ELSEWHERE = ("198.51.100.9", 5555)
THIRD = ("203.0.113.5", 6666)


def destinations(studio: Studio, ticks: int = 1) -> set[tuple[str, int]]:
    sent = set()
    studio.plane._send = lambda port, destination, packet: sent.add(destination)
    studio.tick(ticks)
    return sent


def test_before_any_packet_came_the_address_of_sdp_is_sent_to(studio: Studio) -> None:
    phone = studio.phone(1)
    assert destinations(studio) == {phone.address}


def test_then_the_address_that_packets_come_from(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.send(phone.packet(hum(400)), source=ELSEWHERE)
    assert destinations(studio) == {ELSEWHERE}


def test_garbage_and_rtcp_latch_nothing(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.send(b"hello", source=ELSEWHERE)
    phone.send(b"\x80\xc8" + bytes(26), source=ELSEWHERE)
    assert destinations(studio) == {phone.address}
    assert (phone.count("malformed"), phone.count("control")) == (1, 1)


def test_a_stranger_cannot_take_over_a_living_stream(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.address = ELSEWHERE
    for _ in range(20):
        phone.say(hum(400, phone.timestamp))
        phone.send(phone.packet(hum(900), sequence=phone.sequence + 5), source=THIRD)
        phone.timestamp -= 160
        phone.sequence -= 1
        studio.tick()
        assert notes(phone.said()) == {400}
    assert destinations(studio) == {ELSEWHERE}
    assert phone.count("stray") == 20


def test_after_200_ms_of_silence_another_address_may_go_on(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.say(hum(400))
    studio.tick(12)
    phone.send(phone.packet(hum(400)), source=THIRD)
    assert destinations(studio) == {THIRD}


def test_the_announced_address_may_always_speak(studio: Studio) -> None:
    phone = studio.phone(1)
    phone.send(phone.packet(hum(400)), source=ELSEWHERE)
    studio.tick()
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
    phone.send(phone.packet(hum(400)), source=ELSEWHERE)
    studio.tick()
    studio.negotiate(1, sends=True)
    assert destinations(studio) == {ELSEWHERE}


def test_an_address_that_is_none_is_not_sent_to(studio: Studio) -> None:
    studio.phone(1)
    for host in ("pbx.example", "::1", "300.1.1.1", "9" * 5000 + ".1.1.1", "0.0.0.0"):
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
