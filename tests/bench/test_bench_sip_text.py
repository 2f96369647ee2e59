"""What the phones write and read."""

import pytest
from bench.load import sip_text
from bench.load.scenario import Scenario
from hypothesis import given
from hypothesis import strategies as st

INVITE = sip_text.request("INVITE", "sip:1@h", [("Via", "a"), ("Via", "b"), ("Call-ID", "x")], "v=0\r\n")


def test_a_request_is_read_as_it_was_written() -> None:
    message = sip_text.parse(INVITE)
    assert (message.method, message.all("via"), message.first("call-id"), message.body) == (
        "INVITE",
        ["a", "b"],
        "x",
        "v=0\r\n",
    )


def test_a_response_copies_what_rfc3261_8_2_6_2_names() -> None:
    answer = sip_text.parse(sip_text.response(sip_text.parse(INVITE), "200 OK", [("Contact", "<sip:me@h:5070>")]))
    assert (answer.status, answer.all("via"), answer.first("call-id")) == (200, ["a", "b"], "x")
    assert sip_text.contact_uri(answer) == "sip:me@h:5070"


def test_short_header_names_are_understood() -> None:
    assert sip_text.parse(b"SIP/2.0 200 OK\r\ni: x\r\nm: <sip:a@b>\r\n\r\n").first("call-id") == "x"


@given(st.binary(max_size=300))
def test_hostile_bytes_are_unreadable_at_worst(datagram: bytes) -> None:
    try:
        sip_text.parse(datagram)
    except sip_text.UnreadableSip:
        pass


def test_the_answer_says_where_the_media_goes() -> None:
    assert sip_text.media_address(sip_text.sdp("127.0.0.9", 4000)) == ("127.0.0.9", 4000)


def test_the_address_of_the_media_overrides_that_of_the_session() -> None:
    body = "v=0\r\nc=IN IP4 1.1.1.1\r\nm=audio 5 RTP/AVP 8 0\r\nc=IN IP4 2.2.2.2\r\n"
    assert sip_text.media_address(body) == ("2.2.2.2", 5)


@pytest.mark.parametrize("media", ["m=audio 0 RTP/AVP 0", "m=audio 4000 RTP/AVP 8 101", "m=video 4000 RTP/AVP 0", ""])
def test_an_answer_without_pcmu_is_unusable(media: str) -> None:
    with pytest.raises(sip_text.UnusableAnswer):
        sip_text.media_address(f"v=0\r\nc=IN IP4 1.1.1.1\r\n{media}\r\n")


def test_rfc2617_3_5_digest_without_qop() -> None:
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    answer = sip_text.authorization(challenge, "GET", "/dir/index.html", "Mufasa", "CircleOfLife")
    assert answer.endswith('response="1949323746fe6a43ef61f9606e7febea"')


def test_a_scenario_survives_its_journey_to_the_generator() -> None:
    scenario = Scenario(("127.0.0.1", 5060), ("+15550000001", "+15550000002"), room_size=4, talkers=1)
    assert Scenario.from_json(scenario.to_json()) == scenario
    assert [scenario.number_of(leg)[-1] for leg in (0, 3, 4)] == ["1", "1", "2"]
