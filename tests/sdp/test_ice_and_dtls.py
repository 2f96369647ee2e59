"""What is read and written of ICE, DTLS and BUNDLE (RFC 8839, RFC 5763, RFC 9143)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.sdp.bundle import group_of, unbundled
from mixminus.sdp.description import Description, Stream, parse
from mixminus.sdp.dtls import DtlsEnd, Fingerprint, Setup
from mixminus.sdp.ice import Candidate, IceEnd, candidates_of, parse_candidate
from mixminus.sdp.media import Agreed, LocalMedia, NoCommonCodec, Srtp
from mixminus.sdp.negotiation import Negotiation
from mixminus.sdp.offer_answer import make_answer, make_offer, read_answer

PRINT = Fingerprint("sha-256", bytes(range(32)))
ICE = IceEnd("ours", "p" * 22, is_lite=True, candidates=(Candidate("1", 1, 2130706431, "192.0.2.1", 20_000),))
LOCAL = LocalMedia("192.0.2.1", 20_000, 7, dtls=DtlsEnd(PRINT), ice=ICE)
DIGEST = ":".join(f"{octet:02X}" for octet in range(100, 132))
SESSION = ("a=group:BUNDLE 0 1", "a=extmap-allow-mixed", "a=msid-semantic: WMS stream")
MEDIA = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126",
    "c=IN IP4 0.0.0.0",
    "a=rtcp:9 IN IP4 0.0.0.0",
    "a=candidate:1 1 udp 2122260223 7d0f2e9c-1111-4a4a-8f8f-000000000000.local 50000 typ host generation 0",
    "a=candidate:2 1 udp 1686052607 203.0.113.7 50000 typ srflx raddr 0.0.0.0 rport 0 generation 0",
    "a=ice-ufrag:Tue9",
    "a=ice-pwd:0123456789abcdefghijkl+/",
    "a=ice-options:trickle",
    f"a=fingerprint:sha-256 {DIGEST}",
    "a=setup:actpass",
    "a=mid:0",
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "a=sendrecv",
    "a=msid:stream track",
    "a=rtcp-mux",
    "a=rtcp-rsize",
    "a=rtpmap:111 opus/48000/2",
    "a=rtcp-fb:111 transport-cc",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=rtpmap:63 red/48000/2",
    "a=rtpmap:110 telephone-event/48000",
    "a=rtpmap:126 telephone-event/8000",
    "a=ssrc:1 cname:x",
)
VIDEO = ("m=video 9 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=mid:1", "a=rtcp-mux", "a=rtpmap:96 VP8/90000")


def browser(*media: str, session: tuple[str, ...] = SESSION) -> bytes:
    lines = ["v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0", *session, *media]
    return "".join(f"{line}\r\n" for line in lines).encode()


def said(media: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(line.replace(old, new) for line in media)


def agreed(*media: str, local: LocalMedia = LOCAL) -> Agreed:
    return make_answer(browser(*media), local).agreed


def test_a_browsers_offer_is_answered_with_a_bundle_of_one() -> None:
    answer = make_answer(browser(*MEDIA, *VIDEO), LOCAL)
    lines = bytes(answer.description).decode().split("\r\n")
    assert "a=group:BUNDLE 0" in lines
    assert "a=ice-lite" in lines
    assert lines.index("a=ice-lite") < lines.index("m=audio 20000 UDP/TLS/RTP/SAVPF 111 110")
    for line in (
        "a=mid:0",
        "a=rtcp-mux",
        "a=setup:passive",
        f"a=fingerprint:{PRINT.text}",
        "a=ice-ufrag:ours",
        "a=candidate:1 1 udp 2130706431 192.0.2.1 20000 typ host",
    ):
        assert line in lines
    assert lines[lines.index("m=video 0 UDP/TLS/RTP/SAVPF 96") + 1] == "a=mid:1"
    assert not [line for line in lines if line.startswith(("a=extmap", "a=ssrc", "a=msid", "a=rtcp-fb"))]


def test_what_a_browser_says_of_itself() -> None:
    result = agreed(*MEDIA)
    assert result.ice is not None
    assert result.dtls is not None
    assert (result.ice.ours, result.ice.theirs.fragment) == (ICE, "Tue9")
    assert result.ice.theirs.candidates == (
        Candidate("2", 1, 1686052607, "203.0.113.7", 50000, "srflx", related=("0.0.0.0", 0)),
    )
    assert (result.dtls.is_client, result.dtls.fingerprint.digest) == (False, bytes(range(100, 132)))
    assert result.keys is None
    assert result.is_secure


def test_rfc8840_no_address_is_no_hold_where_checks_find_it() -> None:
    assert not agreed(*MEDIA).on_hold
    assert agreed(*MEDIA, local=replace(LOCAL, ice=None)).on_hold


@pytest.mark.parametrize(
    ("theirs", "ours", "result"),
    [
        ("actpass", Setup.ACTPASS, Setup.PASSIVE),
        ("active", Setup.ACTPASS, Setup.PASSIVE),
        ("passive", Setup.ACTPASS, Setup.ACTIVE),
        ("actpass", Setup.ACTIVE, Setup.ACTIVE),
        ("actpass", Setup.PASSIVE, Setup.PASSIVE),
        ("passive", Setup.PASSIVE, Setup.ACTIVE),
    ],
)
def test_rfc5763_5_who_begins(theirs: str, ours: Setup, result: Setup) -> None:
    local = replace(LOCAL, dtls=DtlsEnd(PRINT, ours))
    answer = make_answer(browser(*said(MEDIA, "actpass", theirs)), local)
    assert answer.agreed.dtls is not None
    assert answer.agreed.dtls.setup is result
    assert f"a=setup:{result}\r\n" in bytes(answer.description).decode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a=setup:actpass", "a=setup:holdconn"),
        ("sha-256", "md5"),
        (DIGEST, DIGEST[:-3]),
        (DIGEST, "junk"),
        ("a=fingerprint", "a=x-fingerprint"),
    ],
)
def test_without_a_certificate_to_check_a_secured_profile_is_refused(old: str, new: str) -> None:
    with pytest.raises(NoCommonCodec):
        agreed(*said(MEDIA, old, new))


def test_who_never_secures_refuses_browsers() -> None:
    with pytest.raises(NoCommonCodec):
        agreed(*MEDIA, local=replace(LOCAL, srtp=Srtp.NEVER))
    with pytest.raises(NoCommonCodec):
        agreed(*MEDIA, local=replace(LOCAL, dtls=None))


def test_rfc8122_5_the_strongest_fingerprint_counts() -> None:
    more = f"a=fingerprint:sha-1 {':'.join(['00'] * 20)}", f"a=fingerprint:SHA-512 {':'.join(['0f'] * 64)}"
    result = agreed(*MEDIA, *more)
    assert result.dtls is not None
    assert result.dtls.fingerprint == Fingerprint("sha-512", b"\x0f" * 64)


def test_rfc8839_5_4_the_session_may_say_it_for_all() -> None:
    names = ("a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup")
    own = tuple(line for line in MEDIA if not line.startswith(names))
    session = (*SESSION, *(line for line in MEDIA if line.startswith(names)))
    result = make_answer(browser(*own, session=session), LOCAL).agreed
    assert result.ice is not None
    assert result.ice.theirs.fragment == "Tue9"
    assert result.dtls is not None


@pytest.mark.parametrize(
    ("old", "new"), [("Tue9", "Tu9"), ("Tue9", "T u9"), ("0123456789abcdefghijkl+/", "short"), ("a=ice-pwd", "a=x")]
)
def test_credentials_that_nobody_may_have_are_none(old: str, new: str) -> None:
    assert agreed(*said(said(MEDIA, old, new), "0.0.0.0", "203.0.113.7")).ice is None


def test_rfc8445_6_1_1_two_lite_sides_make_no_checks() -> None:
    lite = browser(*said(MEDIA, "0.0.0.0", "203.0.113.7"), session=(*SESSION, "a=ice-lite"))
    answer = make_answer(lite, LOCAL)
    assert answer.agreed.ice is None
    assert "ice-" not in bytes(answer.description).decode()


def test_an_offer_of_ours_to_a_browser_and_its_answer() -> None:
    far = replace(LOCAL, host="192.0.2.2", ice=replace(ICE, fragment="theirs", is_lite=False))
    answer = make_answer(bytes(make_offer(LOCAL)), far)
    text = bytes(answer.description).decode()
    assert "a=group:BUNDLE 0\r\n" in text
    assert "a=setup:passive\r\n" in text
    result = read_answer(bytes(answer.description), LOCAL)
    assert result.dtls is not None
    assert result.ice is not None
    assert (result.dtls.is_client, result.ice.theirs.fragment) == (True, "theirs")


def test_rfc9143_an_audio_stream_may_travel_in_the_videos_transport() -> None:
    video = ("m=video 4000 UDP/TLS/RTP/SAVPF 96", "a=mid:v", *(line for line in MEDIA if "ice-" in line))
    video = (*video, "c=IN IP4 203.0.113.9", "a=rtcp-mux", f"a=fingerprint:sha-256 {DIGEST}", "a=setup:active")
    audio = ("m=audio 0 UDP/TLS/RTP/SAVPF 0", "a=mid:a", "a=bundle-only")
    answer = make_answer(browser(*video, *audio, session=("a=group:BUNDLE v a",)), LOCAL)
    result = answer.agreed
    assert (result.remote_host, result.remote_port, result.rtcp_mux) == ("203.0.113.9", 4000, True)
    assert result.dtls is not None
    lines = bytes(answer.description).decode().split("\r\n")
    assert "a=group:BUNDLE a" in lines
    assert "m=video 0 UDP/TLS/RTP/SAVPF 96" in lines


def test_a_stream_outside_of_the_group_stays_outside() -> None:
    answer = make_answer(browser(*MEDIA, *VIDEO, session=("a=group:BUNDLE 1", "a=group:LS 0 1")), LOCAL)
    assert "group" not in bytes(answer.description).decode()


def test_a_bundle_only_stream_of_no_group_is_refused() -> None:
    streams = unbundled(parse(browser("m=audio 0 RTP/AVP 0", "a=bundle-only", "a=mid:x")))
    assert streams[0].port == 0
    assert group_of(Description("", None, (), (("group", "BUNDLE"), ("group", "BUNDLE x"))), "x") == ("x",)


def test_rfc8839_4_4_1_1_a_restart_gets_new_credentials_of_ours() -> None:
    negotiation = Negotiation(LOCAL, new_ice=lambda: replace(ICE, fragment="new1"))
    assert b"a=ice-ufrag:ours" in negotiation.answer(browser(*MEDIA))
    assert b"a=ice-ufrag:ours" in negotiation.answer(browser(*MEDIA))
    assert b"a=ice-ufrag:new1" in negotiation.answer(browser(*said(MEDIA, "Tue9", "Wed9")))
    assert b"a=ice-ufrag:new1" in negotiation.offer()


def test_rfc8842_5_3_who_began_once_begins_again() -> None:
    negotiation = Negotiation(LOCAL)
    assert b"a=setup:active" in negotiation.answer(browser(*said(MEDIA, "actpass", "passive")))
    assert b"a=setup:active" in negotiation.answer(browser(*MEDIA))
    assert b"a=setup:actpass" in negotiation.offer()


@pytest.mark.parametrize(
    "value",
    [
        "1 1 UDP 2130706431 192.0.2.1 5000 typ host",
        "a+/9 2 tcp 1 2001:db8::1 9 typ relay raddr 192.0.2.9 rport 1 tcptype active generation 0",
    ],
)
def test_a_candidate_reads_back_as_it_was_written(value: str) -> None:
    candidate = parse_candidate(value)
    assert candidate is not None
    assert parse_candidate(candidate.text) == candidate


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1 1 udp 1 name.local 5000 typ host",
        "1 0 udp 1 192.0.2.1 5000 typ host",
        "1 1 udp 0 192.0.2.1 5000 typ host",
        "1 1 udp 9999999999 192.0.2.1 5000 typ host",
        "1 1 udp 1 192.0.2.1 70000 typ host",
        "1 1 udp 1 192.0.2.1 5000 host",
    ],
)
def test_what_is_no_candidate_is_left_out(value: str) -> None:
    assert parse_candidate(value) is None


def test_a_thousand_candidates_are_not_read() -> None:
    many = tuple(("candidate", f"{n} 1 udp 1 192.0.2.1 5000 typ host") for n in range(1000))
    assert len(candidates_of(Stream("audio", 9, "RTP/AVP", ("0",), None, many))) == 100


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="\r\n"), max_size=80))
def test_hostile_attributes_do_no_harm(junk: str) -> None:
    names = ("candidate", "ice-ufrag", "ice-pwd", "mid", "group", "setup", "fingerprint", "rtcp")
    session = tuple(f"a={name}:{junk}" for name in names)
    result = make_answer(browser("m=audio 4000 RTP/AVP 0", "c=IN IP4 192.0.2.9", *session, session=session), LOCAL)
    assert result.agreed.codec == "PCMU"
