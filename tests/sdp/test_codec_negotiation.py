"""Opus and G.722 beside G.711: preference, payload types, parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixminus.sdp.codecs import ALL
from mixminus.sdp.media import Agreed, LocalMedia, NoCommonCodec
from mixminus.sdp.offer_answer import make_answer, make_offer, read_answer

LOCAL = LocalMedia("192.0.2.1", 20_000, session_id=7)

OPUS = ("m=audio 4000 RTP/AVP 96 0", "a=rtpmap:96 opus/48000/2")


def description(*media: str) -> bytes:
    lines = ["v=0", "o=phone 1 1 IN IP4 198.51.100.9", "s=call", "c=IN IP4 198.51.100.9", "t=0 0", *media]
    return "".join(f"{line}\r\n" for line in lines).encode()


def agreed(*media: str, codecs: tuple[str, ...] = ALL) -> Agreed:
    return make_answer(description(*media), LocalMedia("192.0.2.1", 20_000, 7, codecs)).agreed


def answer_lines(*media: str) -> list[str]:
    return bytes(make_answer(description(*media), LOCAL).description).decode().split("\r\n")


def test_we_offer_our_codecs_in_the_configured_order() -> None:
    lines = bytes(make_offer(LOCAL)).decode().split("\r\n")
    assert "m=audio 20000 RTP/AVP 111 9 0 8 101 110" in lines
    assert "a=rtpmap:111 opus/48000/2" in lines
    assert "a=rtpmap:9 G722/8000" in lines
    few = bytes(make_offer(LocalMedia("192.0.2.1", 20_000, 7, codecs=("PCMA", "PCMU")))).decode()
    assert "m=audio 20000 RTP/AVP 8 0 101\r\n" in few
    assert "opus" not in few


def test_rfc7587_7_we_ask_for_in_band_fec_and_one_channel() -> None:
    (line,) = [line for line in bytes(make_offer(LOCAL)).decode().split("\r\n") if line.startswith("a=fmtp:111 ")]
    assert line == "a=fmtp:111 useinbandfec=1;stereo=0;sprop-stereo=0"


def test_a_dynamic_payload_type_is_the_one_they_offered() -> None:
    result = agreed(*OPUS)
    assert (result.codec, result.payload_type) == ("opus", 96)
    assert "m=audio 20000 RTP/AVP 96" in answer_lines(*OPUS)
    assert "a=rtpmap:96 opus/48000/2" in answer_lines(*OPUS)


def test_without_opus_in_the_configuration_the_next_codec_is_taken() -> None:
    assert agreed(*OPUS, codecs=("G722", "PCMU")).codec == "PCMU"
    with pytest.raises(NoCommonCodec):
        agreed("m=audio 4000 RTP/AVP 96", "a=rtpmap:96 opus/48000/2", codecs=("PCMU",))


@pytest.mark.parametrize("encoding", ["opus/48000", "opus/16000/2", "opus/8000", "speex/16000"])
def test_what_only_looks_like_opus_is_not(encoding: str) -> None:
    assert agreed("m=audio 4000 RTP/AVP 96 0", f"a=rtpmap:96 {encoding}").codec == "PCMU"


def test_rfc4855_3_names_have_no_case() -> None:
    assert agreed("m=audio 4000 RTP/AVP 96 0", "a=rtpmap:96 OPUS/48000/2").codec == "opus"
    assert agreed("m=audio 4000 RTP/AVP 9 0", "a=rtpmap:9 g722/8000/1").codec == "G722"


def test_rfc3551_a_static_type_means_its_codec_and_g722_may_have_another_number() -> None:
    assert agreed("m=audio 4000 RTP/AVP 9 0").payload_type == 9
    assert agreed("m=audio 4000 RTP/AVP 9 0", "a=rtpmap:9 L16/8000").codec == "PCMU"
    assert agreed("m=audio 4000 RTP/AVP 102 0", "a=rtpmap:102 G722/8000").payload_type == 102


@pytest.mark.parametrize("number", ["64", "72", "95", "128", "999", "x", "9999999999"])
def test_rfc5761_4_impossible_payload_types_are_passed_over(number: str) -> None:
    assert agreed(f"m=audio 4000 RTP/AVP {number} 0", f"a=rtpmap:{number} opus/48000/2").codec == "PCMU"


@pytest.mark.parametrize(
    ("said", "rate_hz", "bitrate_bps", "fec"),
    [
        ("useinbandfec=1", 48_000, None, True),
        ("minptime=10; useinbandfec=1; maxplaybackrate=16000", 16_000, None, True),
        ("MaxPlaybackRate=8000;maxaveragebitrate=20000", 8_000, 20_000, False),
        ("maxplaybackrate=12000;useinbandfec=0", 16_000, None, False),
        ("maxplaybackrate=24000", 48_000, None, False),
        ("maxplaybackrate=96000", 48_000, None, False),
        ("maxplaybackrate=;useinbandfec;maxaveragebitrate=many", 48_000, None, False),
    ],
)
def test_rfc7587_6_1_the_far_ends_wishes(said: str, rate_hz: int, bitrate_bps: int | None, fec: bool) -> None:
    wishes = agreed(*OPUS, f"a=fmtp:96 {said}").opus
    assert (wishes.rate_hz, wishes.max_average_bitrate_bps, wishes.wants_fec) == (rate_hz, bitrate_bps, fec)


def test_rfc4733_2_1_telephone_events_have_the_codecs_clock() -> None:
    media = (
        "m=audio 4000 RTP/AVP 96 0 101 110",
        "a=rtpmap:96 opus/48000/2",
        "a=rtpmap:101 telephone-event/8000",
        "a=rtpmap:110 telephone-event/48000",
    )
    result = agreed(*media)
    assert (result.telephone_event_payload_type, result.telephone_event_clock_hz) == (110, 48_000)
    assert "a=rtpmap:110 telephone-event/48000" in answer_lines(*media)
    result = agreed(*media, codecs=("PCMU",))
    assert (result.telephone_event_payload_type, result.telephone_event_clock_hz) == (101, 8000)


def test_telephone_events_of_8000_beside_opus_are_better_than_none() -> None:
    result = agreed("m=audio 4000 RTP/AVP 96 97", "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 telephone-event/8000")
    assert (result.telephone_event_payload_type, result.telephone_event_clock_hz) == (97, 8000)


def test_all_codecs_of_an_answer_may_arrive() -> None:
    answer = description("m=audio 4000 RTP/AVP 9 111 0", "a=rtpmap:111 opus/48000/2")
    result = read_answer(answer, LOCAL)
    assert (result.codec, result.understood) == ("G722", ((111, "opus"), (0, "PCMU")))


@given(st.permutations(ALL), st.permutations(ALL), st.integers(1, 4), st.integers(1, 4))
def test_both_sides_agree_whatever_they_prefer(
    ours: list[str], theirs: list[str], many_of_ours: int, many_of_theirs: int
) -> None:
    near = LocalMedia("192.0.2.1", 20_000, 7, tuple(ours[:many_of_ours]))
    far = LocalMedia("192.0.2.2", 30_000, 9, tuple(theirs[:many_of_theirs]))
    common = [codec for codec in near.codecs if codec in far.codecs]
    try:
        answer = make_answer(bytes(make_offer(near)), far)
    except NoCommonCodec:
        assert not common
        return
    seen_by_near, seen_by_far = read_answer(bytes(answer.description), near), answer.agreed
    assert seen_by_near.codec == seen_by_far.codec == common[0]
    assert seen_by_near.payload_type == seen_by_far.payload_type
    assert seen_by_near.telephone_event_clock_hz == (48_000 if common[0] == "opus" else 8000)


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="\r\n"), max_size=60))
def test_hostile_parameters_do_no_harm(said: str) -> None:
    assert agreed(*OPUS, f"a=fmtp:96 {said}").codec == "opus"
