"""A session from its first description to its last: places, versions, holds, protection (RFC 3264, RFC 4568)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.sdp.crypto import OFFERED_BYTES, cryptos_of, offered_keys
from mixminus.sdp.description import SdpError, Stream, parse
from mixminus.sdp.dtls import DtlsEnd, Fingerprint
from mixminus.sdp.ice import IceEnd
from mixminus.sdp.media import Keying, LocalMedia, NoCommonCodec, NoCommonNetwork, NotAcceptable, NotSecure, Srtp
from mixminus.sdp.negotiation import Negotiation

LOCAL = LocalMedia("192.0.2.1", 20_000, 7, codecs=("opus", "PCMU", "PCMA"))
KEYS = offered_keys(bytes(range(OFFERED_BYTES)))
THEIR_KEYS = offered_keys(bytes(range(1, OFFERED_BYTES + 1)))
SECURE = replace(LOCAL, keys=KEYS)
CRYPTO = f"a=crypto:{THEIR_KEYS[2].text}"
PLAIN_AUDIO = ("m=audio 4000 RTP/AVP 0 8",)
SECURE_AUDIO = ("m=audio 4000 RTP/SAVP 0 8", CRYPTO)


def description(*media: str, host: str = "198.51.100.9") -> bytes:
    kind = "IP6" if ":" in host else "IP4"
    lines = ["v=0", f"o=phone 1 1 IN {kind} {host}", "s=call", f"c=IN {kind} {host}", "t=0 0", *media]
    return "".join(f"{line}\r\n" for line in lines).encode()


def version(sdp: bytes) -> int:
    return int(parse(sdp).origin.split()[2])


def places(sdp: bytes) -> list[tuple[str, int]]:
    return [(stream.kind, stream.port) for stream in parse(sdp).streams]


def audio(sdp: bytes) -> Stream:
    return next(stream for stream in parse(sdp).streams if stream.kind == "audio" and stream.port)


# --- versions and places ------------------------------------------------------------------------------------------


def test_rfc3264_8_what_does_not_change_keeps_its_version_and_what_does_has_the_next() -> None:
    negotiation = Negotiation(LOCAL)
    first = negotiation.answer(description(*PLAIN_AUDIO))
    assert negotiation.answer(description(*PLAIN_AUDIO)) == first
    held = negotiation.answer(description(*PLAIN_AUDIO, "a=sendonly"))
    assert version(held) == version(first) + 1
    assert negotiation.answer(description(*PLAIN_AUDIO, "a=sendonly")) == held
    assert version(negotiation.answer(description(*PLAIN_AUDIO))) == version(held) + 1


def test_rfc3264_8_an_offer_of_ours_keeps_every_stream_in_its_place() -> None:
    negotiation = Negotiation(LOCAL)
    negotiation.answer(description("m=video 5000 RTP/AVP 31", *PLAIN_AUDIO, "m=message 2855 TCP/MSRP *"))
    assert places(negotiation.offer()) == [("video", 0), ("audio", 20_000), ("message", 0)]
    negotiation.take_answer(description("m=video 0 RTP/AVP 31", "m=audio 4002 RTP/AVP 8", "m=message 0 TCP/MSRP *"))
    assert negotiation.agreed is not None
    assert (negotiation.agreed.codec, negotiation.agreed.remote_port) == ("PCMA", 4002)


def test_streams_that_are_added_later_have_their_places_too() -> None:
    negotiation = Negotiation(LOCAL)
    negotiation.answer(description(*PLAIN_AUDIO))
    more = description(*PLAIN_AUDIO, "m=application 6000 TCP/BFCP *", "m=audio 4010 RTP/AVP 0")
    assert places(negotiation.answer(more)) == [("audio", 20_000), ("application", 0), ("audio", 0)]
    assert places(negotiation.offer()) == [("audio", 20_000), ("application", 0), ("audio", 0)]


def test_an_offer_in_our_200_then_a_re_invite_of_theirs() -> None:
    negotiation = Negotiation(LOCAL)
    offer = negotiation.offer()
    negotiation.take_answer(description(*PLAIN_AUDIO))
    again = negotiation.answer(description("m=audio 4002 RTP/AVP 8", "a=inactive"))
    assert version(again) == version(offer) + 1
    assert negotiation.agreed is not None
    assert (negotiation.agreed.remote_port, negotiation.agreed.on_hold) == (4002, True)


def test_the_stream_that_is_ours_stays_ours_beside_a_new_one() -> None:
    negotiation = Negotiation(SECURE)
    negotiation.answer(description(*PLAIN_AUDIO))
    both = (*PLAIN_AUDIO, "m=audio 4010 RTP/SAVP 0", CRYPTO)
    assert places(negotiation.answer(description(*both))) == [("audio", 20_000), ("audio", 0)]


def test_a_stream_that_takes_over_in_another_place() -> None:
    negotiation = Negotiation(LOCAL)
    negotiation.answer(description(*PLAIN_AUDIO))
    moved = description("m=audio 0 RTP/AVP 0", "m=audio 4010 RTP/AVP 0")
    assert places(negotiation.answer(moved)) == [("audio", 0), ("audio", 20_000)]
    assert places(negotiation.offer()) == [("audio", 0), ("audio", 20_000)]


# --- holds --------------------------------------------------------------------------------------------------------


def test_rfc3264_8_2_port_0_stops_the_stream_and_it_comes_back_in_its_place() -> None:
    negotiation = Negotiation(LOCAL)
    video = "m=video 5000 RTP/AVP 31"
    negotiation.answer(description(*PLAIN_AUDIO, video))
    assert places(negotiation.answer(description("m=audio 0 RTP/AVP 0", video))) == [("audio", 0), ("video", 0)]
    assert negotiation.agreed is not None
    assert (negotiation.agreed.on_hold, negotiation.agreed.direction) == (True, "inactive")
    assert places(negotiation.answer(description(*PLAIN_AUDIO, video))) == [("audio", 20_000), ("video", 0)]
    assert not negotiation.agreed.on_hold


def test_a_first_offer_without_audio_is_no_hold() -> None:
    with pytest.raises(NoCommonCodec):
        Negotiation(LOCAL).answer(description("m=audio 0 RTP/AVP 0"))


@pytest.mark.parametrize(
    ("media", "host", "direction"),
    [
        (["a=sendonly"], "198.51.100.9", "recvonly"),
        (["a=inactive"], "198.51.100.9", "inactive"),
        ([], "0.0.0.0", "recvonly"),
        (["a=sendonly"], "0.0.0.0", "recvonly"),
        (["a=recvonly"], "0.0.0.0", "inactive"),
    ],
)
def test_every_form_of_hold(media: list[str], host: str, direction: str) -> None:
    negotiation = Negotiation(LOCAL)
    answer = negotiation.answer(description(*PLAIN_AUDIO, *media, host=host))
    assert negotiation.agreed is not None
    assert negotiation.agreed.on_hold
    assert audio(answer).value(direction) == ""


def test_what_cannot_be_done_changes_nothing() -> None:
    negotiation = Negotiation(LOCAL)
    first = negotiation.answer(description(*PLAIN_AUDIO))
    before = negotiation.agreed
    for bad in (description("m=audio 4000 RTP/AVP 18"), b"junk", description(*PLAIN_AUDIO, host="224.0.0.9")):
        with pytest.raises(SdpError):
            negotiation.answer(bad)
    assert negotiation.agreed is before
    assert negotiation.answer(description(*PLAIN_AUDIO)) == first


# --- protection ---------------------------------------------------------------------------------------------------


def test_a_secured_offer_is_answered_by_its_profile_tag_and_suite() -> None:
    for profile in ("RTP/SAVP", "RTP/SAVPF"):
        negotiation = Negotiation(SECURE)
        answer = audio(negotiation.answer(description(f"m=audio 4000 {profile} 0", CRYPTO.replace(":3 ", ":9 "))))
        assert answer.protocol == profile
        assert answer.value("crypto") == KEYS[2].text.replace("3 ", "9 ", 1)


@pytest.mark.parametrize("srtp", [Srtp.OFFERED, Srtp.REQUIRED])
def test_of_a_secured_and_a_plain_stream_the_secured_one_is_taken(srtp: Srtp) -> None:
    for media in ((*PLAIN_AUDIO, *SECURE_AUDIO), (*SECURE_AUDIO, *PLAIN_AUDIO)):
        negotiation = Negotiation(replace(SECURE, srtp=srtp))
        assert audio(negotiation.answer(description(*media))).protocol == "RTP/SAVP"
        assert negotiation.agreed is not None
        assert negotiation.agreed.is_secure


@pytest.mark.parametrize("local", [replace(SECURE, srtp=Srtp.NEVER), LOCAL])
def test_who_has_no_keys_takes_the_plain_one(local: LocalMedia) -> None:
    answer = Negotiation(local).answer(description(*SECURE_AUDIO, *PLAIN_AUDIO))
    assert audio(answer).protocol == "RTP/AVP"
    assert b"crypto" not in answer
    with pytest.raises(NoCommonCodec):
        Negotiation(local).answer(description(*SECURE_AUDIO))


def test_who_requires_secured_audio_refuses_plain() -> None:
    required = replace(SECURE, srtp=Srtp.REQUIRED)
    with pytest.raises(NotAcceptable):
        Negotiation(required).answer(description(*PLAIN_AUDIO))
    with pytest.raises(NotSecure):
        Negotiation(replace(required, keys=())).offer()
    negotiation = Negotiation(required)
    negotiation.offer()
    with pytest.raises(NotAcceptable):
        negotiation.take_answer(description(*PLAIN_AUDIO))


def test_rfc8643_3_1_keys_beside_a_plain_profile_are_taken_and_the_profile_stays() -> None:
    negotiation = Negotiation(SECURE)
    answer = audio(negotiation.answer(description(*PLAIN_AUDIO, CRYPTO)))
    assert (answer.protocol, len(cryptos_of(answer))) == ("RTP/AVP", 1)
    assert negotiation.agreed is not None
    assert negotiation.agreed.is_secure


def test_keys_that_nobody_can_use_leave_a_plain_profile_plain_and_a_secured_one_unusable() -> None:
    unusable = CRYPTO + " UNENCRYPTED_SRTP"
    assert b"crypto" not in Negotiation(SECURE).answer(description(*PLAIN_AUDIO, unusable))
    with pytest.raises(NoCommonCodec):
        Negotiation(SECURE).answer(description("m=audio 4000 RTP/SAVP 0", unusable))


def test_our_offer_and_its_answer() -> None:
    negotiation = Negotiation(SECURE)
    offer = audio(negotiation.offer())
    assert offer.protocol == "RTP/SAVP"
    assert cryptos_of(offer) == list(KEYS)
    negotiation.take_answer(description(*SECURE_AUDIO))
    assert negotiation.agreed is not None
    assert negotiation.agreed.keys is not None
    assert (negotiation.agreed.keys.ours, negotiation.agreed.keys.theirs) == (KEYS[2].key, THEIR_KEYS[2].key)


@pytest.mark.parametrize("crypto", ["", CRYPTO.replace(":3 ", ":1 "), CRYPTO + "|2^20|1:4"])
def test_an_answer_without_a_key_of_our_offer_is_none(crypto: str) -> None:
    negotiation = Negotiation(SECURE)
    negotiation.offer()
    with pytest.raises(NotAcceptable):
        negotiation.take_answer(description("m=audio 4000 RTP/SAVP 0", crypto))


def test_a_running_session_keeps_its_protection_in_our_offers() -> None:
    plain = Negotiation(SECURE)
    plain.answer(description(*PLAIN_AUDIO))
    assert audio(plain.offer()).protocol == "RTP/AVP"
    secure = Negotiation(SECURE)
    secure.answer(description(*SECURE_AUDIO))
    assert audio(secure.offer()).protocol == "RTP/SAVP"


def test_a_session_may_become_secured_and_plain_again_where_either_will_do() -> None:
    negotiation = Negotiation(SECURE)
    for media, is_secure in ((PLAIN_AUDIO, False), (SECURE_AUDIO, True), (PLAIN_AUDIO, False)):
        negotiation.answer(description(*media))
        assert negotiation.agreed is not None
        assert negotiation.agreed.is_secure is is_secure


def test_rfc8643_an_offer_that_nobody_can_refuse_has_its_keys_beside_a_plain_profile() -> None:
    for answer, is_secure in ((PLAIN_AUDIO, False), ((*PLAIN_AUDIO, CRYPTO), True)):
        negotiation = Negotiation(SECURE, Keying.BESIDE_PLAIN)
        offer = audio(negotiation.offer())
        assert (offer.protocol, cryptos_of(offer)) == ("RTP/AVP", list(KEYS))
        assert not negotiation.is_best_effort
        negotiation.take_answer(description(*answer))
        assert negotiation.agreed is not None
        assert negotiation.agreed.is_secure is is_secure
        again = audio(negotiation.offer())
        assert (again.protocol, bool(cryptos_of(again))) == ("RTP/AVP", is_secure)
    required = Negotiation(replace(SECURE, srtp=Srtp.REQUIRED), Keying.BESIDE_PLAIN)
    assert audio(required.offer()).protocol == "RTP/SAVP"


@pytest.mark.parametrize("profile", ["RTP/AVPF", "RTP/SAVPF", "RTP/SAVP"])
def test_an_offer_of_ours_keeps_the_profile_of_the_session(profile: str) -> None:
    negotiation = Negotiation(SECURE)
    negotiation.answer(description(f"m=audio 4000 {profile} 0", CRYPTO if "SAVP" in profile else "a=x"))
    assert audio(negotiation.offer()).protocol == profile


def test_rfc4028_7_4_a_refresh_that_repeats_our_answer_is_answered_by_the_tag_in_it() -> None:
    negotiation = Negotiation(SECURE)
    said = negotiation.answer(description("m=audio 4000 RTP/SAVP 0", CRYPTO.replace(":3 ", ":9 ")))
    far = Negotiation(LocalMedia("198.51.100.9", 4000, 1, keys=offered_keys(bytes(OFFERED_BYTES))))
    negotiation.take_answer(far.answer(said))
    assert negotiation.agreed is not None
    assert negotiation.agreed.keys is not None
    assert (negotiation.agreed.keys.ours, negotiation.agreed.keys.theirs) == (KEYS[2].key, bytes(30))


# --- networks, packets, codecs ------------------------------------------------------------------------------------


def test_an_offer_is_answered_over_its_ip_version() -> None:
    both = replace(LOCAL, other_host="2001:db8::1")
    answer = Negotiation(both).answer(description(*PLAIN_AUDIO, host="2001:db8::9"))
    assert b"c=IN IP6 2001:db8::1\r\n" in answer
    assert b"IN IP4 192.0.2.1\r\ns=" in answer  # o= names the session, not the media
    assert b"c=IN IP4 192.0.2.1\r\n" in Negotiation(both).answer(description(*PLAIN_AUDIO))
    assert b"c=IN IP4 192.0.2.1\r\n" in Negotiation(both).answer(description(*PLAIN_AUDIO, host="::ffff:1.2.3.4"))


def test_a_session_stays_in_its_ip_version() -> None:
    negotiation = Negotiation(replace(LOCAL, other_host="2001:db8::1"))
    negotiation.answer(description(*PLAIN_AUDIO, host="2001:db8::9"))
    assert b"c=IN IP6 2001:db8::1\r\n" in negotiation.offer()
    for hold in (description("m=audio 0 RTP/AVP 0", host="2001:db8::9"), description(*PLAIN_AUDIO, host="::")):
        assert b"c=IN IP6 2001:db8::1\r\n" in negotiation.answer(hold)
    assert b"c=IN IP6 2001:db8::1\r\n" in negotiation.offer()


def test_the_other_ip_version_is_refused_where_there_is_none_and_so_are_groups() -> None:
    for host in ("2001:db8::9", "224.0.0.9", "255.255.255.255", "ff02::1"):
        with pytest.raises(NoCommonNetwork):
            Negotiation(LOCAL).answer(description(*PLAIN_AUDIO, host=host))


@pytest.mark.parametrize(
    ("said", "usable"),
    [("10", False), ("19", False), ("20", True), ("40", True), ("x", True), ("", True), ("0", True)],
)
def test_a_stream_that_takes_no_packets_of_20_ms_is_refused(said: str, usable: bool) -> None:
    media = (*PLAIN_AUDIO, f"a=maxptime:{said}", "a=ptime:30")
    if usable:
        assert b"a=ptime:20\r\n" in Negotiation(LOCAL).answer(description(*media))
    else:
        with pytest.raises(NoCommonCodec):
            Negotiation(LOCAL).answer(description(*media))


def test_rfc8858_an_offer_that_needs_rtcp_on_one_port_gets_it() -> None:
    answer = audio(Negotiation(LOCAL).answer(description(*PLAIN_AUDIO, "a=rtcp-mux", "a=rtcp-mux-only")))
    assert (answer.value("rtcp-mux"), answer.value("rtcp-mux-only")) == ("", None)


def test_several_payload_types_of_one_codec() -> None:
    negotiation = Negotiation(LOCAL)
    opus = ("a=rtpmap:96 opus/48000/2", "a=rtpmap:97 opus/48000/2", "a=fmtp:97 maxplaybackrate=8000")
    answer = negotiation.answer(description("m=audio 4000 RTP/AVP 96 97 0", *opus))
    assert audio(answer).formats == ("96",)
    negotiation.offer()
    negotiation.take_answer(description("m=audio 4000 RTP/AVP 96 97 0", *opus))
    assert negotiation.agreed is not None
    assert (97, "opus") in negotiation.agreed.understood


def test_rfc3264_6_1_an_answer_with_other_payload_types_is_heard_by_either() -> None:
    negotiation = Negotiation(LOCAL)
    negotiation.offer()
    negotiation.take_answer(description("m=audio 4000 RTP/AVP 96", "a=rtpmap:96 opus/48000/2"))
    assert negotiation.agreed is not None
    assert negotiation.agreed.payload_type == 96
    assert (111, "opus") in negotiation.agreed.understood


def test_an_answer_that_names_fewer_streams_or_another_order_is_read() -> None:
    negotiation = Negotiation(LOCAL)
    negotiation.answer(description("m=video 5000 RTP/AVP 31", *PLAIN_AUDIO))
    negotiation.offer()
    negotiation.take_answer(description("m=audio 4002 RTP/AVP 8"))
    assert negotiation.agreed is not None
    assert negotiation.agreed.remote_port == 4002


def test_alternative_addresses_and_comments_are_passed_over() -> None:
    noise = ("i=x", "b=TIAS:64000", "a=altc:1 IP6 2001:db8::9 5000", "a=ssrc:1 cname:x", "a=msid:- x", "k=prompt")
    negotiation = Negotiation(LOCAL)
    answer = negotiation.answer(description(*PLAIN_AUDIO, *noise).replace(b"\r\n", b"\n"))
    assert negotiation.agreed is not None
    assert negotiation.agreed.remote_host == "198.51.100.9"
    assert not any(name in answer for name in (b"altc", b"ssrc", b"msid"))


# --- laws ---------------------------------------------------------------------------------------------------------

MEDIA = st.sampled_from(
    [PLAIN_AUDIO, SECURE_AUDIO, ("m=video 5000 RTP/AVP 31",), ("m=audio 0 RTP/AVP 0",), ("m=message 1 TCP/MSRP *",)]
)
OFFERS = st.lists(st.tuples(MEDIA, st.sampled_from(["sendrecv", "sendonly", "recvonly", "inactive"])), max_size=4)


@given(st.lists(OFFERS, max_size=5), st.sampled_from([LOCAL, SECURE, replace(SECURE, srtp=Srtp.REQUIRED)]))
def test_every_answer_names_every_stream_and_one_at_most_is_taken(
    offers: list[list[tuple[tuple[str, ...], str]]], local: LocalMedia
) -> None:
    negotiation, last = Negotiation(local), 0
    for offered in offers:
        sdp = description(*(line for media, direction in offered for line in (*media, f"a={direction}")))
        try:
            answer = negotiation.answer(sdp)
        except NotAcceptable:
            continue
        theirs, ours = parse(sdp).streams, parse(answer).streams
        assert [(each.kind, each.protocol) for each in theirs] == [(each.kind, each.protocol) for each in ours]
        taken = [place for place, stream in enumerate(ours) if stream.port]
        assert len(taken) <= 1
        assert all(theirs[place].port for place in taken)
        assert version(answer) >= last
        last = version(answer)
        again = places(negotiation.offer())
        assert [kind for kind, _ in again] == [stream.kind for stream in ours]
        assert sum(port != 0 for _, port in again) == 1


FULL = replace(SECURE, dtls=DtlsEnd(Fingerprint("sha-256", bytes(32))), ice=IceEnd("ours", "p" * 22, is_lite=True))
GOOD = description(
    *(
        "m=audio 4000 RTP/SAVPF 96 0 101",
        "a=rtpmap:96 opus/48000/2",
        CRYPTO,
        "a=mid:0",
        "a=rtcp:4001 IN IP4 192.0.2.9",
    ),
    *(
        "a=ice-ufrag:their",
        "a=ice-pwd:" + "t" * 22,
        "a=candidate:1 1 udp 1 192.0.2.9 4000 typ host",
        "a=setup:actpass",
    ),
    *("a=fingerprint:sha-256 " + ":".join(["AA"] * 32), "a=rtpmap:101 telephone-event/8000", "m=video 0 RTP/AVP 31"),
)


@given(st.binary(max_size=60), st.integers(0, len(GOOD)), st.integers(0, 60), st.sampled_from([LOCAL, SECURE, FULL]))
def test_any_octets_anywhere_give_an_answer_or_the_declared_error(
    junk: bytes, at: int, cut: int, local: LocalMedia
) -> None:
    negotiation = Negotiation(local)
    negotiation.answer(description(*PLAIN_AUDIO))
    for data in (junk, GOOD[:at] + junk + GOOD[at + cut :], GOOD[:at] + junk):
        try:
            negotiation.answer(data)
            negotiation.offer()
            negotiation.take_answer(data)
        except SdpError:
            pass
