"""Offer and answer, row by row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.sdp.description import SdpError, parse
from mixminus.sdp.media import Agreed, Direction, LocalMedia, NoCommonCodec
from mixminus.sdp.offer_answer import make_answer, make_offer, read_answer

LOCAL = LocalMedia("192.0.2.1", 20_000, session_id=7)


def offer(*media: str, session: str = "c=IN IP4 198.51.100.9") -> bytes:
    lines = ["v=0", "o=phone 1 1 IN IP4 198.51.100.9", "s=call", *session.split("\n"), "t=0 0", *media]
    return "".join(f"{line}\r\n" for line in lines if line).encode()


def agreed(*media: str, session: str = "c=IN IP4 198.51.100.9") -> Agreed:
    return make_answer(offer(*media, session=session), LOCAL).agreed


def answer_lines(*media: str) -> list[str]:
    return bytes(make_answer(offer(*media), LOCAL).description).decode().split("\r\n")


def test_a_static_payload_type_needs_no_rtpmap() -> None:
    result = agreed("m=audio 4000 RTP/AVP 0")
    assert result == Agreed("198.51.100.9", 4000, "PCMU", 0, None, Direction.SENDRECV, on_hold=False)


def test_the_answer_follows_the_order_of_the_offer() -> None:
    assert agreed("m=audio 4000 RTP/AVP 9 8 0").codec == "G722"
    assert agreed("m=audio 4000 RTP/AVP 4 8 0").codec == "PCMA"
    assert agreed("m=audio 4000 RTP/AVP 18 0 8").codec == "PCMU"


def test_the_payload_type_of_telephone_events_is_the_one_they_offered() -> None:
    media = ("m=audio 4000 RTP/AVP 0 97", "a=rtpmap:97 telephone-event/8000")
    assert agreed(*media).telephone_event_payload_type == 97
    assert "m=audio 20000 RTP/AVP 0 97" in answer_lines(*media)
    assert "a=fmtp:97 0-16" in answer_lines(*media)


def test_telephone_events_at_another_rate_are_not_ours() -> None:
    media = ("m=audio 4000 RTP/AVP 0 96 97", "a=rtpmap:96 telephone-event/48000", "a=rtpmap:97 Telephone-Event/8000")
    assert agreed(*media).telephone_event_payload_type == 97


def test_nobody_is_offered_telephone_events_in_an_answer_who_did_not_offer_them() -> None:
    assert "telephone-event" not in "\n".join(answer_lines("m=audio 4000 RTP/AVP 0"))


@pytest.mark.parametrize(
    ("theirs", "ours", "on_hold"),
    [
        ("sendrecv", "sendrecv", False),
        ("sendonly", "recvonly", True),
        ("recvonly", "sendonly", False),
        ("inactive", "inactive", True),
    ],
)
def test_rfc3264_6_1_directions_are_mirrored(theirs: str, ours: str, on_hold: bool) -> None:
    media = ("m=audio 4000 RTP/AVP 0", f"a={theirs}")
    result = agreed(*media)
    assert (result.direction, result.on_hold) == (ours, on_hold)
    assert f"a={ours}" in answer_lines(*media)


def test_a_direction_at_session_level_holds_for_a_stream_that_says_nothing() -> None:
    session = "c=IN IP4 198.51.100.9\na=inactive"
    assert agreed("m=audio 4000 RTP/AVP 0", session=session).direction == "inactive"
    assert agreed("m=audio 4000 RTP/AVP 0", "a=sendrecv", session=session).direction == "sendrecv"


def test_rfc3264_8_4_the_address_of_zeros_is_a_hold() -> None:
    result = agreed("m=audio 4000 RTP/AVP 0", session="c=IN IP4 0.0.0.0")
    assert (result.direction, result.on_hold) == ("recvonly", True)


def test_the_address_of_the_stream_goes_before_that_of_the_session() -> None:
    assert agreed("m=audio 4000 RTP/AVP 0", "c=IN IP4 203.0.113.5").remote_host == "203.0.113.5"
    assert agreed("m=audio 4000 RTP/AVP 0", "c=IN IP4 203.0.113.5", session="").remote_host == "203.0.113.5"


def test_other_streams_are_refused_in_their_places() -> None:
    lines = answer_lines(
        "m=video 5000 RTP/AVP 31 32", "m=audio 4000 RTP/AVP 0", "m=audio 4002 RTP/AVP 0", "m=image 6000 udptl t38"
    )
    assert [line for line in lines if line.startswith("m=")] == [
        "m=video 0 RTP/AVP 31",
        "m=audio 20000 RTP/AVP 0",
        "m=audio 0 RTP/AVP 0",
        "m=image 0 udptl t38",
    ]


@pytest.mark.parametrize(
    "media",
    [
        ["m=audio 4000 RTP/AVP 4 18"],
        ["m=audio 0 RTP/AVP 0"],
        ["m=audio 4000 RTP/SAVP 0"],
        ["m=video 4000 RTP/AVP 0"],
        ["m=audio 4000 RTP/AVP 0", "a=rtpmap:0 L16/8000"],
        [],
    ],
)
def test_nothing_in_common_is_refused(media: list[str]) -> None:
    with pytest.raises(NoCommonCodec):
        make_answer(offer(*media), LOCAL)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        offer("m=audio 4000 RTP/AVP 0", session=""),
        offer("m=audio 70000 RTP/AVP 0"),
        offer("m=audio x RTP/AVP 0"),
        offer("m=audio 4000 RTP/AVP"),
        offer("m=audio 4000 RTP/AVP 0", session="c=IN IP4 999.1.1.1"),
        offer("m=audio 4000 RTP/AVP 0", *["a=x"] * 2000),
        offer("m=audio 4000 RTP/AVP 0") + b"a=" + b"x" * 40_000,
    ],
)
def test_a_description_that_cannot_be_used_is_an_sdp_error(data: bytes) -> None:
    with pytest.raises(SdpError):
        make_answer(data, LOCAL)


def test_an_answer_without_audio_means_our_stream_was_refused() -> None:
    with pytest.raises(NoCommonCodec):
        read_answer(offer("m=audio 0 RTP/AVP 0"), LOCAL)


def test_what_we_offer_can_be_answered_and_the_answer_read() -> None:
    far = LocalMedia("192.0.2.2", 30_000, session_id=9, codecs=("PCMA",))
    answer = make_answer(bytes(make_offer(LOCAL, Direction.SENDONLY)), far)
    seen_by_us, seen_by_far = read_answer(bytes(answer.description), LOCAL), answer.agreed
    assert (seen_by_far.remote_port, seen_by_us.remote_port) == (20_000, 30_000)
    assert seen_by_far.codec == seen_by_us.codec == "PCMA"
    assert seen_by_far.telephone_event_payload_type == seen_by_us.telephone_event_payload_type == 101
    assert (seen_by_far.direction, seen_by_us.direction) == ("recvonly", "sendonly")


def test_rfc3264_8_a_new_offer_has_the_next_version_and_the_same_session() -> None:
    first, second = make_offer(LOCAL).origin.split(), make_offer(LOCAL.bumped()).origin.split()
    assert first[1] == second[1]
    assert int(second[2]) == int(first[2]) + 1


def test_unknown_lines_and_bare_line_feeds_do_no_harm() -> None:
    data = offer("i=hello", "b=AS:64", "m=audio 4000 RTP/AVP 0", "k=clear:x", "zz", "a=candidate:1 1 UDP 1 ::1 9 typ")
    assert make_answer(data.replace(b"\r\n", b"\n"), LOCAL).agreed.codec == "PCMU"


def test_a_description_reads_back_as_it_was_written() -> None:
    description = make_offer(LOCAL)
    assert parse(bytes(description)) == description


@given(st.binary(max_size=400), st.integers(0, 200))
def test_any_bytes_give_an_answer_or_the_declared_error(junk: bytes, at: int) -> None:
    good = offer("m=audio 4000 RTP/AVP 0 97", "a=rtpmap:97 telephone-event/8000")
    for data in (junk, good[:at] + junk + good[at:], good[:at] + junk):
        try:
            make_answer(data, LOCAL)
        except SdpError:
            pass


def test_rfc5761_an_offer_shares_the_port_with_rtcp_and_an_answer_takes_that_up() -> None:
    assert "a=rtcp-mux" in bytes(make_offer(LOCAL)).decode().split("\r\n")
    shared = ("m=audio 4000 RTP/AVP 0", "a=rtcp-mux")
    assert agreed(*shared).rtcp_mux
    assert "a=rtcp-mux" in answer_lines(*shared)
    assert read_answer(offer(*shared), LOCAL).rtcp_mux


def test_rfc5761_nobody_is_answered_rtcp_mux_who_did_not_offer_it() -> None:
    assert not agreed("m=audio 4000 RTP/AVP 0").rtcp_mux
    assert "a=rtcp-mux" not in answer_lines("m=audio 4000 RTP/AVP 0")


@pytest.mark.parametrize(
    ("value", "port"),
    [("4711", 4711), ("4711 IN IP4 192.0.2.7", 4711), ("0", None), ("", None), ("x", None), ("99999", None)],
)
def test_rfc3605_the_port_of_rtcp_may_be_named(value: str, port: int | None) -> None:
    assert agreed("m=audio 4000 RTP/AVP 0", f"a=rtcp:{value}").rtcp_port == port
