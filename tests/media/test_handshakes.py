"""What is not RTP goes to whoever waits for it, and only of legs that have agreed on such things (RFC 7983)."""

from collections.abc import Iterator

import pytest
from tests.media.sealed_phone import SealedPhone, keys
from tests.media.studio import Studio, hum

from mixminus.media.contract import CloseLeg, RtpTimedOut, SetLegMedia
from mixminus.media.handshakes import Address, Datagram, Refusals
from mixminus.media.srtp_terms import DtlsTerms, IceTerms

LEG = 1
ICE = IceTerms("ours", "our password", "theirs", "their password")
DTLS = DtlsTerms(False, "sha-256", bytes(32))


class Parrot:
    """Answers everything with the same, and keeps it."""

    is_idle = False

    def __init__(self) -> None:
        self.refusals = Refusals()
        self.heard: list[tuple[int, bytes, Address]] = []
        self.legs: set[int] = set()
        self._answers: list[Datagram] = []

    def set_media(self, media: SetLegMedia) -> None:
        self.legs.add(media.leg)

    def drop(self, leg: int) -> None:
        self.legs.discard(leg)

    def receive(self, leg: int, data: bytes, source: Address) -> None:
        self.heard.append((leg, data, source))
        self._answers.append(Datagram(leg, data, source))

    def exchange(self) -> Iterator[Datagram]:
        answers, self._answers = self._answers, []
        return iter(answers)


def studio_with_parrot() -> tuple[Studio, Parrot, list[tuple[int, Address, bytes]]]:
    studio, parrot = Studio(), Parrot()
    studio.engine.handshakes = parrot
    sent: list[tuple[int, Address, bytes]] = []
    studio.plane._send = lambda port, to, data: sent.append((port, to, data))
    return studio, parrot, sent


@pytest.mark.parametrize("first", [0, 1, 3, 20, 22, 63, 127, 192, 255])
def test_a_datagram_goes_up_with_its_source_and_the_answer_leaves_from_the_legs_port(first: int) -> None:
    studio, parrot, sent = studio_with_parrot()
    phone = studio.phone(LEG, ice=ICE, dtls=DTLS)
    source = "198.51.100.7", 5555
    phone.send(bytes([first]) + b" greetings", source)
    studio.tick()
    assert parrot.heard == [(LEG, bytes([first]) + b" greetings", source)]
    assert sent == [(phone.port, source, bytes([first]) + b" greetings")]


def test_of_other_legs_it_is_malformed() -> None:
    studio, parrot, _ = studio_with_parrot()
    phone = studio.phone(LEG)
    phone.send(b"\x00\x01" + bytes(30))
    studio.tick()
    assert phone.count("malformed") == 1
    assert not parrot.heard


def test_media_goes_where_checks_have_found_the_far_end_and_nowhere_before() -> None:
    studio, _, sent = studio_with_parrot()
    phone = studio.phone(LEG, ice=ICE)
    studio.tick(3)
    assert not sent
    studio.engine.found(LEG, "203.0.113.20", 6000)
    studio.tick(2)
    assert {to for _, to, _ in sent} == {("203.0.113.20", 6000)}
    sent.clear()
    studio.engine.found(LEG, "203.0.113.21", 6001)
    studio.negotiate(LEG, ice=ICE)
    studio.tick(2)
    assert {to for _, to, _ in sent} == {("203.0.113.21", 6001)}, "the offer did not undo it"
    assert phone.port


def test_packets_do_not_move_a_far_end_that_checks_have_found() -> None:
    studio, _, sent = studio_with_parrot()
    sealed = SealedPhone(studio, LEG, keys(), ice=ICE)
    studio.engine.found(LEG, "203.0.113.20", 6000)
    for _ in range(20):
        sealed.say(hum(400))
        studio.tick()
    assert sealed.phone.count("received") == 20
    assert {to for _, to, _ in sent} == {("203.0.113.20", 6000)}


def test_a_leg_that_is_closed_is_dropped_and_what_was_under_way_to_it_does_no_harm() -> None:
    studio, parrot, sent = studio_with_parrot()
    phone = studio.phone(LEG, dtls=DTLS)
    phone.send(b"\x16" + bytes(20))
    studio.apply(CloseLeg(LEG))
    studio.tick()
    assert not parrot.legs
    assert not sent


def test_whoever_shakes_hands_may_tell_of_it() -> None:
    studio, _, _ = studio_with_parrot()
    studio.engine.tell(RtpTimedOut(LEG))
    studio.tick()
    assert studio.events == [RtpTimedOut(LEG)]
