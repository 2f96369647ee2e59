"""Legs of browsers in the engine: checked, shaken hands with, heard and hearing."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from tests.media.sealed_phone import session
from tests.media.studio import Phone, Studio, hum, notes

from mixminus.audio import g711
from mixminus.base.stun import Attribute, Class, StunMessage
from mixminus.media.contract import (
    AskStatistics,
    CloseLeg,
    LegOpened,
    OpenLeg,
    RtpTimedOut,
    SecuringFailed,
    SetLegMedia,
    Statistics,
    UseCertificate,
)
from mixminus.media.srtp_terms import DtlsTerms, IceTerms
from mixminus.rtp.packet import RtpPacket
from mixminus.webrtc.dtls import DtlsContext, Handshake, Progress
from mixminus.webrtc.ice import CONSENT_S
from mixminus.webrtc.io.certificates import make_certificate

LEG, OTHER = 1, 2
NODE, BROWSER = make_certificate(), make_certificate()
CONTEXT = DtlsContext(BROWSER)

ICE = IceTerms("ours", "our password of 22 chrs", "them", "their password of 24 char")
DTLS = DtlsTerms(is_client=False, hash_name="sha-256", fingerprint=BROWSER.fingerprint)

HOME, AWAY, STRANGE = ("192.0.2.50", 5000), ("198.51.100.50", 6000), ("203.0.113.9", 666)


class Network(Studio):
    """A studio with browsers, which take raw datagrams."""

    def __init__(self) -> None:
        super().__init__()
        self.browsers: list[Browser] = []
        self.astray: list[tuple[tuple[str, int], bytes]] = []
        """What was sent to nobody that is known."""
        self.apply(UseCertificate(NODE.der, NODE.key_der))

    def _deliver(self, local_port: int, destination: tuple[str, int], packet: bytes) -> None:
        for browser in self.browsers:
            if (browser.port, browser.place) == (local_port, destination):
                browser.raw.append(packet)
                return
        if any((phone.port, phone.address) == (local_port, destination) for phone in self.phones.values()):
            super()._deliver(local_port, destination, packet)
        elif not 192 <= packet[1] < 224:
            self.astray.append((destination, packet))


class Browser:
    """Its SRTP is pylibsrtp's own; SDP says that it is at port 9, which nobody is to believe."""

    def __init__(self, network: Network, *, is_client: bool = True) -> None:
        self.network, self.place = network, HOME
        network.apply(OpenLeg(LEG))
        network.plane.deliver()
        opened = network.events.pop()
        assert isinstance(opened, LegOpened)
        self.port = opened.port
        self.voice = Phone(network, LEG, opened.port, HOME)
        self.hands = Handshake(CONTEXT, is_client=is_client, hash_name="sha-256", fingerprint=NODE.fingerprint)
        self.raw: list[bytes] = []
        self.heard: list[RtpPacket] = []
        self.answers: list[StunMessage] = []
        network.browsers.append(self)
        dtls = replace(DTLS, is_client=not is_client)
        self.media = SetLegMedia(LEG, "192.0.2.1", 9, "PCMU", 101, True, True, rtcp_mux=True, ice=ICE, dtls=dtls)
        network.apply(self.media)

    def check(self, *, nominates: bool = True) -> None:
        said: list[tuple[int, bytes]] = [
            (Attribute.USERNAME, b"ours:them"),
            (Attribute.PRIORITY, (100).to_bytes(4)),
            (Attribute.ICE_CONTROLLING, bytes(8)),
        ]
        if nominates:
            said.append((Attribute.USE_CANDIDATE, b""))
        self.send(StunMessage(Class.REQUEST, b"transaction!", tuple(said)).written(ICE.our_password.encode()))

    def send(self, data: bytes) -> None:
        self.network.plane.receive(self.port, data, self.place)

    def connect(self) -> None:
        """Check, shake hands, have keys."""
        self.check()
        self.hands.begin(0.0)
        for _ in range(8):
            self.pump()
        assert self.hands.progress is Progress.DONE

    def pump(self) -> None:
        """20 ms: what the handshake has to say goes out, what came is taken."""
        for data in self.hands.take():
            self.send(data)
        self.network.tick()
        self.take()

    def take(self) -> None:
        raw, self.raw = self.raw, []
        for data in raw:
            if data[0] < 4:
                self.answers.append(StunMessage.parse(data))
            elif data[0] < 64:
                self._shake(data)
            elif self.hands.keys is not None and not 192 <= data[1] < 224:
                self.heard.append(RtpPacket.parse(self.opens.unprotect(data)))

    def _shake(self, data: bytes) -> None:
        self.hands.receive(data, 0.0)
        if (keys := self.hands.keys) is not None:
            self.seals = session(keys.profile, keys.ours, sends=True)
            self.opens = session(keys.profile, keys.theirs, sends=False)

    def say(self, hz: int) -> None:
        self.send(self.seals.protect(bytes(self.voice.packet(hum(hz, self.voice.timestamp)))))

    def talk(self, ticks: int = 10) -> None:
        """Both hum: the browser at 400 Hz, the phone beside it at 700."""
        self.network.phones[OTHER].hums = 700
        for _ in range(ticks):
            self.say(400)
            self.pump()

    @property
    def hears(self) -> set[int]:
        return notes(g711.decode_ulaw(self.heard[-1].payload))


@pytest.fixture
def network() -> Iterator[Network]:
    with (made := Network()).engine:
        made.phone(OTHER)
        made.room(1, LEG, OTHER)
        yield made


@pytest.mark.parametrize("is_client", [True, False])
def test_a_browser_and_a_phone_hear_each_other(network: Network, is_client: bool) -> None:
    browser = Browser(network, is_client=is_client)
    network.room(1, LEG, OTHER)
    browser.connect()
    browser.talk()
    assert network.phones[OTHER].hears() == {400}
    assert browser.hears == {700}
    assert network.astray == []


def test_a_browser_may_be_found_by_the_other_ip_version(network: Network) -> None:
    browser = Browser(network)
    browser.place = "2001:db8::50", 5000
    network.room(1, LEG, OTHER)
    browser.connect()
    browser.talk()
    assert network.phones[OTHER].hears() == {400}
    assert browser.hears == {700}
    assert network.astray == []


def test_nothing_goes_to_the_address_of_sdp_or_in_plain(network: Network) -> None:
    browser = Browser(network)
    network.room(1, LEG, OTHER)
    network.phones[OTHER].hums = 700
    network.tick(20)
    browser.check()
    network.tick(20)
    assert network.astray == []
    assert all(data[0] < 4 for data in browser.raw)  # checked, but without keys


def test_media_follows_a_browser_to_another_network(network: Network) -> None:
    browser = Browser(network)
    network.room(1, LEG, OTHER)
    browser.connect()
    browser.talk()
    browser.place = AWAY
    browser.check()
    browser.heard.clear()
    browser.talk()
    assert browser.hears == {700}
    assert len(browser.heard) >= 9
    assert network.phones[OTHER].hears() == {400}


def test_media_from_an_address_that_was_not_nominated_is_heard_and_does_not_redirect_ours(network: Network) -> None:
    """A browser sends on any pair that works; where it wants media, it says by a check."""
    browser = Browser(network)
    network.room(1, LEG, OTHER)
    browser.connect()
    browser.talk()
    browser.place = AWAY
    browser.say(500)
    browser.place = HOME
    browser.heard.clear()
    browser.talk(3)
    assert len(browser.heard) >= 3
    assert network.astray == []


def test_a_stranger_is_not_heard_and_gets_nothing(network: Network) -> None:
    browser = Browser(network)
    network.room(1, LEG, OTHER)
    browser.connect()
    browser.talk()
    for _ in range(20):
        network.plane.receive(browser.port, bytes(browser.voice.packet(hum(900))), STRANGE)
        network.plane.receive(browser.port, b"\x16\xfe\xfd" + bytes(60), STRANGE)
        browser.talk(1)
    assert network.phones[OTHER].hears() == {400}
    assert network.astray == []
    network.apply(AskStatistics(1))
    [told] = network.engine.take_events()
    assert isinstance(told, Statistics)
    assert (told.worker.refused_checks, told.worker.failed_handshakes) == (20, 0)


def test_hold_and_resume_keep_the_keys(network: Network) -> None:
    browser = Browser(network)
    network.room(1, LEG, OTHER)
    browser.connect()
    browser.talk()
    network.apply(replace(browser.media, sends=False, receives=False))
    browser.talk(3)
    browser.heard.clear()
    browser.talk(5)
    assert browser.heard == []
    network.apply(browser.media)
    browser.talk()
    assert browser.hears == {700}
    assert network.phones[OTHER].hears() == {400}


def test_a_browser_that_vanishes_is_told_of_after_half_a_minute(network: Network) -> None:
    browser = Browser(network)
    browser.connect()
    network.tick(int(50 * CONSENT_S) - 50)
    assert network.events_of(RtpTimedOut) == []
    network.tick(100)
    assert network.events_of(RtpTimedOut) == [RtpTimedOut(LEG)]


def test_another_certificate_than_that_of_sdp_ends_in_a_reason(network: Network) -> None:
    browser = Browser(network)
    network.apply(replace(browser.media, dtls=replace(DTLS, fingerprint=bytes(32))))
    browser.check()
    browser.hands.begin(0.0)
    for _ in range(8):
        browser.pump()
    assert network.events_of(SecuringFailed) == [
        SecuringFailed(LEG, "the certificate is not the one that SDP announced")
    ]


def test_a_closed_leg_answers_nobody(network: Network) -> None:
    browser = Browser(network)
    browser.connect()
    network.apply(CloseLeg(LEG))
    browser.answers.clear()
    browser.check()
    browser.pump()
    assert browser.answers == []
    assert network.engine.handshakes.is_idle
