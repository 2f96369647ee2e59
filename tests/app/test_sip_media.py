"""What a call's descriptions lead to in the media plane, with a plane that only notes it down."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from mixminus.app.calls.far_ends import FarEnd, MediaWishes
from mixminus.app.calls.sip_media import MediaTerms, SipMedia
from mixminus.app.media_link import MediaLink
from mixminus.media.contract import Command, Event, LegOpened, OpenLeg, SetLegMedia
from mixminus.media.srtp_terms import DtlsTerms, IceTerms, SrtpKeys
from mixminus.sdp.crypto import KEY_AND_SALT_BYTES, OFFERED_BYTES, cryptos_of, offered_keys
from mixminus.sdp.description import SdpError, Stream, parse
from mixminus.sdp.dtls import DtlsEnd, Fingerprint, Setup
from mixminus.sdp.ice import IceEnd, ice_of
from mixminus.sdp.media import Keying, LocalMedia, NotAcceptable, NotSecure, Srtp
from mixminus.sdp.negotiation import Negotiation
from mixminus.sip.contract import DialogKey

PLAIN = FarEnd()
OFFERED = FarEnd(MediaWishes(Srtp.OFFERED), in_sdp=True)
REQUIRED = FarEnd(MediaWishes(Srtp.REQUIRED), in_sdp=True)
BROWSER = FarEnd(MediaWishes(Srtp.OFFERED), in_sdp=True, keying=Keying.HANDSHAKE)
CALLER = FarEnd(MediaWishes(Srtp.OFFERED), in_sdp=True, keying=Keying.BESIDE_PLAIN)
CERTIFICATE = Fingerprint("sha-256", bytes(32))
FAR = LocalMedia("192.0.2.9", 4000, 1)
FAR_KEYS = offered_keys(bytes(range(OFFERED_BYTES)))
FIRST, SECOND = DialogKey("first"), DialogKey("second")


@dataclass
class NotedPlane:
    """Opens every leg, and keeps what is agreed on."""

    agreed: list[SetLegMedia] = field(default_factory=list)
    on_event: Callable[[Event], None] = lambda event: None

    def apply(self, *commands: Command) -> None:
        for command in commands:
            match command:
                case OpenLeg(leg):
                    self.on_event(LegOpened(leg, "192.0.2.1", 20_000))
                case SetLegMedia():
                    self.agreed.append(command)

    def listen(self, on_event: Callable[[Event], None]) -> None:
        self.on_event = on_event


def opened(far: FarEnd = PLAIN, certificate: Fingerprint | None = None) -> tuple[SipMedia, NotedPlane]:
    plane = NotedPlane()
    terms = MediaTerms(("PCMU",), 5, 60_000, random.Random(1).randbytes, certificate=certificate)

    async def begin() -> SipMedia:
        media = SipMedia(MediaLink(plane), terms, far)
        await media.open()
        return media

    return asyncio.run(begin()), plane


def audio(sdp: bytes) -> Stream:
    return parse(sdp).streams[0]


def why_not(media: SipMedia, offer: bytes | None, host: str = "192.0.2.1") -> str:
    try:
        media.try_out(offer, host)
    except SdpError as error:
        return str(error)
    return ""


def test_a_plain_call_has_no_keys() -> None:
    media, plane = opened()
    assert audio(media.answer(Negotiation(FAR).offer())).protocol == "RTP/AVP"
    (agreed,) = plane.agreed
    assert (agreed.srtp, agreed.ice, agreed.dtls) == (None, None, None)


def test_the_keys_of_an_answered_offer_reach_the_leg() -> None:
    media, plane = opened(OFFERED)
    answer = media.answer(Negotiation(replace(FAR, keys=FAR_KEYS)).offer())
    (ours,) = cryptos_of(audio(answer))
    assert audio(answer).protocol == "RTP/SAVP"
    assert plane.agreed[-1].srtp == SrtpKeys("AEAD_AES_256_GCM", ours=ours.key, theirs=FAR_KEYS[0].key)


def test_the_keys_of_a_taken_offer_reach_the_leg() -> None:
    media, plane = opened()
    offer = media.offer_to(FIRST, OFFERED)
    far = Negotiation(replace(FAR, keys=FAR_KEYS[2:3]))
    media.turn_to(FIRST)
    media.take_answer(far.answer(offer))
    ours = next(each for each in cryptos_of(audio(offer)) if each.suite == FAR_KEYS[2].suite)
    assert plane.agreed[-1].srtp == SrtpKeys(FAR_KEYS[2].suite, ours=ours.key, theirs=FAR_KEYS[2].key)


def test_rfc4568_7_1_4_a_refresh_keeps_keys_and_a_new_key_of_theirs_is_taken() -> None:
    media, plane = opened(OFFERED)
    media.answer(Negotiation(replace(FAR, keys=FAR_KEYS)).offer())
    media.answer(Negotiation(replace(FAR, keys=FAR_KEYS)).offer())
    first, again = (agreed.srtp for agreed in plane.agreed)
    assert first == again
    others = offered_keys(bytes(OFFERED_BYTES))
    media.answer(Negotiation(replace(FAR, keys=others)).offer())
    rekeyed = plane.agreed[-1].srtp
    assert first is not None
    assert rekeyed is not None
    assert (rekeyed.ours, rekeyed.theirs) == (first.ours, bytes(KEY_AND_SALT_BYTES["AEAD_AES_256_GCM"]))


def test_phones_that_ring_together_have_keys_of_their_own_and_the_one_that_answers_has_the_leg() -> None:
    media, plane = opened()
    offers = [media.offer_to(dialog, OFFERED) for dialog in (FIRST, SECOND)]
    keys = [{crypto.key for crypto in cryptos_of(audio(offer))} for offer in offers]
    assert not keys[0] & keys[1]
    media.turn_to(FIRST)
    media.take_answer(Negotiation(replace(FAR, keys=FAR_KEYS)).answer(offers[0]))
    assert plane.agreed[-1].srtp is not None
    assert plane.agreed[-1].srtp.ours in keys[0]


def test_best_effort_may_be_plain_and_nothing_else() -> None:
    media, _ = opened()
    for dialog, far, may in ((FIRST, OFFERED, True), (SECOND, REQUIRED, False)):
        media.offer_to(dialog, far)
        assert media.may_be_plain(dialog) is may
    media.offer_to(FIRST, FarEnd(MediaWishes(Srtp.OFFERED)))
    assert not media.may_be_plain(FIRST)
    media.offer_to(FIRST, FarEnd(MediaWishes(Srtp.NEVER), in_sdp=True))
    assert not media.may_be_plain(FIRST)


def test_what_is_required_is_not_offered_in_the_clear() -> None:
    media, _ = opened()
    with pytest.raises(NotSecure):
        media.offer_to(FIRST, FarEnd(MediaWishes(Srtp.REQUIRED)))
    media, _ = opened(REQUIRED)
    with pytest.raises(NotAcceptable):
        media.answer(Negotiation(FAR).offer())


def test_whether_an_offer_suits_is_known_before_there_is_a_leg() -> None:
    terms = MediaTerms(("PCMU",), 5, 60_000, random.Random(1).randbytes)
    plain, secure = Negotiation(FAR).offer(), Negotiation(replace(FAR, keys=FAR_KEYS)).offer()
    link = MediaLink(NotedPlane())
    no = "the audio is {}, which is not taken with srtp {} and this signalling"
    for far, reasons in (
        (OFFERED, ("", "")),
        (REQUIRED, (no.format("RTP/AVP", "required"), "")),
        (PLAIN, ("", no.format("RTP/SAVP", "never"))),
    ):
        media = SipMedia(link, terms, far)
        assert (why_not(media, plain), why_not(media, secure)) == reasons
    assert why_not(SipMedia(link, terms), plain, "2001:db8::1") == "no media over IP4 here"
    assert why_not(SipMedia(link, terms), b"nonsense") == "a description begins with v=0"
    assert why_not(SipMedia(link, terms, OFFERED), None) == ""
    assert "in the clear" in why_not(SipMedia(link, terms, FarEnd(MediaWishes(Srtp.REQUIRED))), None)


def test_a_browsers_handshake_and_checks_reach_the_leg() -> None:
    media, plane = opened(BROWSER, CERTIFICATE)
    theirs = IceEnd("theirs", "t" * 22)
    shown = DtlsEnd(Fingerprint("sha-256", b"\x01" * 32), Setup.ACTPASS)
    far = Negotiation(replace(FAR, dtls=shown, ice=theirs), Keying.HANDSHAKE)
    answer = parse(media.answer(far.offer()))
    ours = ice_of(answer, answer.streams[0])
    assert ours is not None
    assert ours.is_lite
    assert [(each.host, each.port) for each in ours.candidates] == [("192.0.2.1", 20_000)]
    (agreed,) = plane.agreed
    assert agreed.ice == IceTerms(ours.fragment, ours.password, "theirs", "t" * 22)
    assert agreed.dtls == DtlsTerms(is_client=False, hash_name="sha-256", fingerprint=b"\x01" * 32)
    assert agreed.srtp is None


def test_without_a_certificate_there_are_no_handshakes() -> None:
    media, _ = opened(BROWSER)
    assert audio(media.offer()).protocol == "RTP/SAVP"
    media, _ = opened(BROWSER, CERTIFICATE)
    assert audio(media.offer()).protocol == "UDP/TLS/RTP/SAVPF"
    for far in (CALLER, OFFERED, PLAIN):
        media, _ = opened(far, CERTIFICATE)
        assert (audio(media.offer()).value("setup"), audio(media.offer()).value("ice-ufrag")) == (None, None)


def test_a_far_end_is_told_the_address_that_it_reaches_and_checks_get_all() -> None:
    advertised = ("203.0.113.5", "2001:db8::5")
    terms = MediaTerms(("PCMU",), 5, 60_000, random.Random(1).randbytes, advertised, CERTIFICATE)

    async def offer(host: str) -> bytes:
        media = SipMedia(MediaLink(NotedPlane()), terms)
        await media.open()
        return media.offer_to(FIRST, replace(BROWSER, host=host))

    assert parse(asyncio.run(offer("198.51.100.1"))).host == "203.0.113.5"
    described = parse(asyncio.run(offer("2001:db8::9")))
    assert described.host == "2001:db8::5"
    checks = ice_of(described, described.streams[0])
    assert checks is not None
    assert [each.host for each in checks.candidates] == ["2001:db8::5", "203.0.113.5"]
    assert checks.candidates[0].priority > checks.candidates[1].priority


def test_a_leg_knows_where_the_sip_of_its_far_end_comes_from_and_whom_to_believe() -> None:
    media, plane = opened(FarEnd(MediaWishes(Srtp.NEVER, "first"), host="198.51.100.1"))
    media.answer(Negotiation(FAR).offer())
    assert (plane.agreed[-1].signalled_from, plane.agreed[-1].latch) == ("198.51.100.1", "first")
    media, plane = opened()
    for dialog, host in ((FIRST, "198.51.100.1"), (SECOND, "198.51.100.2")):
        answer = Negotiation(FAR).answer(media.offer_to(dialog, FarEnd(host=host)))
    media.turn_to(FIRST)
    media.take_answer(answer)
    assert (plane.agreed[-1].signalled_from, plane.agreed[-1].latch) == ("198.51.100.1", "announced")


def test_rfc3264_8_2_a_stream_that_is_stopped_is_silent_both_ways_until_it_comes_back() -> None:
    media, plane = opened()
    far = Negotiation(FAR)
    offer = far.offer()
    media.answer(offer)
    stopped = offer.replace(b"m=audio 4000 ", b"m=audio 0 ")
    assert audio(media.answer(stopped)).port == 0
    assert (plane.agreed[-1].sends, plane.agreed[-1].receives, plane.agreed[-1].rtp_timeout_ms) == (False, False, 0)
    assert audio(media.answer(offer)).port == 20_000
    assert plane.agreed[-1] == plane.agreed[0]
